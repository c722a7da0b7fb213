"""Constraints as SQL: what stands behind a column, and what stands by itself.

The kinds are those of dbt's contracts
(https://docs.getdbt.com/reference/resource-properties/constraints).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ....adapters.relation import quote_identifier
from ...core.errors import CompilationError

KINDS = ("check", "not_null", "unique", "primary_key", "foreign_key", "custom")

_WORDS = {"not_null": "not null", "unique": "unique", "primary_key": "primary key"}


def column_definitions(columns: Mapping[str, Mapping[str, Any]], quote: str) -> list[str]:
    """`id integer not null`, for each column of a contract.

    Raises:
        CompilationError: a constraint isn't one.
    """
    return [_column(name, column, quote) for name, column in columns.items()]


def table_constraints(constraints: Iterable[Mapping[str, Any]]) -> list[str]:
    """`primary key (id)`, for each constraint of a whole table.

    Raises:
        CompilationError: a constraint isn't one.
    """
    return [_of_table(constraint) for constraint in constraints]


def _column(name: str, column: Mapping[str, Any], quote: str) -> str:
    spelled = quote_identifier(name, quote) if column.get("quote") else name
    words = [_of_column(constraint) for constraint in column.get("constraints") or ()]
    return " ".join([spelled, str(column.get("data_type") or ""), *words]).strip()


def _of_column(constraint: Mapping[str, Any]) -> str:
    kind, expression = _kind(constraint), str(constraint.get("expression") or "").strip()
    match kind:
        case "check":
            text = f"check ({_needed(kind, expression)})"
        case "foreign_key":
            text = f"references {_referred(constraint, expression)}"
        case "custom":
            text = _needed(kind, expression)
        case _:
            text = f"{_WORDS[kind]} {expression}".rstrip()
    # As in dbt, only a constraint of the whole table has its name in the database.
    return text


def _of_table(constraint: Mapping[str, Any]) -> str:
    kind, expression = _kind(constraint), str(constraint.get("expression") or "").strip()
    columns = ", ".join(str(name) for name in constraint.get("columns") or ())
    match kind:
        case "check":
            text = f"check ({_needed(kind, expression)})"
        case "unique" | "primary_key":
            text = f"{_WORDS[kind]} ({columns}) {expression}".rstrip()
        case "foreign_key":
            text = f"foreign key ({columns}) references {_referred(constraint, expression)}"
        case "custom":
            text = _needed(kind, expression)
        case _:
            raise CompilationError(
                f"a constraint '{kind}' of a whole table: put it at the column that it is about."
            )
    return _named(constraint, text)


def _kind(constraint: Mapping[str, Any]) -> str:
    kind = str(constraint.get("type", "")).lower()
    if kind not in KINDS:
        raise CompilationError(f"'{kind}' is no type of constraint: there are {', '.join(KINDS)}.")
    return kind


def _referred(constraint: Mapping[str, Any], expression: str) -> str:
    to = constraint.get("to")
    if not to:
        return _needed("foreign_key", expression)
    columns = ", ".join(str(name) for name in constraint.get("to_columns") or ())
    return f"{to} ({columns})" if columns else str(to)


def _needed(kind: str, expression: str) -> str:
    if not expression:
        raise CompilationError(f"a constraint '{kind}' needs an 'expression'.")
    return expression


def _named(constraint: Mapping[str, Any], text: str) -> str:
    name = constraint.get("name")
    return f"constraint {name} {text}" if name else text
