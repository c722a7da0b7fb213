"""Windows of time: which rows count, by when their event happened. All times are UTC."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from ..core.errors import UsageError, did_you_mean
from ..core.numbers import shortened, whole_number
from .yaml_file import load_yaml_text


class BatchSize(StrEnum):
    """How much time a batch covers."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    YEAR = "year"

    def floor(self, moment: datetime) -> datetime:
        """The beginning of the hour, day, month or year that a moment is in."""
        start = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        if self is BatchSize.HOUR:
            return start
        start = start.replace(hour=0)
        if self is BatchSize.DAY:
            return start
        start = start.replace(day=1)
        return start if self is BatchSize.MONTH else start.replace(month=1)

    def ceiling(self, moment: datetime) -> datetime:
        """The moment itself where something begins with it, or else what begins next."""
        start = self.floor(moment)
        return start if start == moment else self.offset(start, 1)

    def offset(self, moment: datetime, count: int) -> datetime:
        """The beginning of what comes `count` after the one that a moment is in."""
        start = self.floor(moment)
        match self:
            case BatchSize.HOUR:
                return start + timedelta(hours=count)
            case BatchSize.DAY:
                return start + timedelta(days=count)
            case BatchSize.MONTH:
                months = start.year * 12 + start.month - 1 + count
                return start.replace(year=months // 12, month=months % 12 + 1)
            case BatchSize.YEAR:
                return start.replace(year=start.year + count)

    def label(self, start: datetime) -> str:
        """A batch as log lines and files call it: `2024-09-17T16`, `2024-09-17`, `2024-09`…"""
        formats = {
            BatchSize.HOUR: "%Y-%m-%dT%H",
            BatchSize.DAY: "%Y-%m-%d",
            BatchSize.MONTH: "%Y-%m",
            BatchSize.YEAR: "%Y",
        }
        return start.strftime(formats[self])


EARLIEST = datetime(2, 1, 1, tzinfo=UTC)
LATEST = datetime(9998, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
"""The first and the last moment that anything may be given: a year within those that Python has,
so that there is a batch before each and one behind it, in every time zone."""


class EventWindow(Struct, frozen=True):
    """From `start`, up to `end` and without it."""

    start: datetime
    end: datetime

    def within(self, other: EventWindow | None) -> EventWindow:
        """The part of this window that lies in another one."""
        if other is None:
            return self
        return EventWindow(max(self.start, other.start), min(self.end, other.end))


class Reading(Struct, frozen=True):
    """Which rows templates read of what they refer to.

    Attributes:
        is_empty: none, so that only the columns are built.
        sample: those of a window, where the time of their event is known.
        batches: the window that microbatch models are built for, where it is given.
    """

    is_empty: bool = False
    sample: EventWindow | None = None
    batches: EventWindow | None = None


def windows(start: datetime, end: datetime, size: BatchSize) -> Iterator[EventWindow]:
    """The windows of one size from a start on; the last one stops at the end exactly."""
    while True:
        stop = size.offset(start, 1)
        if stop >= end:
            yield EventWindow(start, end)
            return
        yield EventWindow(start, stop)
        start = stop


def parse_moment(text: str) -> datetime:
    """A date, or a date with a time. Without a time zone it is in UTC.

    Raises:
        ValueError: it is neither, or not between `EARLIEST` and `LATEST`.
    """
    moment = datetime.fromisoformat(text.strip())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if not EARLIEST <= moment <= LATEST:
        raise ValueError(f"it is not between the years {EARLIEST.year} and {LATEST.year}")
    return moment.astimezone(UTC)


def parse_flag(text: str, flag: str) -> datetime:
    """A moment that a flag gives.

    Raises:
        UsageError: it is none.
    """
    try:
        return parse_moment(text)
    except ValueError as error:
        raise UsageError(
            f"{flag} is '{shortened(text)}', and must be a date or a time between the years "
            f"{EARLIEST.year} and {LATEST.year}, such as 2024-09-01 or 2024-09-01T12:30:00."
        ) from error


def parse_sample(text: str, now: datetime) -> EventWindow:
    """What `--sample` gives: `3 days` up to now, or `{start: 2024-07-01, end: 2024-07-08}`.

    Raises:
        UsageError: it is neither.
    """
    if text.lstrip().startswith("{"):
        return _given_window(text)
    words = text.split()
    if len(words) != 2 or not words[0].isdecimal():
        raise UsageError(
            f"--sample is '{shortened(text)}', and must be a number and a unit of time, such as "
            "'3 days', or '{start: 2024-07-01, end: 2024-07-08}'."
        )
    unit = words[1].lower().rstrip("s")
    try:
        size = BatchSize(unit)
    except ValueError as error:
        sizes = [size.value for size in BatchSize]
        raise UsageError(
            f"--sample: '{shortened(words[1])}' is no unit of time: there are {', '.join(sizes)}."
            f"{did_you_mean(unit, sizes)}"
        ) from error
    count = whole_number(words[0])
    start = None if count is None else _earlier(now, count, size)
    if start is None:
        raise UsageError(
            f"--sample is '{shortened(text)}', which reaches back to before the year "
            f"{EARLIEST.year}. Give a smaller number."
        )
    return EventWindow(start, now)


def _earlier(moment: datetime, count: int, size: BatchSize) -> datetime | None:
    """The moment so many hours, days, months or years before; None before all years.

    A month or a year back, the 31st is the last day of a month that has none.
    """
    moment = moment.astimezone(UTC)
    first = back(moment, count, size)
    if first is None:
        return None
    if size in (BatchSize.HOUR, BatchSize.DAY):
        return first + (moment - size.floor(moment))
    month = moment.month if size is BatchSize.YEAR else first.month
    day = min(moment.day, monthrange(first.year, month)[1])
    return moment.replace(year=first.year, month=month, day=day)


def back(moment: datetime, count: int, size: BatchSize) -> datetime | None:
    """What began `count` hours, days, months or years earlier; None before all years."""
    try:
        start = size.offset(moment, -count)
    except (OverflowError, ValueError):  # what datetime and timedelta have no numbers for
        return None
    return start if start >= EARLIEST else None


def _given_window(text: str) -> EventWindow:
    given = load_yaml_text(text, display="--sample")
    if not isinstance(given, dict) or given.keys() != {"start", "end"}:
        raise UsageError(f"--sample is '{shortened(text)}', and must have a 'start' and an 'end'.")
    window = EventWindow(
        *(parse_flag(str(given[key]), f"the {key} of --sample") for key in ("start", "end"))
    )
    if window.start >= window.end:
        raise UsageError("--sample: its start must come before its end.")
    return window


def parse_event_times(start: str | None, end: str | None) -> EventWindow | None:
    """What `--event-time-start` and `--event-time-end` say together.

    Raises:
        UsageError: only one is there, one is no time, or the end comes first.
    """
    if start is None and end is None:
        return None
    if start is None or end is None:
        missing, there = ("start", "end") if start is None else ("end", "start")
        raise UsageError(
            f"The flag `--event-time-{there}` was specified, but `--event-time-{missing}` was not. "
            f"When specifying `--event-time-{there}`, `--event-time-{missing}` must also be "
            "present."
        )
    window = EventWindow(
        parse_flag(start, "--event-time-start"), parse_flag(end, "--event-time-end")
    )
    if window.start >= window.end:
        raise UsageError(
            "Value for `--event-time-start` must be less than `--event-time-end`: "
            f"{start} is not before {end}."
        )
    return window
