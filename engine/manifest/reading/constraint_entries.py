"""Constraints of models and columns, and the checksum of a model's contract.

Both have dbt's shape, so that its states compare equal
(https://docs.getdbt.com/reference/resource-properties/constraints).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal

import msgspec

from ...core.errors import ParseError
from ...core.events import WarningRaised
from ..jinja.bare_calls import read_call
from ..nodes.node import Column
from ..nodes.node_calls import Call, RefCall, SourceCall
from .entries import Place, read_entry

Constraint = Mapping[str, Any]
"""A constraint in the shape of the artifact."""

_Type = Literal["check", "not_null", "unique", "primary_key", "foreign_key", "custom"]


class _ColumnConstraint(msgspec.Struct, frozen=True, kw_only=True):
    type: _Type
    name: str | None = None
    expression: str | None = None
    warn_unenforced: bool = True
    warn_unsupported: bool = True
    to: str | None = None
    to_columns: list[str] = []


class _ModelConstraint(_ColumnConstraint, frozen=True, kw_only=True):
    columns: list[str] = []


def read_constraints(
    values: Mapping[str, Any],
    place: Place,
    warn: Callable[[WarningRaised], None],
    *,
    of_column: bool,
) -> tuple[Constraint, ...]:
    """The constraints under `constraints:` of an entry; `place` is the entry's.

    Raises:
        ParseError: one has the wrong shape, or a type that there isn't.
    """
    given = values.get("constraints")
    if not given:
        return ()
    if not isinstance(given, list):
        raise ParseError(
            "'constraints' must be a list, as in constraints: [{type: not_null}].",
            location=place.locate("constraints"),
        )
    kind: type[msgspec.Struct] = _ColumnConstraint if of_column else _ModelConstraint
    return tuple(
        msgspec.to_builtins(
            read_entry(
                kind,
                constraint,
                Place(place.document, (*place.keys, "constraints", position), "a constraint"),
                warn,
            )
        )
        for position, constraint in enumerate(given)
    )


def check_primary_key(
    constraints: Iterable[Constraint], columns: Mapping[str, Column], place: Place
) -> None:
    """A model has one primary key at most, declared in one way.

    Raises:
        ParseError: it has more.
    """
    keyed = [column.name for column in columns.values() if has_primary_key(column.constraints)]
    if len(keyed) > 1:
        raise ParseError(
            f"Primary key constraint error: found {len(keyed)} columns ({', '.join(keyed)}) with "
            "primary key constraints. A key of several columns is a constraint of the model: "
            f"constraints: [{{type: primary_key, columns: [{', '.join(keyed)}]}}].",
            location=place.locate("columns"),
        )
    if keyed and has_primary_key(constraints):
        raise ParseError(
            "Primary key constraint error: primary key constraints are defined for the model and "
            f"for its column '{keyed[0]}'. Keep one of them.",
            location=place.locate("constraints"),
        )


def has_primary_key(constraints: Iterable[Constraint]) -> bool:
    return any(constraint["type"] == "primary_key" for constraint in constraints)


def referred_calls(
    constraints: Iterable[Constraint], columns: Mapping[str, Column], place: Place
) -> Iterator[Call]:
    """The nodes that foreign keys lead to, as the calls that name them."""
    everything = [
        *constraints,
        *(constraint for column in columns.values() for constraint in column.constraints),
    ]
    for constraint in everything:
        if constraint["type"] == "foreign_key" and constraint["to"]:
            yield read_call(constraint["to"], ("ref", "source"), place.locate())


def split_calls(calls: Iterable[Call]) -> tuple[tuple[RefCall, ...], tuple[SourceCall, ...]]:
    calls = tuple(calls)
    return (
        tuple(call for call in calls if isinstance(call, RefCall)),
        tuple(call for call in calls if isinstance(call, SourceCall)),
    )
