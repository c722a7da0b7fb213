"""Fail-fast: the first failure cancels what is in flight, and nothing else is started."""

from __future__ import annotations

import asyncio

import anyio
import pytest
from headrace.engine.core.events import NodeCancelled, NodeFinished, NodeStarted
from headrace.engine.core.results import RunResult, Status
from hypothesis import given
from hypothesis import strategies as st

from .busy import CLEANUP_SECONDS, busy_rehearsal
from .support import Parents, Rehearsal, chain, dags, info, unhurried


@pytest.mark.parametrize("status", [Status.ERROR, Status.FAIL])
def test_failure_with_fail_fast_cancels_the_flight_and_skips_the_rest(status: Status) -> None:
    rehearsal = busy_rehearsal(fail_fast=True, bad=status).play()

    assert rehearsal.statuses == {
        "quick": Status.SUCCESS,
        "bad": status,
        "slow": Status.CANCELLED,
        "below_quick": Status.CANCELLED,
        "below_slow": Status.SKIPPED,
        "below_bad": Status.SKIPPED,
        "late": Status.SKIPPED,
    }
    rehearsal.check_one_final_status_each()
    assert {
        (result.message, result.because)
        for result in rehearsal.results.values()
        if result.status is Status.SKIPPED
    } == {("Skipping due to fail_fast", "bad")}


def test_flight_is_told_as_cancelled_only_after_it_has_ended() -> None:
    rehearsal = busy_rehearsal(fail_fast=True, bad=Status.ERROR).play()

    cancelled = rehearsal.place(NodeCancelled, "slow")
    assert rehearsal.end_times["slow"] == 2 + CLEANUP_SECONDS
    assert rehearsal.event_times[cancelled] >= rehearsal.end_times["slow"]
    assert rehearsal.results["slow"].execution_time == 2 + CLEANUP_SECONDS
    assert rehearsal.results["slow"].message == "Cancelled due to fail_fast"


def test_cancelled_node_is_timed_until_its_own_end() -> None:
    async def build(node: str, slot: int) -> RunResult:
        try:
            await anyio.sleep(1 if node == "bad" else 60)
        except asyncio.CancelledError:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(5 if node == "stubborn" else 2)
            raise
        return RunResult(info(node), Status.ERROR)

    parents: Parents = {"bad": [], "obedient": [], "stubborn": []}
    rehearsal = Rehearsal(parents, build=build, fail_fast=True).play()

    assert rehearsal.results["obedient"].execution_time == 3
    assert rehearsal.results["obedient"].thread_id == "Thread-2"
    assert rehearsal.results["stubborn"].execution_time == 6


def test_without_fail_fast_a_failure_cancels_nothing() -> None:
    rehearsal = busy_rehearsal(bad=Status.ERROR).play()

    assert rehearsal.statuses["slow"] is Status.SUCCESS
    assert rehearsal.statuses["late"] is Status.SUCCESS
    assert rehearsal.statuses["below_bad"] is Status.SKIPPED


def test_failure_of_the_last_node_with_fail_fast_ends_the_run_normally() -> None:
    outcomes = {"n000001": Status.ERROR}

    rehearsal = Rehearsal(chain(2), outcomes=outcomes, fail_fast=True).play()

    assert list(rehearsal.statuses.values()) == [Status.SUCCESS, Status.ERROR]


@unhurried
@given(dags(), st.data())
def test_no_node_starts_once_a_failure_is_known(parents: Parents, data: st.DataObject) -> None:
    nodes = st.sampled_from(sorted(parents))
    rehearsal = Rehearsal(
        parents,
        threads=data.draw(st.integers(1, 6)),
        seconds=data.draw(st.dictionaries(nodes, st.floats(0, 10))),
        outcomes=dict.fromkeys(data.draw(st.sets(nodes, min_size=1)), Status.ERROR),
        fail_fast=True,
    )

    rehearsal.play()

    events = rehearsal.events
    first_failure = next(
        place
        for place, event in enumerate(events)
        if isinstance(event, NodeFinished) and event.result.status.is_failure
    )
    assert not any(isinstance(event, NodeStarted) for event in events[first_failure:])
    rehearsal.check_one_final_status_each()


def test_build_that_was_through_before_its_cancellation_keeps_its_result() -> None:
    async def build(node: str, slot: int) -> RunResult:
        if node == "bad":
            await anyio.sleep(1)
            return RunResult(info(node), Status.ERROR)
        try:
            await anyio.sleep(60)
        except asyncio.CancelledError:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(CLEANUP_SECONDS)
        return RunResult(info(node), Status.SUCCESS, "COMMIT")

    parents: Parents = {"bad": [], "committing": [], "below": ["committing"]}
    rehearsal = Rehearsal(parents, build=build, fail_fast=True).play()

    assert rehearsal.results["committing"].message == "COMMIT"
    assert isinstance(rehearsal.events[rehearsal.place(NodeFinished, "committing")], NodeFinished)
    assert rehearsal.statuses["below"] is Status.SKIPPED
    rehearsal.check_one_final_status_each()
