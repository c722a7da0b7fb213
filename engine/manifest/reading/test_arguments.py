"""Arguments of generic tests that don't stand where the project's flag wants them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...core.events import WarningRaised
from .package_parse import PackageParse, Parse
from .patches import TestEntry

_NO_ARGUMENTS = frozenset({"config", "column_name", "description", "name", "arguments"})


def has_nested_arguments(flags: Mapping[str, object]) -> bool:
    """Whether the arguments of tests stand under `arguments:`, and that is none of them itself.

    `flags` are the root project's, which count for the tests of its packages as well.
    """
    return flags.get("require_generic_test_arguments_property") is not False


def misplaced_arguments(parse: Parse) -> Iterator[WarningRaised]:
    """A warning for each test whose arguments stand beside `arguments:`, or under it in a project
    with `require_generic_test_arguments_property: false`, where it is nothing but an argument.

    To find out where a test stands takes as long as to read its file: only the first has a place,
    if the others aren't going to be shown.
    """
    is_nested = has_nested_arguments(parse.inputs.root.flags)
    is_told = False
    for package in parse.packages:
        for entry in _entries(package):
            warning = _arguments_beside(entry) if is_nested else _arguments_below(entry)
            if warning is None:
                continue
            name, message, test_name = warning
            has_place = parse.inputs.locates_each_deprecation or not is_told
            location = entry.location if has_place else None
            yield WarningRaised(name, message, location, {"test_name": test_name})
            is_told = True


def _entries(package: PackageParse) -> Iterator[TestEntry]:
    """The tests of a project's files, each once, also where a model has versions."""
    properties = package.properties
    patches: Sequence[Any] = (*properties.nodes, *properties.sources)
    found = {
        (entry.document.display, entry.keys): entry for patch in patches for entry in patch.tests
    }
    yield from found.values()


def _arguments_beside(entry: TestEntry) -> tuple[str, str, str] | None:
    name, given = _taken_apart(entry.definition)
    if given.get("arguments") or given.keys() <= _NO_ARGUMENTS:
        return None
    return (
        "MissingArgumentsPropertyInGenericTestDeprecation",
        f"The test '{name}' has arguments beside `arguments:`. Put them under `arguments:`, and "
        "configurations under `config:`.",
        name,
    )


def _arguments_below(entry: TestEntry) -> tuple[str, str, str] | None:
    name, given = _taken_apart(entry.definition)
    if "arguments" not in given:
        return None
    test_name = f"`{name}` ({given['arguments']})"
    return (
        "ArgumentsPropertyInGenericTestDeprecation",
        f"The test {test_name} has an argument of the name `arguments`, which that name is "
        "to be kept for: with `require_generic_test_arguments_property` its arguments stand there.",
        test_name,
    )


def _taken_apart(definition: object) -> tuple[str, Mapping[str, object]]:
    """A test's name, and what is given to it; nothing where that has another form."""
    given: object = None
    name: object = ""
    if isinstance(definition, Mapping):
        if "test_name" in definition:
            name = definition["test_name"]
            given = {key: value for key, value in definition.items() if key != "test_name"}
        elif len(definition) == 1:
            ((name, given),) = definition.items()
    return str(name), given if isinstance(given, Mapping) else {}
