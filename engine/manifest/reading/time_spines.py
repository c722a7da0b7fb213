"""Time spines: models with a row for each day, hour… that metrics are laid along."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ...core.errors import Location, ParseError, did_you_mean
from ..nodes.node import Column
from .entries import Place, read_entry


class _Granularity(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    column_name: str | None = None


class _TimeSpine(msgspec.Struct, frozen=True, kw_only=True):
    standard_granularity_column: str
    custom_granularities: list[_Granularity] = []


def read_time_spine(
    values: Mapping[str, Any],
    columns: Mapping[str, Column],
    place: Place,
) -> dict[str, Any] | None:
    """A model's `time_spine`, in the shape of the artifact.

    Raises:
        ParseError: it has the wrong shape, or names a column that the model doesn't describe.
    """
    given = values.get("time_spine")
    if given is None:
        return None
    where = Place(place.document, (*place.keys, "time_spine"), "a time spine")
    spine = read_entry(_TimeSpine, given, where, None)
    standard = spine.standard_granularity_column
    _check_column(standard, columns, where.locate("standard_granularity_column"))
    if columns[standard].granularity is None:
        raise ParseError(
            f"the column '{standard}' of a time spine needs a 'granularity', as in "
            "granularity: day.",
            location=place.locate("columns"),
        )
    for position, custom in enumerate(spine.custom_granularities):
        location = where.locate("custom_granularities", position)
        _check_column(custom.column_name or custom.name, columns, location)
    described: dict[str, Any] = msgspec.to_builtins(spine)
    return described


def _check_column(name: str, columns: Mapping[str, Column], location: Location) -> None:
    if name not in columns:
        raise ParseError(
            f"a time spine names the column '{name}', which isn't under the model's 'columns:'."
            f"{did_you_mean(name, columns)}",
            location=location,
        )
