"""How old a source may be, and where its age is read from.

What is said of a table is laid over what is said of its source, key by key; at each of the two
`config:` is laid over what stands beside it. `freshness: null` switches the check off
(https://docs.getdbt.com/reference/resource-properties/freshness).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from ...core.errors import Location, ParseError
from ...core.numbers import is_within

PERIOD_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}

MAX_COUNT = 1_000_000
"""How many of its periods an age may be: of minutes, they are nearly two years."""

_LIMITS = ("warn_after", "error_after")
_KEYS = (*_LIMITS, "filter")


class AgeLimit(msgspec.Struct, frozen=True):
    """An age, such as 12 hours. Without both of its parts it limits nothing."""

    count: int | None = None
    period: str | None = None

    @property
    def seconds(self) -> float | None:
        if self.count is None or self.period is None:
            return None
        return float(self.count * PERIOD_SECONDS[self.period])

    def exceeded_by(self, age: float) -> bool:
        """Whether an age in seconds is above it."""
        seconds = self.seconds
        return seconds is not None and age > seconds


class Freshness(msgspec.Struct, frozen=True):
    """The ages from which on a source is worth a warning and an error.

    `filter` is SQL: the condition on the rows that are looked at. A limit that is None was
    switched off.
    """

    warn_after: AgeLimit | None = AgeLimit()
    error_after: AgeLimit | None = AgeLimit()
    filter: str | None = None

    @property
    def is_checked(self) -> bool:
        """Whether there is anything to check."""
        limits = (self.warn_after, self.error_after)
        return any(limit is not None and limit.seconds is not None for limit in limits)


class LoadedAt(msgspec.Struct, frozen=True):
    """What says when a source was last loaded: a query, or else an expression over its rows."""

    field: str | None = None
    query: str | None = None


def read_freshness(
    levels: Iterable[tuple[Mapping[str, Any], Callable[[str], Location]]],
) -> Freshness | None:
    """The freshness that several mappings say, general ones first; None where it is switched off.

    Each level comes with what finds the place of one of its keys.

    Raises:
        ParseError: a level isn't a mapping, or has a limit that isn't one.
    """
    found: dict[str, Any] | None = {}
    for level, locate in levels:
        if "freshness" not in level:
            continue
        given = level["freshness"]
        if given is None:
            found = None
            continue
        checked = _checked(given, locate("freshness"))
        found = _laid_over(found or {}, checked)
    if found is None:
        return None
    return Freshness(**{key: _limit(key, value) for key, value in found.items()})


def read_loaded_at(source: AgeEntry, table: AgeEntry) -> LoadedAt:
    """What says when a table was loaded, from the entries of its source and its own.

    Raises:
        ParseError: one entry has both a field and a query, or an empty field.
    """
    for entry, level in ((source, "source"), (table, "table")):
        if entry.beside.get("loaded_at_field") == "":
            raise ParseError(
                "loaded_at_field cannot be an empty string. Write null where there is none.",
                location=entry.locate("loaded_at_field"),
            )
        if _said(entry, "loaded_at_field") and _said(entry, "loaded_at_query"):
            raise ParseError(
                "Cannot specify both loaded_at_field and loaded_at_query at "
                f"{level} level: take one of them out.",
                location=entry.locate("loaded_at_query"),
            )
    names_field = "loaded_at_field" in table.beside or _said(table, "loaded_at_field")
    inherited = None if names_field else _said(source, "loaded_at_query")
    return LoadedAt(
        _said(table if names_field else source, "loaded_at_field"),
        _said(table, "loaded_at_query") or inherited,
    )


def _said(entry: AgeEntry, key: str) -> str | None:
    value = entry.beside.get(key) or entry.config.get(key)
    return str(value) if value else None


def _checked(given: Any, location: Location) -> Mapping[str, Any]:
    if not isinstance(given, Mapping) or given.keys() - set(_KEYS):
        raise ParseError(
            "'freshness' must be a mapping with 'warn_after', 'error_after' and 'filter', such as "
            "{warn_after: {count: 12, period: hour}}, or null.",
            location=location,
        )
    for key in _LIMITS:
        limit = given.get(key)
        if limit is not None and not _is_limit(limit):
            raise ParseError(
                f"'{key}' must have a 'count' (from 0 to {MAX_COUNT:,}) and a 'period' "
                f"({', '.join(PERIOD_SECONDS)}), such as {{count: 12, period: hour}}.",
                location=location,
            )
    return given


def _is_limit(limit: Any) -> bool:
    if not isinstance(limit, Mapping) or limit.keys() - {"count", "period"}:
        return False
    count, period = limit.get("count"), limit.get("period")
    is_period = period is None or (isinstance(period, str) and period in PERIOD_SECONDS)
    return is_period and (count is None or is_within(count, 0, MAX_COUNT))


def _laid_over(low: Mapping[str, Any], high: Mapping[str, Any]) -> dict[str, Any]:
    """One level over another. As in dbt, a limit without both of its parts says nothing there."""
    merged = {**low, **high}
    for key in _LIMITS:
        above = high.get(key)
        if key in low and above is not None and not _is_whole(above):
            merged[key] = low[key]
    return merged


def _is_whole(limit: Mapping[str, Any]) -> bool:
    return limit.get("count") is not None and limit.get("period") is not None


def _limit(key: str, value: Any) -> Any:
    return AgeLimit(**value) if key in _LIMITS and value is not None else value


class AgeEntry(Struct, frozen=True):
    """What one entry of a properties file says of age, its values rendered.

    `beside` is what stands in the entry itself, `config` what stands under its `config:`.
    """

    beside: Mapping[str, Any]
    config: Mapping[str, Any]
    locate: Callable[[str], Location]

    def levels(self) -> Iterator[tuple[Mapping[str, Any], Callable[[str], Location]]]:
        yield self.beside, self.locate
        yield self.config, self.locate


def read_age(
    source: AgeEntry, table: AgeEntry, project: Mapping[str, Any]
) -> tuple[Freshness | None, LoadedAt]:
    """How old a table may be, and where that is read from.

    `project` is the configuration that the project file has for it: it counts where the
    properties say nothing.

    Raises:
        ParseError: something isn't what it must be; says where.
    """
    levels = [*source.levels(), *table.levels()]
    if not any("freshness" in level for level, _ in levels):
        levels = [(project, source.locate)]
    loaded_at = read_loaded_at(source, table)
    if loaded_at == LoadedAt() and "loaded_at_field" not in table.beside:
        loaded_at = LoadedAt(project.get("loaded_at_field"), project.get("loaded_at_query"))
    return read_freshness(levels), loaded_at
