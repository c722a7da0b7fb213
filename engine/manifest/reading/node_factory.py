"""Drafts into nodes: configuration resolved, names generated, dependencies read."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from ...core.errors import Location, ParseError
from ...project.config_tree import ConfigTree, finish_config, merge_config, tree_config
from ...project.project import Project
from ..jinja.macro_file import BUILTIN_PACKAGE
from ..jinja.macro_index import MacroIndex
from ..nodes.declared_nodes import Declared
from ..nodes.node import Node
from ..nodes.resource_type import ResourceType
from ..nodes.source_node import Source
from ..nodes.stored_failures import settled
from .draft import Draft
from .parse_renderer import ParseRenderer
from .typed_config import typed_config

NodeT = TypeVar("NodeT", bound=Node)

_DEFAULTS: dict[ResourceType, dict[str, Any]] = {
    ResourceType.MODEL: {"materialized": "view"},
    ResourceType.SEED: {"materialized": "seed"},
    ResourceType.TEST: {"materialized": "test", "schema": "dbt_test__audit"},
    ResourceType.UNIT_TEST: {"materialized": "unit"},
    ResourceType.SOURCE: {"materialized": "source"},
    ResourceType.SNAPSHOT: {"materialized": "snapshot"},
    ResourceType.ANALYSIS: {"materialized": "view"},
    ResourceType.OPERATION: {"materialized": "view"},
    ResourceType.SQL_OPERATION: {"materialized": "view"},
}

_RESET = frozenset(
    "enabled materialized tags meta pre_hook post_hook quoting column_types persist_docs grants "
    "packages docs contract on_schema_change on_configuration_change access lookback delimiter "
    "schema alias database".split()
)
"""What of a package's configuration of a node doesn't stay where another project describes it."""

_NO_WRITTEN_TREES = (ResourceType.SEMANTIC_MODEL, ResourceType.SAVED_QUERY)
"""Of these dbt's `unrendered_config` has nothing of dbt_project.yml: it looks under other keys."""


class NodeFactory:
    """Resolves configuration and names for one target."""

    def __init__(
        self,
        root: Project,
        macros: MacroIndex,
        renderer: ParseRenderer,
        *,
        schema: str,
        database: str | None,
    ) -> None:
        self._root = root
        self._macros = macros
        self._renderer = renderer
        self._schema = schema
        self._database = database
        self._created_at = time.time()
        self._dispatches = any(
            entry["macro_namespace"] == BUILTIN_PACKAGE for entry in root.dispatch
        )
        self._trees: dict[tuple[str, ResourceType], ConfigTree] = {}
        self._named_by_macros: dict[str, tuple[str, ...]] = {}

    def make(self, kind: type[NodeT], draft: Draft, **more: Any) -> NodeT:
        """A node out of a draft. `more` are the fields that only its kind has.

        Raises:
            ParseError: a value of its configuration has the wrong type.
        """
        values = self._resolve(draft, draft.patch_config)
        bare = self._without_properties(draft)
        if draft.described_by is not None:
            values = {**{key: bare[key] for key in bare.keys() - _RESET}, **values}
        if draft.resource_type is ResourceType.TEST:
            values = settled(values)
        config = typed_config(values, draft)
        node = kind(
            unique_id=draft.unique_id,
            name=draft.name,
            package_name=draft.project.name,
            resource_type=draft.resource_type,
            path=draft.path,
            original_file_path=draft.original_file_path,
            fqn=draft.fqn,
            config=config,
            unrendered_config=self._unrendered(draft),
            description=draft.description,
            doc_blocks=draft.doc_blocks,
            columns=draft.columns,
            schema=self._default_schema(config.schema),
            database=config.database or self._database,
            alias=config.alias or draft.default_alias or draft.name,
            raw_code=draft.raw_code,
            checksum=draft.checksum,
            patch_path=draft.patch_path,
            first_tags=bare.get("tags", ()),
            created_at=self._created_at,
            **{**draft.fields, **more},
        )
        return self._with_generated_names(node)

    def _without_properties(self, draft: Draft) -> dict[str, Any]:
        """What configured a node before its properties were read, where that still shows.

        dbt reads it twice: tags of the first time stay in front, and, where the properties are
        another project's, so does what they leave open.
        """
        if draft.described_by is None and not draft.patch_config.get("tags"):
            return {}
        values = self._resolve(msgspec.structs.replace(draft, described_by=None), {})
        return {**values, "tags": typed_config(values, draft).tags}

    def _resolve(self, draft: Draft, said: Mapping[str, Any]) -> dict[str, Any]:
        """A node's configuration, by dbt's precedence, with what properties have `said`.

        Low to high: the entries of its own package's project file from general to specific, its
        properties, its own `config()`, and, for a package's node, the root project's entries
        (https://docs.getdbt.com/reference/configs-and-properties). Where another project's
        properties configure it, dbt takes that project's entries in the place of its package's.
        """
        project = draft.described_by or draft.project
        if draft.resource_type is ResourceType.EXPOSURE:
            return self._most_particular(draft, said)
        levels = [
            _DEFAULTS.get(draft.resource_type, {}),
            self._tree(project, draft.resource_type).merged(draft.fqn),
            said,
            draft.in_file_config,
        ]
        if project is not self._root:
            levels.append(self._tree(self._root, draft.resource_type).merged(draft.fqn))
        merged: dict[str, Any] = {}
        try:
            for level in levels:
                if level:
                    merged = merge_config(merged, level)
            return finish_config(merged)
        except ParseError as error:
            raise _with_place(error, draft, level) from error

    def _most_particular(self, draft: Draft, said: Mapping[str, Any]) -> dict[str, Any]:
        """An exposure's configuration: as in dbt nothing of it is merged, not even `meta`."""
        tree = draft.resource_type.config_tree
        levels = [*tree_config(draft.project.config_trees.get(tree, {}), draft.fqn), said]
        if draft.project is not self._root:
            levels += tree_config(self._root.config_trees.get(tree, {}), draft.fqn)
        values: dict[str, Any] = {}
        for level in levels:
            try:
                values |= finish_config(level)
            except ParseError as error:
                raise _with_place(error, draft, level) from error
        return values

    def _unrendered(self, draft: Draft) -> dict[str, Any]:
        """The configuration that somebody has written down: no defaults, no Jinja done.

        It says the same in every environment, so that a comparison with an earlier state sees
        what somebody has changed. As in dbt the most particular value stands alone, where the
        configuration itself would be merged.
        """
        if draft.resource_type in _NO_WRITTEN_TREES:
            return dict(draft.written_patch_config or {})
        tree = draft.resource_type.config_tree
        project = draft.described_by or draft.project
        levels = [
            *tree_config(project.raw_trees.get(tree, {}), draft.fqn),
            draft.patch_config
            if draft.written_patch_config is None
            else draft.written_patch_config,
            draft.in_file_config,
        ]
        if project is not self._root:
            levels += tree_config(self._root.raw_trees.get(tree, {}), draft.fqn)
        return {key: value for level in levels for key, value in level.items()}

    def _tree(self, project: Project, kind: ResourceType) -> ConfigTree:
        key = (project.name, kind)
        tree = self._trees.get(key)
        if tree is None:
            configured = project.config_trees.get(kind.config_tree, {})
            try:
                tree = self._trees[key] = ConfigTree(configured)
            except ParseError as error:
                location = Location(project.document.display)
                raise ParseError(error.problem, location=location) from error
        return tree

    def _default_schema(self, custom: str | None) -> str:
        return f"{self._schema}_{custom.strip()}" if custom else self._schema

    def _with_generated_names(self, node: NodeT) -> NodeT:
        """The node under the names that the project's own `generate_…_name` macros give it."""
        # A source is called as its properties say, and of what is declared nothing is built.
        if isinstance(node, (Source, Declared)):
            return node
        changes: dict[str, str] = {}
        for part in self._parts_named_by_macros(node.package_name):
            custom = getattr(node.config, part)
            changes[part] = self._renderer.call_macro(f"generate_{part}_name", custom, node).strip()
        return msgspec.structs.replace(node, **changes) if changes else node

    def _parts_named_by_macros(self, package: str) -> tuple[str, ...]:
        """What the project itself names of a package's nodes, among database, schema and alias."""
        if package not in self._named_by_macros:
            self._named_by_macros[package] = tuple(
                part
                for part in ("database", "schema", "alias")
                if self._dispatches or self._macros.overrides(f"generate_{part}_name", package)
            )
        return self._named_by_macros[package]


def _with_place(error: ParseError, draft: Draft, level: Mapping[str, Any]) -> ParseError:
    """An error about a level of a node's configuration, which says where that comes from."""
    return ParseError(error.problem, location=error.location or draft.origin_of(level))
