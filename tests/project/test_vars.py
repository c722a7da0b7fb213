"""Variables: what --vars takes, and who sees what."""

from __future__ import annotations

import datetime

import pytest
from headrace.engine.core.errors import UsageError
from headrace.engine.project.vars import Vars, parse_cli_vars
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{a: 1, b: yes, c: 'x'}", {"a": 1, "b": True, "c": "x"}),
        ('{"a": [1, {"b": null}]}', {"a": [1, {"b": None}]}),
        ("start: 2024-01-01", {"start": datetime.date(2024, 1, 1)}),
        ("1: one", {"1": "one"}),
        ("", {}),
        ("  ", {}),
    ],
)
def test_cli_vars_are_yaml_or_json(text: str, expected: dict[str, object]) -> None:
    assert parse_cli_vars(text) == expected


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("a:1", "a text"),
        ("[a]", "a list"),
        ("3", "a number"),
        ("true", "a boolean"),
        ("2024-01-01", "a date"),
        ("2024-01-01 10:00:00", "a time"),
    ],
)
def test_cli_vars_that_are_no_mapping_are_refused(text: str, kind: str) -> None:
    with pytest.raises(UsageError, match=f"such as '{{start: .* but this is {kind}"):
        parse_cli_vars(text)


def test_cli_vars_that_are_no_yaml_are_refused() -> None:
    with pytest.raises(UsageError, match="--vars isn't YAML"):
        parse_cli_vars("{a: 1")


EVERYWHERE = Vars(
    cli={"a": "cli"},
    root={"a": "root", "b": "root", "c": "root", "lib": {"b": "root for lib", "a": "x"}},
    packages={"lib": {"b": "own", "c": "own", "d": "own", "lib": {"d": "own for lib"}}},
)


@pytest.mark.parametrize(
    ("package", "name", "expected"),
    [
        ("lib", "a", (True, "cli")),
        ("lib", "b", (True, "root for lib")),
        ("lib", "c", (True, "root")),
        ("lib", "d", (True, "own for lib")),
        ("shop", "b", (True, "root")),
        ("shop", "d", (False, None)),
        ("unknown", "c", (True, "root")),
    ],
)
def test_best_variable_wins(package: str, name: str, expected: tuple[bool, object]) -> None:
    assert EVERYWHERE.lookup(package, name) == expected


def test_variable_that_is_null_is_found() -> None:
    assert Vars(root={"a": None}).lookup("shop", "a") == (True, None)


names = st.sampled_from(["a", "b", "lib", "shop"])
values = st.integers() | st.dictionaries(names, st.integers(), max_size=3)
own_vars = st.dictionaries(names, values, max_size=4)


@given(own_vars, own_vars, own_vars, names)
def test_all_variables_of_a_package_are_what_lookups_find(
    cli: dict[str, object], root: dict[str, object], own: dict[str, object], name: str
) -> None:
    variables = Vars(cli=cli, root=root, packages={"lib": own})

    seen = variables.for_package("lib")

    assert variables.lookup("lib", name) == (name in seen, seen.get(name))
