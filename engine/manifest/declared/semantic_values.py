"""The small values that metrics, semantic models and saved queries are written with."""

from __future__ import annotations

from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints
from typing import Union as TypingUnion

from msgspec import Struct

from ...core.errors import Location, ParseError

Filter = list[str] | str | None
Expression = str | bool | int | float | None
Grain = Literal[
    "nanosecond",
    "microsecond",
    "millisecond",
    "second",
    "minute",
    "hour",
    "day",
    "week",
    "month",
    "quarter",
    "year",
]
_GRAINS = Grain.__args__  # type: ignore[attr-defined] # what a Literal keeps its members in


def in_small_letters(kind: Any, value: Any) -> Any:
    """A value of an entry whose choices are in small letters: dbt takes `SUM` as well as `sum`."""
    origin, members = get_origin(kind), get_args(kind)
    if origin in (TypingUnion, UnionType):
        for member in members:
            value = in_small_letters(member, value)
    elif origin is Literal and isinstance(value, str):
        small = value.lower()
        return small if small in members else value
    elif origin is list and isinstance(value, list):
        return [in_small_letters(members[0], item) for item in value]
    elif isinstance(kind, type) and issubclass(kind, Struct) and isinstance(value, dict):
        types = get_type_hints(kind)
        return {key: in_small_letters(types.get(key), item) for key, item in value.items()}
    return value


def filter_dict(where: Filter) -> dict[str, Any] | None:
    """One filter or several in the shape of the artifact."""
    if where is None:
        return None
    filters = [where] if isinstance(where, str) else where
    return {"where_filters": [{"where_sql_template": text} for text in filters]}


def window_dict(window: str | None, location: Location) -> dict[str, Any] | None:
    """A window such as "7 days" in the shape of the artifact.

    Raises:
        ParseError: it is no count with a granularity.
    """
    if window is None:
        return None
    match window.lower().split(" "):
        case [count, grain] if count.isdigit():
            # Months are months; what isn't a standard granularity keeps its name.
            standard = grain.removesuffix("s")
            return {"count": int(count), "granularity": standard if standard in _GRAINS else grain}
    raise ParseError(
        f"Invalid window ({window}): a window is a count and a granularity, as in '28 days'.",
        location=location,
    )
