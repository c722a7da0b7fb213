"""Sources and generic tests: the nodes that live in properties files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import msgspec

from ...core.errors import (
    CompilationError,
    ParseError,
    did_you_mean,
)
from ...core.events import WarningRaised
from ...project.config_tree import merge_config
from ...project.project import Project
from ...project.render import has_template
from ..jinja.macro_index import MacroIndex
from ..nodes.calls import RefCall, SourceCall
from ..nodes.freshness_rules import AgeEntry, read_age
from ..nodes.macro import Macro
from ..nodes.node import Checksum, Node
from ..nodes.resource_type import ResourceType
from ..nodes.source_node import Source
from ..nodes.test_nodes import GenericTest
from .docs import Docs
from .entries import directories_of
from .generic_tests import (
    TestDefinition,
    define_test,
    is_template_call,
    literal_dependency,
)
from .inputs import ParseInputs
from .node_factory import (
    Captured,
    Draft,
    NodeFactory,
    ParseRenderer,
)
from .node_properties import (
    locate_config,
    patch_config,
    read_columns,
    written_config,
)
from .patches import (
    NodePatch,
    SourcePatch,
    TestEntry,
)

_NO_FILE = Checksum("none", "")
_READ_AT_A_GLANCE = ("macro.dbt.test_not_null", "macro.dbt.test_unique")
"""Tests that dbt doesn't render while parsing: of them it knows the test's own macro alone."""


def read_source(
    patch: SourcePatch, inputs: ParseInputs, project: Project, factory: NodeFactory, docs: Docs
) -> Source:
    """One table of a source."""
    source, table = patch.source, patch.table
    document, source_keys = patch.document, patch.keys[:2]

    def text(values: Mapping[str, Any], keys: tuple[str | int, ...], key: str) -> Any:
        return inputs.yaml.render(patch.document, values.get(key), (*keys, key))

    def name_in(values: Mapping[str, Any], keys: tuple[str | int, ...], key: str) -> str | None:
        found = text(values, keys, key)
        if isinstance(found, dict | list):
            raise ParseError(
                f"the '{key}' of a source must be a name.", location=document.locate(*keys, key)
            )
        return None if found is None else str(found)

    name, source_name = table["name"], source["name"]
    source_config = patch_config(source, patch.document, source_keys, inputs)
    table_config = patch_config(table, patch.document, patch.keys, inputs)
    config = merge_config(source_config, table_config)

    def age_entry(
        values: Mapping[str, Any], keys: tuple[str | int, ...], own: Mapping[str, Any]
    ) -> AgeEntry:
        beside = {
            key: text(values, keys, key)
            for key in ("freshness", "loaded_at_field")
            if key in values
        }
        if "loaded_at_query" in values:  # rendered when it is sent
            beside["loaded_at_query"] = values["loaded_at_query"]
        return AgeEntry(beside, own, partial(locate_config, document, keys))

    schema = name_in(source, source_keys, "schema") or source_name
    directories = directories_of(patch.document.display, project)
    draft = Draft(
        resource_type=ResourceType.SOURCE,
        name=name,
        unique_id=f"source.{project.name}.{source_name}.{name}",
        project=project,
        path=patch.document.display,
        original_file_path=patch.document.display,
        fqn=(project.name, *directories, source_name, name),
        raw_code="",
        checksum=_NO_FILE,
        patch_config=config,
        written_patch_config=merge_config(written_config(source), written_config(table)),
        description=docs.describe(table, project.name, document, patch.keys),
        doc_blocks=docs.called_by(table, project.name),
        columns=read_columns(patch.columns, project.name, document, docs, inputs),
        locate_in_patch=partial(locate_config, patch.document, patch.keys),
    )
    made = factory.make(
        Source,
        draft,
        source_name=source_name,
        identifier=name_in(table, patch.keys, "identifier") or name,
        source_description=docs.describe(source, project.name, document, source_keys),
        written_schema=source.get("schema"),
        written_database=source.get("database"),
        loader=str(table.get("loader") or source.get("loader") or ""),
        source_meta=source.get("meta") or {},
        external=table.get("external"),
        quoting={**(source.get("quoting") or {}), **(table.get("quoting") or {})},
    )
    freshness, loaded_at = read_age(
        age_entry(source, source_keys, source_config),
        age_entry(table, patch.keys, table_config),
        made.config.values,
    )
    # A source's schema is meant literally: no custom schema is put together for it.
    return msgspec.structs.replace(
        made,
        schema=schema,
        alias=made.identifier,
        database=name_in(source, source_keys, "database") or made.database,
        freshness=freshness,
        loaded_at_field=loaded_at.field,
        loaded_at_query=loaded_at.query,
    )


class GenericTestReader:
    """Makes a node of each test that a properties file asks for."""

    def __init__(
        self,
        inputs: ParseInputs,
        project: Project,
        *,
        macros: MacroIndex,
        docs: Docs,
        factory: NodeFactory,
        renderer: ParseRenderer,
    ) -> None:
        self._inputs = inputs
        self._docs = docs
        self._project = project
        self._macros = macros
        self._factory = factory
        self._renderer = renderer
        self._seen: dict[str, TestEntry] = {}

    def of_node(self, patch: NodePatch, attached: Node) -> Iterator[GenericTest]:
        """The tests of a model or a seed."""
        target, name, expression = RefCall(patch.name), patch.name, f"ref('{patch.name}')"
        if patch.version is not None:
            version = patch.version.version
            target = RefCall(patch.name, version=version)
            name = f"{patch.name}_v{version}"
            expression = f"ref('{patch.name}', version='{version}')"
        for entry in patch.tests:
            definition = define_test(entry, name, expression)
            file_key = f"{patch.section}.{patch.name}"
            tags = _tags(entry.column or {})
            yield self._node(entry, definition, target, attached, file_key, tags)

    def of_source(self, patch: SourcePatch) -> Iterator[GenericTest]:
        """The tests of a source's table."""
        source, table = patch.source["name"], patch.table["name"]
        for entry in patch.tests:
            definition = define_test(
                entry, f"{source}_{table}", f"source('{source}', '{table}')", kind="source_"
            )
            target = SourceCall(source, table)
            tags = [*_tags(patch.source), *_tags(patch.table), *_tags(entry.column or {})]
            yield self._node(entry, definition, target, None, f"sources.{source}", tags)

    def _node(
        self,
        entry: TestEntry,
        definition: TestDefinition,
        target: RefCall | SourceCall,
        attached: Node | None,
        file_key: str,
        tags: list[str],
    ) -> GenericTest:
        macro = self._macro(entry, definition)
        namespace = f"{definition.namespace}." if definition.namespace else ""
        display = entry.document.display
        directories = directories_of(display, self._project)
        unique_id = definition.unique_id(self._project.name)
        self._check_unique(unique_id, definition, entry)
        called = "{{ " + namespace + definition.macro_name + "(**_dbt_generic_test_kwargs) }}"
        described = {"description": definition.description}
        place = (entry.document, entry.keys)
        draft = Draft(
            resource_type=ResourceType.TEST,
            name=definition.name,
            unique_id=unique_id,
            project=self._project,
            path=f"{definition.short_name}.sql",
            original_file_path=display,
            fqn=(self._project.name, *directories, definition.name),
            raw_code=called + definition.config_call,
            checksum=_NO_FILE,
            patch_config=self._config(entry, definition),
            description=self._docs.describe(described, self._project.name, *place),
            doc_blocks=self._docs.called_by(described, self._project.name),
            default_alias=definition.short_name,
            locate_in_patch=lambda key: entry.location,
        )
        fields: dict[str, Any] = {
            "test_name": definition.test_name,
            "namespace": definition.namespace,
            "macro_name": f"{namespace}{definition.macro_name}",
            "macros": () if macro is None else self._macro_ids(macro),
            "arguments": definition.arguments,
            "tested_ref": target if isinstance(target, RefCall) else None,
            "tested_source": target if isinstance(target, SourceCall) else None,
            "column_name": definition.column_name,
            "attached_node": attached.unique_id if attached else None,
            "attached_group": attached.group if attached else None,
            "inherited_tags": tuple(dict.fromkeys(tags)),
            "file_key_name": file_key,
        }
        node = self._factory.make(GenericTest, draft, **fields)
        captured = self._captured(node, entry, target, macro)
        if captured.config:
            # What the macro says of itself gives way to what this entry says.
            draft.patch_config = merge_config(captured.config, draft.patch_config)
            node = self._factory.make(GenericTest, draft, **fields)
        return msgspec.structs.replace(node, refs=captured.refs, sources=captured.sources)

    def _config(self, entry: TestEntry, definition: TestDefinition) -> dict[str, Any]:
        """What the entry configures."""
        own = {
            key: self._inputs.yaml.render(entry.document, value, entry.keys)
            for key, value in definition.config.items()
        }
        if definition.short_name != definition.name:
            own.setdefault("alias", definition.short_name)
        return own

    def _macro(self, entry: TestEntry, definition: TestDefinition) -> Macro | None:
        """The macro to call. None where there is none, which is warned of: as in dbt, such a test
        fails when it is run, and keeps nothing else from being run.
        """
        name, namespace = definition.macro_name, definition.namespace
        if namespace is None:
            found = self._macros.find_anywhere(name, self._project.name)
            known = self._macros.visible_from(self._project.name)
        else:
            found = self._macros.find_in(namespace, name)
            known = self._macros.by_package.get(namespace, {})
        if found is None:
            tests = {n.removeprefix("test_") for n in known if n.startswith("test_")}
            if namespace is not None and namespace not in self._macros.packages:
                hint = ' Check for typos and/or install package dependencies with "headrace deps".'
            else:
                hint = did_you_mean(definition.test_name, tests)
            self._inputs.warn(
                WarningRaised(
                    "MacroNotFoundForPatch",
                    f"'{name}' is undefined: no test '{definition.test_name}' exists.{hint}",
                    entry.location,
                )
            )
        return found

    def _macro_ids(self, macro: Macro) -> tuple[str, ...]:
        if macro.unique_id in _READ_AT_A_GLANCE:
            return (macro.unique_id,)
        where = self._macros.find("get_where_subquery", self._project.name)
        return (macro.unique_id, where.unique_id) if where is not None else (macro.unique_id,)

    def _captured(
        self,
        node: GenericTest,
        entry: TestEntry,
        target: RefCall | SourceCall,
        macro: Macro | None,
    ) -> Captured:
        """What the test depends on and is configured by; rendered only where it must be."""
        if macro is None:
            if isinstance(target, RefCall):
                return Captured(refs=(target,))
            return Captured(sources=(target,))
        arguments = [
            text
            for key, value in node.arguments.items()
            if key not in ("model", "column_name")
            for text in _texts_in(value)
        ]
        literal = [literal_dependency(value) for value in arguments]
        computed = [
            value
            for value, call in zip(arguments, literal, strict=True)
            if call is None and (is_template_call(value) or has_template(value))
        ]
        calls: list[RefCall | SourceCall] = [call for call in literal if call is not None]
        config: Mapping[str, Any] = {}
        is_inert = self._macros.is_inert(macro)
        if computed or not is_inert:
            captured = self._rendered(node, entry, is_inert)
            calls += [*captured.refs, *captured.sources]
            config = captured.config
        unique = dict.fromkeys([*calls, target])
        return Captured(
            refs=tuple(call for call in unique if isinstance(call, RefCall)),
            sources=tuple(call for call in unique if isinstance(call, SourceCall)),
            config=config,
        )

    def _rendered(self, node: GenericTest, entry: TestEntry, is_inert: bool) -> Captured:
        try:
            return self._renderer.render_test(node, is_inert=is_inert)
        except CompilationError as error:
            location = entry.location if error.location == node.location else error.location
            raise CompilationError(error.problem, location=location, stack=error.stack) from error

    def _check_unique(self, unique_id: str, definition: TestDefinition, entry: TestEntry) -> None:
        twin = self._seen.setdefault(unique_id, entry)
        if twin is not entry:
            raise ParseError(
                f"two tests are the same, down to their arguments: '{definition.name}' here and "
                f"at {twin.location}. Remove one, or give one a 'name:'.",
                location=entry.location,
            )


def _texts_in(value: Any) -> Iterator[str]:
    """Every text in an argument, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts_in(item)


def _tags(values: Mapping[str, Any]) -> list[str]:
    """The tags of a column, a table or a source, in either of their places."""
    config = values.get("config")
    given = [values.get("tags"), config.get("tags") if isinstance(config, dict) else None]
    return [
        str(tag)
        for tags in given
        if tags is not None
        for tag in (tags if isinstance(tags, list) else [tags])
    ]
