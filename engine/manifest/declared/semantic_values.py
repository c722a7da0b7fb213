"""The small values that metrics, semantic models and saved queries are written with."""

from __future__ import annotations

from typing import Any, Literal

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
