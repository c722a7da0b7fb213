"""Dates and moments in a CSV file, in the forms that dbt reads and in no others.

A date is `2024-1-31`, a moment `2024-01-31 10:00:00`, or any form of ISO 8601 with its T: basic
and extended, weeks and days of a year, fractions of the smallest part, offsets.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import ROUND_FLOOR, Decimal

_DAY = r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2}| [0-9])"
_DATE = re.compile(rf"{_DAY}\Z")
_MOMENT = re.compile(rf"{_DAY}\s+([0-9]{{1,2}}):([0-9]{{1,2}}):([0-9]{{1,2}})\Z")

_USUAL_DATE, _USUAL_MOMENT = len("2024-01-31"), len("2024-01-31 10:00:00")

_ISO_DATES = tuple(
    re.compile(rf"{form}\Z")
    for form in (
        r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})",
        r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})",
        r"(?P<year>[0-9]{4})-W(?P<week>[0-9]{2})(?:-(?P<weekday>[0-9]))?",
        r"(?P<year>[0-9]{4})W(?P<week>[0-9]{2})(?P<weekday>[0-9])?",
        r"(?P<year>[0-9]{4})-?(?P<yearday>[0-9]{3})",
        r"(?P<year>[0-9]{4})-?(?P<month>[0-9]{2})",
        r"(?P<year>[0-9]{4})",
        r"(?P<century>[0-9]{2})",
    )
)
_ISO_TIME = re.compile(
    r"(?P<hour>[0-9]{2})"
    r"(?:(?P<colon>:?)(?P<minute>[0-9]{2})(?:(?P=colon)(?P<second>[0-9]{2}))?)?"
    r"(?:[.,](?P<fraction>[0-9]+))?"
    r"(?P<offset>Z|(?P<sign>[+-])(?P<hours>[0-9]{2})(?::?(?P<minutes>[0-9]{2}))?)?\Z"
)
_MICROSECONDS = {"hour": 3_600_000_000, "minute": 60_000_000, "second": 1_000_000}


def has_usual_date(text: str) -> bool:
    """Whether a text begins as nearly all dates do, `2024-01-31`: that is cheap to read."""
    return text[4:5] == "-" == text[7:8] and text[8:9] != " "


def date_of(text: str) -> date | None:
    """The day that a text names, or None."""
    if len(text) == _USUAL_DATE and has_usual_date(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            return None
    found = _DATE.match(text)
    if found is None:
        return None
    try:
        return date(*map(int, found.groups()))
    except ValueError:
        return None


def has_usual_moment(text: str) -> bool:
    """Whether a text looks as nearly all moments do: `2024-01-31 10:00:00`."""
    return (
        len(text) == _USUAL_MOMENT
        and has_usual_date(text)
        and text[10] == " "
        and text[13] == ":" == text[16]
    )


def moment_of(text: str) -> datetime | None:
    """The moment that a text names in the plain form, or None."""
    if has_usual_moment(text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            return None
    found = _MOMENT.match(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = map(int, found.groups())
    try:
        return datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None


def iso_moment_of(text: str) -> datetime | None:
    """The moment that a text names as ISO 8601, or None. One with an offset is in UTC."""
    day_text, mark, time_text = text.partition("T")
    if not mark:
        return None
    try:
        day, clock = _iso_date(day_text), _iso_time(time_text)
        if day is None or clock is None:
            return None
        moment = datetime.combine(day, clock)
        return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None


def _iso_date(text: str) -> date | None:
    """A day; the first one of a week, month, year or century that stands alone."""
    parts = next((found.groupdict() for form in _ISO_DATES if (found := form.match(text))), None)
    if parts is None:
        return None
    if "century" in parts:
        return date(int(parts["century"]) * 100 + 1, 1, 1)
    first = date(int(parts["year"]), 1, 1)
    if "week" in parts:
        monday = first - timedelta(days=first.weekday())
        weeks = int(parts["week"]) - (first.isocalendar().week == 1)
        return monday + timedelta(weeks=weeks, days=int(parts["weekday"] or 1) - 1)
    if "yearday" in parts:
        return first + timedelta(days=int(parts["yearday"]) - 1)
    return first.replace(month=int(parts.get("month") or 0) or 1, day=int(parts.get("day") or 1))


def _iso_time(text: str) -> time | None:
    """A time of day. A fraction is that of its smallest part."""
    found = _ISO_TIME.match(text)
    if found is None:
        return None
    hour, minute, second = (int(found[part] or 0) for part in ("hour", "minute", "second"))
    clock = time(hour, minute, second, tzinfo=_zone(found))
    if not found["fraction"]:
        return clock
    smallest = "second" if found["second"] else "minute" if found["minute"] else "hour"
    exact = Decimal(f"0.{found['fraction']}") * _MICROSECONDS[smallest]
    within = timedelta(microseconds=int(exact.to_integral_value(ROUND_FLOOR)))
    return (datetime.combine(date.min, clock) + within).timetz()


def _zone(found: re.Match[str]) -> timezone | None:
    if not found["offset"]:
        return None
    if not found["sign"]:
        return UTC
    offset = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"] or 0))
    return timezone(-offset if found["sign"] == "-" else offset)
