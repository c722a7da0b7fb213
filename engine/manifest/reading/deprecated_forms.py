"""Forms that dbt has given up: they work as they did, with a warning of where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...core.errors import Location
from ...core.events import WarningRaised
from ..jinja.macro_index import BUILTIN_PACKAGE, MacroIndex
from ..nodes.macro import Macro
from ..nodes.materialization_names import BUILT_IN, PREFIX
from ..nodes.node import Node
from .properties import Properties

_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)

# What a text holds wherever the form is used, the form itself, the warning, and the remedy.
_CALLS = (
    (
        "adapter_macro",
        re.compile(r"\badapter_macro\s*\("),
        "AdapterMacroDeprecation",
        "`adapter_macro` is the old name of a dispatch. Write "
        "`adapter.dispatch('name', 'package')(…)`.",
    ),
    (
        "packages",
        re.compile(r"\badapter\s*\.\s*dispatch\s*\([^)]*\bpackages\s*="),
        "AdapterDeprecationWarning",
        "The argument `packages` of `adapter.dispatch` goes away. Name the package by "
        "`macro_namespace`, and the others under `dispatch:` in dbt_project.yml.",
    ),
    (
        "get_columns_in_table",
        re.compile(r"\badapter\s*\.\s*get_columns_in_table\b"),
        "AdapterDeprecationWarning",
        "`adapter.get_columns_in_table` goes away. Write `adapter.get_columns_in_relation`.",
    ),
    (
        "already_exists",
        re.compile(r"\badapter\s*\.\s*already_exists\b"),
        "AdapterDeprecationWarning",
        "`adapter.already_exists` goes away. Write `adapter.get_relation(…) is not none`.",
    ),
    (
        "itertools",
        re.compile(r"\bmodules\s*\.\s*itertools\b"),
        "ModulesItertoolsUsageDeprecation",
        "`modules.itertools` goes away. Use a loop, or the functions that templates have.",
    ),
)
_NO_ARGUMENTS = frozenset({"config", "column_name", "description", "name", "arguments"})


def deprecated_forms(nodes: Iterable[Node], macros: Iterable[Macro]) -> Iterator[WarningRaised]:
    """A warning for each template, and each node's name, that has such a form."""
    for node in nodes:
        if " " in node.name:
            yield WarningRaised(
                "ResourceNamesWithSpacesDeprecation",
                f"Found spaces in the name of '{node.unique_id}'. Put underscores in their place.",
                node.location,
            )
        yield from _calls_in(node.raw_code, node.original_file_path, 1)
    for macro in macros:
        if macro.package_name != BUILTIN_PACKAGE:
            yield from _calls_in(macro.macro_sql, macro.original_file_path, macro.line)


def overriding_packages(macros: MacroIndex) -> Iterator[WarningRaised]:
    """A warning for each materialization of a package that stands in for a built-in one."""
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
                )


def _option(prefix: str) -> str:
    return "default" if prefix == "default" else f"adapter='{prefix}'"


def _calls_in(text: str, path: str, first_line: int) -> Iterator[WarningRaised]:
    for hint, call, name, remedy in _CALLS:
        if hint not in text:
            continue
        bare = _COMMENT.sub(lambda comment: "\n" * comment.group().count("\n"), text)
        if found := call.search(bare):
            line = first_line + bare.count("\n", 0, found.start())
            yield WarningRaised(name, remedy, Location(path, line))


def arguments_beside(properties: Properties) -> Iterator[WarningRaised]:
    """One warning for a project whose tests have arguments that don't stand under `arguments:`.

    They were written so for years: a line for each would hide all else, and to find out where
    each stands takes as long as to read its file.
    """
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
