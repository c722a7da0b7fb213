"""The primary keys of models: declared by a constraint, or inferred from their tests, as in dbt."""

from __future__ import annotations

from collections.abc import Iterable

from ..nodes.model_node import Model
from ..nodes.node import Node
from ..nodes.test_nodes import GenericTest

_UNIQUE = ("unique", "unique_combination_of_columns")


def primary_keys(nodes: Iterable[Node]) -> dict[str, list[str]]:
    """The columns of the key of each model that has one, by the model's id.

    `nodes` are all that there are, disabled ones among them: a test that is switched off still
    says what its author takes for the key.
    """
    nodes = list(nodes)
    tests: dict[str, list[GenericTest]] = {}
    for node in nodes:
        if isinstance(node, GenericTest) and node.attached_node:
            tests.setdefault(node.attached_node, []).append(node)
    keys = {
        node.unique_id: _declared_key(node) or _inferred_key(tests.get(node.unique_id, []))
        for node in nodes
        if isinstance(node, Model)
    }
    return {unique_id: sorted(columns) for unique_id, columns in keys.items() if columns}


def _declared_key(model: Model) -> list[str]:
    for constraint in model.constraints:
        if constraint["type"] == "primary_key":
            return list(constraint["columns"])
    for column in model.columns.values():
        if any(constraint["type"] == "primary_key" for constraint in column.constraints):
            return [column.name]
    return []


def _inferred_key(tests: Iterable[GenericTest]) -> set[str]:
    """What is tested to be unique, best where it is never null as well."""
    unique: set[str] = set()
    once_unique: set[str] = set()
    never_null: set[str] = set()
    for test in tests:
        columns = _tested_columns(test)
        if test.test_name in _UNIQUE:
            (unique if test.config.enabled else once_unique).update(columns)
        elif test.test_name == "not_null":
            never_null.update(columns)
    return never_null & (unique | once_unique) or unique or once_unique


def _tested_columns(test: GenericTest) -> list[str]:
    column = test.arguments.get("column_name")
    if isinstance(column, str):
        return [column]
    combination = test.arguments.get("combination_of_columns")
    names = combination if isinstance(combination, list) else []
    return [name for name in names if isinstance(name, str)]
