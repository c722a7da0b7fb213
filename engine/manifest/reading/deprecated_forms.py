"""Forms that dbt has given up: they work as they did, with a warning of where they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...core.errors import Location, ParseError
from ...core.events import WarningRaised
from ..jinja.macro_file import BUILTIN_PACKAGE
from ..jinja.old_calls import old_calls
from ..nodes.materialization_names import BUILT_IN, PREFIX, heeds_packages
from .package_parse import Parse
from .properties import Properties

_NO_ARGUMENTS = frozenset({"config", "column_name", "description", "name", "arguments"})


def deprecated_forms(parse: Parse) -> Iterator[WarningRaised]:
    """A warning for each template, and each node's name, that has such a form.

    Raises:
        ParseError: a node's name has a space, and the project doesn't say that it may.
    """
    yield from _spaced_names(parse)
    for node in parse.found.nodes.values():
        yield from old_calls(node.raw_code, node.original_file_path, 1)
    for macro in parse.macros:
        if macro.package_name != BUILTIN_PACKAGE:
            yield from old_calls(macro.macro_sql, macro.original_file_path, macro.line)


def _spaced_names(parse: Parse) -> Iterator[WarningRaised]:
    spaced = [node for node in parse.found.nodes.values() if " " in node.name]
    if not spaced:
        return
    first = spaced[0]
    if parse.inputs.root.flags.get("require_resource_names_without_spaces") is not False:
        raise ParseError(
            f"Resource names cannot contain spaces, but that of '{first.unique_id}' does. Put "
            "underscores in their place, or set the flag "
            "'require_resource_names_without_spaces: false' in dbt_project.yml.",
            location=first.location,
        )
    yield WarningRaised(
        "SpacesInResourceNameDeprecation",
        f"Found spaces in the name of `{first.unique_id}`",
        first.location,
    )
    more = " Run again with `--debug` to see them all." if len(spaced) > 1 else ""
    yield WarningRaised(
        "ResourceNamesWithSpacesDeprecation",
        f"Spaces found in {len(spaced)} resource name(s), which is deprecated, and may lead to "
        f"errors. Put underscores in their place.{more}",
        first.location,
    )


def overriding_packages(parse: Parse) -> Iterator[WarningRaised]:
    """A warning for each materialization of a package that stands in for a built-in one."""
    macros = parse.macros
    if not heeds_packages(parse.inputs.root.flags):
        return
    for prefix in macros.dialect:
        for name in sorted(BUILT_IN):
            for macro in macros.named(f"{PREFIX}{name}_{prefix}"):
                if macro.package_name in (macros.root_package, BUILTIN_PACKAGE):
                    continue
                yield WarningRaised(
                    "PackageMaterializationOverrideDeprecation",
                    f"The package '{macro.package_name}' stands in for the built-in "
                    f"materialization '{name}', which is not to be for much longer. Write "
                    f"{{% materialization {name}, {_option(prefix)} %}} in the project itself, and "
                    f"let it return({macro.package_name}.{macro.name}()).",
                    Location(macro.original_file_path, macro.line),
                    {"package_name": macro.package_name, "materialization_name": name},
                )


def _option(prefix: str) -> str:
    return "default" if prefix == "default" else f"adapter='{prefix}'"


def arguments_beside(parse: Parse) -> Iterator[WarningRaised]:
    """One warning for each project whose tests have arguments that don't stand under `arguments:`.

    They were written so for years: a line for each would hide all else, and to find out where
    each stands takes as long as to read its file.
    """
    if parse.inputs.root.flags.get("require_generic_test_arguments_property") is False:
        return
    for package in parse.packages:
        yield from _arguments_beside_in(package.properties)


def _arguments_beside_in(properties: Properties) -> Iterator[WarningRaised]:
    patches: Sequence[Any] = (*properties.nodes, *properties.sources)
    found = {
        (entry.document.display, entry.keys): entry
        for patch in patches
        for entry in patch.tests
        if _has_arguments_beside(entry.definition)
    }
    if not found:
        return
    first = next(iter(found.values()))
    number = len(found) - 1
    more = f", and so have {number} more" if number else ""
    yield WarningRaised(
        "MissingArgumentsPropertyInGenericTestDeprecation",
        f"The test '{_name_of(first.definition)}' has arguments beside `arguments:`{more}. Put "
        "them under `arguments:`, and configurations under `config:`.",
        first.location,
        {"test_name": _name_of(first.definition)},
    )


def _has_arguments_beside(definition: object) -> bool:
    if not isinstance(definition, Mapping):
        return False
    given: object = definition
    if "test_name" in definition:
        given = {key: value for key, value in definition.items() if key != "test_name"}
    elif len(definition) == 1:
        (given,) = definition.values()
    return (
        isinstance(given, Mapping)
        and not given.get("arguments")
        and not given.keys() <= _NO_ARGUMENTS
    )


def _name_of(definition: Mapping[str, object]) -> object:
    return definition.get("test_name") or next(iter(definition))
