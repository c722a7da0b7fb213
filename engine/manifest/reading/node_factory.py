"""Drafts into nodes: configuration resolved, names generated, dependencies read."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

import msgspec
from msgspec import Struct, field

from ...core.errors import (
    Location,
    ParseError,
    did_you_mean,
)
from ...project.config_tree import (
    ConfigTree,
    finish_config,
    merge_config,
    tree_config,
)
from ...project.project import Project
from ...project.project_keys import locate_configuration
from ...project.type_problems import read_type_problem
from ..jinja.macro_index import BUILTIN_PACKAGE, MacroIndex
from ..nodes.calls import Call, RefCall, SourceCall
from ..nodes.declared_nodes import Declared
from ..nodes.node import Checksum, Column, Hook, Node, NodeConfig
from ..nodes.resource_type import ResourceType
from ..nodes.source_node import Source
from ..nodes.test_nodes import GenericTest
from .stored_failures import settled

NodeT = TypeVar("NodeT", bound=Node)

_TREES = {
    ResourceType.MODEL: "models",
    ResourceType.SEED: "seeds",
    ResourceType.TEST: "tests",
    ResourceType.UNIT_TEST: "unit_tests",
    ResourceType.SOURCE: "sources",
    ResourceType.SNAPSHOT: "snapshots",
    ResourceType.ANALYSIS: "analyses",
    ResourceType.SQL_OPERATION: "analyses",
    ResourceType.EXPOSURE: "exposures",
    ResourceType.METRIC: "metrics",
    ResourceType.SEMANTIC_MODEL: "semantic_models",
    ResourceType.SAVED_QUERY: "saved_queries",
}
_DEFAULTS: dict[ResourceType, dict[str, Any]] = {
    ResourceType.MODEL: {"materialized": "view"},
    ResourceType.SEED: {"materialized": "seed"},
    ResourceType.TEST: {"materialized": "test", "schema": "dbt_test__audit"},
    ResourceType.UNIT_TEST: {"materialized": "unit"},
    ResourceType.SOURCE: {"materialized": "source"},
    ResourceType.SNAPSHOT: {"materialized": "snapshot"},
    ResourceType.ANALYSIS: {"materialized": "view"},
    ResourceType.SQL_OPERATION: {"materialized": "view"},
}
_TYPED = frozenset(NodeConfig.__struct_fields__) - {"values", "pre_hook", "post_hook"}
_SEVERITIES = ("WARN", "ERROR")


class Captured(Struct, frozen=True):
    """What rendering a template while parsing found out."""

    refs: tuple[RefCall, ...] = ()
    sources: tuple[SourceCall, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)


class ParseRenderer(Protocol):
    """The template engine, as far as parsing needs it. Synchronous: nothing here does I/O."""

    def render(self, node: Node, source: str) -> Captured:
        """Render a node's template with nothing to execute, and say what it called."""

    def render_test(self, node: GenericTest, *, is_inert: bool) -> Captured:
        """The same for a generic test's arguments, and for its macro where that isn't inert."""

    def call_macro(self, name: str, custom: str | None, node: Node) -> str:
        """Call a project's own `generate_…_name` macro."""


class Draft(Struct):
    """A node in the making: what its file and its properties say."""

    resource_type: ResourceType
    name: str
    unique_id: str
    project: Project
    path: str
    original_file_path: str
    fqn: tuple[str, ...]
    raw_code: str
    checksum: Checksum
    patch_config: Mapping[str, Any] = field(default_factory=dict)
    in_file_config: Mapping[str, Any] = field(default_factory=dict)
    written_patch_config: Mapping[str, Any] | None = None
    """What its properties configure, as its author wrote it: with its Jinja."""
    description: str = ""
    doc_blocks: tuple[str, ...] = ()
    columns: Mapping[str, Column] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    """What only its kind has, by the names of the node's fields."""
    referred: tuple[Call, ...] = ()
    """What its properties refer to, beside what its template does."""
    patch_path: str | None = None
    locate_in_patch: Callable[[str], Location] | None = None
    """Where its properties configure a key. For messages: finding the place takes its time."""
    default_alias: str | None = None

    @property
    def location(self) -> Location:
        return Location(self.original_file_path)

    def configured_at(self, key: str) -> Location:
        """Where the value of a configuration comes from."""
        if key in self.in_file_config:
            named = re.compile(rf"\b{re.escape(key)}\s*=|['\"]{re.escape(key)}['\"]\s*:")
            lines = enumerate(self.raw_code.splitlines(), 1)
            line = next((number for number, text in lines if named.search(text)), None)
            return Location(self.original_file_path, line)
        if key in self.patch_config:
            return self.locate_in_patch(key) if self.locate_in_patch else self.location
        document = self.project.document
        return locate_configuration(document, key) or Location(document.display)

    def origin_of(self, level: Mapping[str, Any]) -> Location:
        """Where a whole level of its configuration comes from."""
        if level is self.in_file_config:
            return self.location
        if level is self.patch_config and self.locate_in_patch:
            return self.locate_in_patch("config")
        return Location(self.project.document.display)


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
        values = self._resolve(draft)
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
            created_at=self._created_at,
            **{**draft.fields, **more},
        )
        return self._with_generated_names(node)

    def _resolve(self, draft: Draft) -> dict[str, Any]:
        """A node's configuration, by dbt's precedence.

        Low to high: the entries of its own package's project file from general to specific, its
        properties, its own `config()`, and, for a package's node, the root project's entries
        (https://docs.getdbt.com/reference/configs-and-properties).
        """
        levels = [
            _DEFAULTS.get(draft.resource_type, {}),
            self._tree(draft.project, draft.resource_type).merged(draft.fqn),
            draft.patch_config,
            draft.in_file_config,
        ]
        if draft.project is not self._root:
            levels.append(self._tree(self._root, draft.resource_type).merged(draft.fqn))
        merged: dict[str, Any] = {}
        try:
            for level in levels:
                if level:
                    merged = merge_config(merged, level)
            return finish_config(merged)
        except ParseError as error:
            location = error.location or draft.origin_of(level)
            raise ParseError(error.problem, location=location) from error

    def _unrendered(self, draft: Draft) -> dict[str, Any]:
        """The configuration that somebody has written down: no defaults, no Jinja done.

        It says the same in every environment, so that a comparison with an earlier state sees
        what somebody has changed. As in dbt the most particular value stands alone, where the
        configuration itself would be merged.
        """
        tree = _TREES[draft.resource_type]
        levels = [
            *tree_config(draft.project.raw_trees.get(tree, {}), draft.fqn),
            draft.patch_config
            if draft.written_patch_config is None
            else draft.written_patch_config,
            draft.in_file_config,
        ]
        if draft.project is not self._root:
            levels += tree_config(self._root.raw_trees.get(tree, {}), draft.fqn)
        return {key: value for level in levels for key, value in level.items()}

    def _tree(self, project: Project, kind: ResourceType) -> ConfigTree:
        key = (project.name, kind)
        tree = self._trees.get(key)
        if tree is None:
            configured = project.config_trees.get(_TREES[kind], {})
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


def typed_config(values: dict[str, Any], draft: Draft) -> NodeConfig:
    """The configuration as a type, checked.

    Raises:
        ParseError: a value has the wrong type; names the key and the place.
    """
    known = {key: values[key] for key in _TYPED if values.get(key) is not None}
    try:
        config = msgspec.convert(known, NodeConfig, strict=False)
    except msgspec.ValidationError as error:
        problem = read_type_problem(error)
        key = str(problem.steps[0])
        raise ParseError(
            f"config '{key}' of {draft.resource_type} '{draft.name}' is wrong: {problem.text}.",
            location=draft.configured_at(key),
        ) from error
    if isinstance(values.get("full_refresh"), str):
        # Templates are to see what the engine goes by: 'false' would be true to them.
        values = {**values, "full_refresh": config.full_refresh}
    hooks = {
        key: tuple(_hooks(values[key], key, draft))
        for key in ("pre_hook", "post_hook")
        if values.get(key)
    }
    if not hooks and config.severity in _SEVERITIES:
        return msgspec.structs.replace(config, values=values)
    if config.severity.upper() not in _SEVERITIES:
        raise ParseError(
            f"severity must be either 'warn' or 'error', but that of '{draft.name}' is "
            f"'{config.severity}'.{did_you_mean(config.severity, ('warn', 'error'))}",
            location=draft.configured_at("severity"),
        )
    return msgspec.structs.replace(config, values=values, severity=config.severity.upper(), **hooks)


def _hooks(value: Any, key: str, draft: Draft) -> Iterator[Hook]:
    for item in value if isinstance(value, (list, tuple)) else [value]:
        if isinstance(item, str):
            yield _written_hook(item)
        elif isinstance(item, dict) and isinstance(item.get("sql"), str):
            yield Hook(item["sql"], bool(item.get("transaction", True)))
        else:
            raise ParseError(
                f"a {key.replace('_', '-')} is SQL, or a mapping with 'sql' and 'transaction'.",
                location=draft.configured_at(key),
            )


def _written_hook(text: str) -> Hook:
    """A hook that is SQL, or that one of the macros `before_begin`, `after_commit`… has made."""
    if text.lstrip().startswith("{") and not text.lstrip().startswith(("{{", "{%", "{#")):
        try:
            return msgspec.json.decode(text, type=Hook)
        except (msgspec.DecodeError, RecursionError):
            pass
    return Hook(text)
