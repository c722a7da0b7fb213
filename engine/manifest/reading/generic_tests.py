"""Generic tests: a node for each test that a properties file asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

from msgspec import Struct
from msgspec.structs import replace

from ...core.errors import CompilationError, ParseError, did_you_mean
from ...core.events import WarningRaised
from ...project.config_tree import merge_config
from ...project.render import has_template
from ..jinja.bare_calls import bare_call, literal_reference
from ..nodes.macro import Macro
from ..nodes.node import Checksum, Node
from ..nodes.node_calls import RefCall, SourceCall
from ..nodes.resource_type import ResourceType
from ..nodes.test_nodes import GenericTest
from .draft import Draft
from .package_parse import PackageParse
from .parse_renderer import Captured
from .patches import NodePatch, SourcePatch, TestEntry
from .property_keys import NODE_SECTIONS
from .test_arguments import has_nested_arguments
from .test_definitions import TestDefinition, define_test

_MACRO_TAG = re.compile(r"\s*\{%[-+]?\s*macro\b")
_REFERRING = re.compile(r"\{[{%][^}]*\b(?:ref|source)\s*\(")
"""In a condition: a relation is asked for, which isn't known yet when properties are read."""
_NO_FILE = Checksum("none", "")
_READ_AT_A_GLANCE = ("macro.dbt.test_not_null", "macro.dbt.test_unique")
"""Tests that dbt doesn't render while parsing: of them it knows the test's own macro alone."""


def read_generic_tests(package: PackageParse) -> None:
    """Read the tests of every node, and of the sources that were found.

    Raises:
        ParseError: an entry has no form that a test has, or two are the same.
        CompilationError: an argument or a macro fails while nothing is executed.
    """
    found, seen = package.found, dict[str, TestEntry]()
    is_nested = has_nested_arguments(package.inputs.root.flags)
    for patch in package.properties.nodes:
        # The tests of an entry in the wrong section count, as in dbt, and of another project's
        # node, which dbt attaches to nothing.
        sections = (patch.section, *NODE_SECTIONS)
        ids = (f"{NODE_SECTIONS[x]}.{package.name}.{patch.versioned_name}" for x in sections)
        known = (found.nodes.get(id_) or found.disabled.get(id_) for id_ in ids)
        attached = next(filter(None, known), None)
        for asked in _of_node(patch, attached, is_nested):
            found.add(_read(package, asked, seen))
    for patch_of_source in _patches_of_sources(package):
        for asked in _of_source(patch_of_source, is_nested):
            found.add(_read(package, asked, seen))


def _patches_of_sources(package: PackageParse) -> Iterator[SourcePatch]:
    """The entries of the source tables that are enabled."""
    for patch in package.properties.sources:
        name = f"{patch.source['name']}.{patch.table['name']}"
        if f"source.{package.name}.{name}" in package.found.sources:
            yield patch


class _Asked(Struct, frozen=True):
    """A test that is asked for: its entry, taken apart, and what it tests.

    `tags` are those of what is tested; `file_key` names that in its file.
    """

    entry: TestEntry
    definition: TestDefinition
    target: RefCall | SourceCall
    attached: Node | None
    file_key: str
    tags: tuple[str, ...]

    @property
    def called(self) -> str:
        """The test's macro as a template names it."""
        namespace, name = self.definition.namespace, self.definition.macro_name
        return f"{namespace}.{name}" if namespace else name


def _of_node(patch: NodePatch, attached: Node | None, is_nested: bool) -> Iterator[_Asked]:
    """The tests of a model or a seed."""
    target, name, expression = RefCall(patch.name), patch.name, f"ref('{patch.name}')"
    if patch.version is not None:
        version = patch.version.version
        target = RefCall(patch.name, version=version)
        name = f"{patch.name}_v{version}"
        expression = f"ref('{patch.name}', version='{version}')"
    for entry in patch.tests:
        definition = define_test(entry, name, expression, is_nested=is_nested)
        tags = tuple(_tags(entry.column or {}))
        yield _Asked(entry, definition, target, attached, f"{patch.section}.{patch.name}", tags)


def _of_source(patch: SourcePatch, is_nested: bool) -> Iterator[_Asked]:
    """The tests of a source's table."""
    source, table = patch.source["name"], patch.table["name"]
    expression = f"source('{source}', '{table}')"
    for entry in patch.tests:
        name = f"{source}_{table}"
        definition = define_test(entry, name, expression, is_nested=is_nested, kind="source_")
        above = (*_texts(patch.source.get("tags")), *_texts(patch.table.get("tags")))
        tags = (*above, *_tags(entry.column or {}))
        target = SourceCall(source, table)
        yield _Asked(entry, definition, target, None, f"sources.{source}", tags)


def _read(package: PackageParse, asked: _Asked, seen: dict[str, TestEntry]) -> GenericTest:
    """The test as a node. `seen` are the entries so far, by id."""
    asked = _with_rendered_config(package, asked)
    macro = _macro(package, asked)
    draft = _draft(package, asked)
    twin = seen.setdefault(draft.unique_id, asked.entry)
    if twin is not asked.entry:
        raise ParseError(
            f"two tests are the same, down to their arguments: '{draft.name}' here and "
            f"at {twin.location}. Remove one, or give one a 'name:'.",
            location=asked.entry.location,
        )
    if seen.setdefault(f"{draft.original_file_path}/{draft.path}", asked.entry) is not asked.entry:
        # Two of one name of their own: the other's file would be lost.
        digest = draft.unique_id.rpartition(".")[2]
        draft.path = f"{asked.definition.short_name}.{digest}.sql"
    fields = _fields(package, asked, macro)
    node = package.factory.make(GenericTest, draft, **fields)
    captured = _captured(package, node, asked, macro)
    early = _early_tags(draft.patch_config, macro)
    if captured.config or early:
        # What the macro says of itself gives way to what this entry says.
        said = merge_config(captured.config, draft.patch_config)
        draft.patch_config = merge_config({"tags": early}, said) if early else said
        node = package.factory.make(GenericTest, draft, **fields)
    own = node.macros
    macros = tuple(dict.fromkeys((*own[:1], *captured.macros, *own[1:])))
    return replace(
        node,
        refs=tuple(_as_written(call, asked, macro) for call in captured.refs),
        sources=captured.sources,
        macros=macros,
        called_macros=macros,
    )


def _draft(package: PackageParse, asked: _Asked) -> Draft:
    definition, entry = asked.definition, asked.entry
    display = entry.document.display
    described = {"description": definition.description}
    return Draft(
        resource_type=ResourceType.TEST,
        name=definition.name,
        unique_id=definition.unique_id(package.name),
        project=package.project,
        path=f"{definition.short_name}.sql",
        original_file_path=display,
        # Unlike other entries' it has all directories but the first, however deep a search path is.
        fqn=(package.name, *display.split("/")[1:-1], definition.name),
        raw_code="{{ " + asked.called + "(**_dbt_generic_test_kwargs) }}" + definition.config_call,
        checksum=_NO_FILE,
        patch_config=_config(definition),
        description=package.docs.describe(described, package.name, entry.document, entry.keys),
        doc_blocks=package.docs.called_by(described, package.name),
        default_alias=definition.short_name,
        locate_in_patch=lambda key: entry.location,
    )


def _early_tags(config: Mapping[str, Any], macro: Macro | None) -> list[str]:
    """The tags that dbt notes of an entry before it renders the test, which adds them again."""
    return _texts(config.get("tags")) if _is_rendered(macro) else []


def _is_rendered(macro: Macro | None) -> TypeGuard[Macro]:
    """Whether dbt renders a test of this macro while parsing, and doesn't read it at a glance."""
    return macro is not None and macro.unique_id not in _READ_AT_A_GLANCE


def _fields(package: PackageParse, asked: _Asked, macro: Macro | None) -> dict[str, Any]:
    """What only a generic test has."""
    definition, target, attached = asked.definition, asked.target, asked.attached
    return {
        "test_name": definition.test_name,
        "namespace": definition.namespace,
        "macro_name": asked.called,
        "is_of_macro": macro is not None and bool(_MACRO_TAG.match(macro.macro_sql)),
        "macros": () if macro is None else _macro_ids(package, macro),
        "arguments": definition.arguments,
        "tested_ref": target if isinstance(target, RefCall) else None,
        "tested_source": target if isinstance(target, SourceCall) else None,
        "column_name": definition.column_name,
        "attached_node": attached.unique_id if attached else None,
        "attached_group": attached.group if attached else None,
        "inherited_tags": tuple(sorted({*asked.tags, *_texts(definition.config.get("tags"))})),
        "file_key_name": asked.file_key,
    }


def _with_rendered_config(package: PackageParse, asked: _Asked) -> _Asked:
    """The same with the Jinja in its configuration done, but for a condition that refers to
    relations: it is rendered with the test. What comes to None isn't set.
    """
    entry, definition = asked.entry, asked.definition
    rendered = {
        key: value
        if key == "where" and isinstance(value, str) and _REFERRING.search(value)
        else package.yaml.render(entry.document, value, entry.keys)
        for key, value in definition.config.items()
    }
    config = {
        key: value
        for key, value in rendered.items()
        if value is not None and (value != "None" or value == definition.config[key])
    }
    return replace(asked, definition=replace(definition, config=config))


def _config(definition: TestDefinition) -> dict[str, Any]:
    """What the entry configures."""
    own = dict(definition.config)
    if definition.short_name != definition.name:
        own.setdefault("alias", definition.short_name)
    return own


def _macro(package: PackageParse, asked: _Asked) -> Macro | None:
    """The macro to call. None where there is none, which is warned of: as in dbt, such a test
    fails when it is run, and keeps nothing else from being run.
    """
    macros, definition = package.macros, asked.definition
    name, namespace = definition.macro_name, definition.namespace
    if namespace is None:
        found = macros.find_anywhere(name, package.name)
        known = macros.visible_from(package.name)
    else:
        found = macros.find_in(namespace, name)
        known = macros.by_package.get(namespace, {})
    if found is None:
        tests = {n.removeprefix("test_") for n in known if n.startswith("test_")}
        if namespace is not None and namespace not in macros.packages:
            hint = ' Check for typos and/or install package dependencies with "headrace deps".'
        else:
            hint = did_you_mean(definition.test_name, tests)
        package.inputs.warn(
            WarningRaised(
                "MacroNotFoundForPatch",
                f"'{name}' is undefined: no test '{definition.test_name}' exists.{hint}",
                asked.entry.location,
                {"patch_name": name},
            )
        )
    return found


def _macro_ids(package: PackageParse, macro: Macro) -> tuple[str, ...]:
    if not _is_rendered(macro):
        return (macro.unique_id,)
    where = package.macros.find("get_where_subquery", package.name)
    return (macro.unique_id, where.unique_id) if where is not None else (macro.unique_id,)


def _as_written(call: RefCall, asked: _Asked, macro: Macro | None) -> RefCall:
    """A call with its version as dbt has it: that of what is tested comes out of a text there."""
    if call.version is None or call != asked.target or not _is_rendered(macro):
        return call
    return replace(call, version=str(call.version))


def _captured(
    package: PackageParse, node: GenericTest, asked: _Asked, macro: Macro | None
) -> Captured:
    """What the test depends on and is configured by; rendered only where it must be."""
    target = asked.target
    if _is_rendered(macro):
        _check_arguments(node, asked, macro)
    arguments = [
        text
        for key, value in node.arguments.items()
        if key not in ("model", "column_name")
        for text in _texts_in(value)
    ]
    literal = [literal_reference(value) for value in arguments]
    computed = [
        value
        for value, call in zip(arguments, literal, strict=True)
        if call is None and (bare_call(value) or has_template(value))
    ]
    where = node.config.values.get("where")
    is_referring = isinstance(where, str) and bool(_REFERRING.search(where))
    calls: list[RefCall | SourceCall] = [call for call in literal if call is not None]
    calls.append(target)
    config: Mapping[str, Any] = {}
    macros: tuple[str, ...] = ()
    is_inert = macro is None or (package.macros.is_inert(macro) and not is_referring)
    if macro is not None and (computed or not is_inert):
        captured = _rendered(package, node, asked.entry, is_inert)
        # A render meets the arguments that are calls as well, and the macro what is tested.
        calls = [*captured.refs, *captured.sources, *([target] if is_inert else ())]
        config, macros = captured.config, captured.macros
    return Captured(
        refs=tuple(call for call in calls if isinstance(call, RefCall)),
        sources=tuple(call for call in calls if isinstance(call, SourceCall)),
        config=config,
        macros=macros,
    )


def _check_arguments(node: GenericTest, asked: _Asked, macro: Macro) -> None:
    """See that a test takes what it is given. As in dbt this is known before anything is run.

    Raises:
        CompilationError: it doesn't.
    """
    unknown = next((key for key in node.arguments if key not in macro.arguments), None)
    if unknown is not None and "kwargs" not in macro.names:
        raise CompilationError(
            f"the macro '{macro.name}' has no argument '{unknown}', which the test "
            f"'{node.name}' gives it.{did_you_mean(unknown, macro.arguments)}",
            location=asked.entry.location,
        )


def _rendered(
    package: PackageParse, node: GenericTest, entry: TestEntry, is_inert: bool
) -> Captured:
    try:
        return package.parse.renderer.render_test(node, is_inert=is_inert)
    except CompilationError as error:
        location = entry.location if error.location == node.location else error.location
        raise CompilationError(error.problem, location=location, stack=error.stack) from error


def _texts_in(value: Any) -> Iterator[str]:
    """Every text in an argument, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts_in(item)


def _tags(column: Mapping[str, Any]) -> list[str]:
    """The tags of a column, in either of their places."""
    config = column.get("config")
    return [
        *_texts(column.get("tags")),
        *_texts(config.get("tags") if isinstance(config, dict) else None),
    ]


def _texts(tags: Any) -> list[str]:
    if tags is None:
        return []
    return [str(tag) for tag in (tags if isinstance(tags, list) else [tags])]
