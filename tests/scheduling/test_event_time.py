"""Which batches there are: from when, until when, and how many before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from headrace.engine.core.errors import CompilationError, HeadraceError, UsageError
from headrace.engine.core.results import NodeError, Status
from headrace.engine.manifest.reading.microbatch_settings import MAX_BATCHES, MicrobatchSettings
from headrace.engine.project.event_time import (
    EARLIEST,
    LATEST,
    BatchSize,
    EventWindow,
    Reading,
    back,
    parse_moment,
    parse_sample,
    windows,
)
from headrace.engine.running.microbatch import (
    Batch,
    BatchOutcome,
    Microbatch,
    plan_again,
    plan_batches,
)
from hypothesis import given
from hypothesis import strategies as st

MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)).map(
    lambda moment: moment.replace(tzinfo=UTC)
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def settings(size: BatchSize = BatchSize.DAY, lookback: int = 1) -> MicrobatchSettings:
    return MicrobatchSettings("at", at("2024-01-01"), size, lookback, None)


@pytest.mark.parametrize(
    ("size", "floor", "ceiling", "label"),
    [
        (BatchSize.HOUR, "2024-02-29T16:00", "2024-02-29T17:00", "2024-02-29T16"),
        (BatchSize.DAY, "2024-02-29", "2024-03-01", "2024-02-29"),
        (BatchSize.MONTH, "2024-02-01", "2024-03-01", "2024-02"),
        (BatchSize.YEAR, "2024-01-01", "2025-01-01", "2024"),
    ],
)
def test_moment_lies_in_one_batch(size: BatchSize, floor: str, ceiling: str, label: str) -> None:
    moment = at("2024-02-29T16:06:00")

    assert (size.floor(moment), size.ceiling(moment)) == (at(floor), at(ceiling))
    assert size.ceiling(at(floor)) == at(floor)
    assert size.label(at(floor)) == label


@given(MOMENTS, st.sampled_from(BatchSize), st.integers(-30, 30))
def test_offsets_add_up(moment: datetime, size: BatchSize, count: int) -> None:
    there = size.offset(moment, count)

    assert size.offset(there, -count) == size.floor(moment)
    assert size.floor(there) == there


@given(MOMENTS, st.integers(1, 40), st.sampled_from(BatchSize))
def test_windows_cover_the_time_without_gaps(start: datetime, count: int, size: BatchSize) -> None:
    begin, end = size.floor(start), size.offset(start, count)

    found = list(windows(begin, end, size))

    assert len(found) == count
    assert (found[0].start, found[-1].end) == (begin, end)
    assert all(one.end == other.start for one, other in pairwise(found))


def test_table_that_is_not_there_is_built_from_its_beginning() -> None:
    batches = plan_batches(settings(), Reading(), at("2024-01-03T12:00"), is_incremental=False)

    assert [batch.label for batch in batches] == ["2024-01-01", "2024-01-02", "2024-01-03"]
    assert [batch.is_incremental for batch in batches] == [False, True, True]


def test_more_batches_than_any_run_could_build_are_refused() -> None:
    hourly, nowhere = settings(BatchSize.HOUR), Reading()
    most = at("2024-01-01") + timedelta(hours=MAX_BATCHES)
    more = most + timedelta(minutes=1)

    assert len(plan_batches(hourly, nowhere, most, is_incremental=False)) == MAX_BATCHES
    with pytest.raises(CompilationError, match="more than 100,000 batches of one hour"):
        plan_batches(hourly, nowhere, more, is_incremental=False)


@pytest.mark.parametrize(
    ("now", "lookback", "first"),
    [
        ("2024-01-10T12:00", 1, "2024-01-09"),
        ("2024-01-10T12:00", 0, "2024-01-10"),
        ("2024-01-10T00:00", 1, "2024-01-08"),
        ("2024-01-10T12:00", 3, "2024-01-07"),
    ],
)
def test_table_that_is_there_gets_the_newest_batches(now: str, lookback: int, first: str) -> None:
    batches = plan_batches(settings(lookback=lookback), Reading(), at(now), is_incremental=True)

    assert batches[0].label == first
    assert batches[-1].window.end == BatchSize.DAY.ceiling(at(now))


def test_sample_is_relative_to_now() -> None:
    now = at("2024-03-31T12:34:56")

    starts = {
        "3 days": "2024-03-28T12:34:56",
        "1 hour": "2024-03-31T11:34:56",
        "13 hours": "2024-03-30T23:34:56",
        "1 month": "2024-02-29T12:34:56",
        "13 months": "2023-02-28T12:34:56",
        "2 years": "2022-03-31T12:34:56",
    }
    for text, start in starts.items():
        assert parse_sample(text, now) == EventWindow(at(start), now), text
    leap_day = at("2024-02-29T01:00")
    assert parse_sample("1 year", leap_day).start == at("2023-02-28T01:00")


@pytest.mark.parametrize("text", ["{start: 2024-01-01}", "{a: 1, b: 2}", "{}", "{x}", "{[a]: b}"])
def test_sample_that_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(HeadraceError) as failure:
        parse_sample(text, at("2024-01-10"))

    assert "--sample" in str(failure.value)


def test_unless_it_is_said_all_rows_are_read() -> None:
    assert Reading() == Reading(is_empty=False, sample=None, batches=None)


def test_moments_are_those_of_which_there_is_a_moment_before_and_after() -> None:
    assert parse_moment(EARLIEST.isoformat()) == EARLIEST
    assert parse_moment(LATEST.isoformat()) == LATEST
    for beyond in ("0001-12-31", "9999-01-01"):
        with pytest.raises(ValueError, match="between the years 2 and 9998"):
            parse_moment(beyond)


@pytest.mark.parametrize("size", BatchSize)
@pytest.mark.parametrize("count", [10**5 * 8784, 10**10, 10**25])
def test_what_began_before_all_years_has_no_moment(size: BatchSize, count: int) -> None:
    assert back(at("2024-01-10"), count, size) is None


def test_sample_may_be_a_window_and_must_not_end_before_it_starts() -> None:
    now = at("2024-01-10")

    window = parse_sample("{start: 2024-01-01, end: 2024-01-02}", now)

    assert window == EventWindow(at("2024-01-01"), at("2024-01-02"))
    for end in ("2024-01-01", "2023-12-31"):
        with pytest.raises(UsageError, match="its start must come before its end"):
            parse_sample(f"{{start: 2024-01-01, end: {end}}}", now)


async def test_status_of_a_model_is_that_of_the_batches_of_this_run() -> None:
    done = EventWindow(at("2024-01-01"), at("2024-01-02"))
    left = EventWindow(at("2024-01-02"), at("2024-01-03"))

    async def fail(batch: Batch) -> BatchOutcome:
        return BatchOutcome(batch, NodeError("Database Error", "no"))

    outcome = await Microbatch(plan_again(settings(), [left]), fail, 1, (done,)).run()

    assert (outcome.status, outcome.response.message) == (Status.ERROR, "ERROR")
    assert outcome.batches is not None
    assert outcome.batches.successful == ((done.start, done.end),)
    assert outcome.batches.failed == ((left.start, left.end),)
