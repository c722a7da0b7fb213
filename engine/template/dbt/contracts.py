"""Contracts: what a model promises of its columns, held against what its SQL gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ....adapters.column import Column
from ...core.text_table import text_table

_HEADINGS = ("column_name", "definition_type", "contract_type", "mismatch_reason")


def columns_of(described: Any) -> list[Column]:
    """Columns out of what macros pass on: columns, mappings, or names with types."""
    items: Iterable[Any] = described.values() if isinstance(described, Mapping) else described
    return [
        item
        if isinstance(item, Column)
        else Column(str(item["name"]), str(item.get("data_type") or item.get("formatted") or ""))
        for item in items
    ]


Difference = tuple[str, str, str, str]
"""A column, its type in the SQL and in the contract, and what is the matter."""


def contract_differences(
    promised: Iterable[Column],
    given: Iterable[Column],
    are_same_type: Callable[[str, str], bool] = str.__eq__,
) -> list[Difference]:
    """What differs between the columns of a contract and those of its query.

    Names are compared without case.
    """
    wanted = {column.name.lower(): column for column in promised}
    there = {column.name.lower(): column for column in given}
    found = []
    for name in sorted(wanted.keys() | there.keys()):
        mine, theirs = wanted.get(name), there.get(name)
        if mine is None and theirs is not None:
            found.append((theirs.name, theirs.data_type, "", "missing in contract"))
        elif theirs is None and mine is not None:
            found.append((mine.name, "", mine.data_type, "missing in definition"))
        elif (
            mine is not None
            and theirs is not None
            and not are_same_type(mine.data_type, theirs.data_type)
        ):
            found.append((theirs.name, theirs.data_type, mine.data_type, "data type mismatch"))
    return found


def contract_problem(differences: Iterable[Difference]) -> str:
    """The error of a contract that isn't kept, with a table of what differs."""
    table = text_table(_HEADINGS, tuple(differences))
    return (
        "This model has an enforced contract that failed.\n"
        "Please ensure the name, data_type, and number of columns in your contract match the "
        "columns in your model's definition.\n\n" + table
    )
