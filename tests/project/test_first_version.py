"""dbt_project.yml as it was before dbt 0.17: variables by folder, and mappings without a `+`."""

from __future__ import annotations

from typing import Any

import pytest
from headrace.engine.project.first_version import as_today, is_first_version, only_vars, vars_of
from headrace.engine.project.vars import Vars

TREE: dict[str, Any] = {
    "vars": {"a": "all", "b": "all"},
    "enabled": True,
    "shop": {
        "vars": {"b": "shop"},
        "column_types": {"id": "int"},
        "+meta": {"vars": {"c": 1}},
        "staging": {"orders": {"vars": {"b": "orders"}, "quoting": {"schema": False}}},
    },
}


@pytest.mark.parametrize(
    ("version", "tree", "expected"),
    [
        (1, {}, True),
        (2, TREE, False),
        (None, TREE, True),
        (None, {"shop": {"staging": {"vars": {"a": 1}}}}, True),
        (None, {"shop": {"materialized": "table"}}, False),
        (None, {"shop": {"vars": {"+materialized": "table"}}}, False),
        (None, {"shop": {"+meta": {"vars": {"a": 1}}}}, False),
    ],
)
def test_first_version_is_told_by_itself_or_by_its_variables(
    version: object, tree: dict[str, Any], expected: bool
) -> None:
    assert is_first_version(version, {"models": tree}) is expected


def test_tree_is_as_one_of_today() -> None:
    assert as_today(TREE) == {
        "enabled": True,
        "shop": {
            "+column_types": {"id": "int"},
            "+meta": {"vars": {"c": 1}},
            "staging": {"orders": {"+quoting": {"schema": False}}},
        },
    }


def test_the_nearest_folders_variables_count() -> None:
    tree = only_vars(TREE)

    assert vars_of(tree, ("other", "m")) == {"a": "all", "b": "all"}
    assert vars_of(tree, ("shop", "m")) == {"a": "all", "b": "shop"}
    assert vars_of(tree, ("shop", "staging", "orders")) == {"a": "all", "b": "orders"}


def test_they_come_after_the_command_line_and_before_a_packages_own() -> None:
    variables = Vars(
        cli={"a": "now"},
        packages={"lib": {"b": "libs", "d": "libs"}},
        folders={"shop": {"models": only_vars(TREE), "seeds": {}, "snapshots": {}}},
        root_name="shop",
    )
    orders = ("models", ("shop", "staging", "orders"))

    assert variables.lookup("shop", "a", orders) == (True, "now")
    assert variables.lookup("shop", "b", orders) == (True, "orders")
    assert variables.lookup("shop", "b", ("seeds", ("shop", "s"))) == (False, None)
    assert variables.lookup("shop", "b", ("tests", ("shop", "schema_test", "t"))) == (True, "shop")
    assert variables.lookup("lib", "b", ("models", ("lib", "m"))) == (True, "all")
    assert variables.lookup("lib", "d") == (True, "libs")
    assert variables.for_package("shop") == {"a": "now", "b": "shop"}
