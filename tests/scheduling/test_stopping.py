"""What stops a run early: a failure, its host, or a bug. What was in flight ends first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import anyio
import pytest
from headrace.engine.events import NodeCancelled, NodeFinished, NodeSkipped, NodeStarted
from headrace.engine.results import RunResult, Status
from hypothesis import given
from hypothesis import strategies as st

from .support import Lifecycle, Parents, Rehearsal, chain, dags, info, unhurried
from .virtual_time import run_virtual

# Three in flight at a time: `bad` fails after 2 seconds, when `quick` is through.
BUSY: Parents = {
    "bad": [],
    "quick": [],
    "slow": [],
    "below_bad": ["bad"],
    "below_quick": ["quick"],
    "below_slow": ["slow"],
    "late": ["below_quick"],
}
BUSY_SECONDS = {"bad": 2.0, "quick": 1.0, "slow": 60.0, "below_quick": 60.0}
CLEANUP_SECONDS = 3.0


class BugError(Exception):
    """What a build should never raise."""


def build_that_tidies_up(
    rehearsal: Callable[[], Rehearsal],
) -> Callable[[str, int], Awaitable[RunResult]]:
    """A build whose query takes a while to end at the database, once it is cancelled."""

    async def build(node: str, slot: int) -> RunResult:
        try:
            return await rehearsal().build(node, slot)
        except asyncio.CancelledError:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(CLEANUP_SECONDS)
            rehearsal().end_times[node] = asyncio.get_running_loop().time()
            raise

    return build


def busy_rehearsal(*, fail_fast: bool = False, **outcomes: Status | BaseException) -> Rehearsal:
    rehearsal: Rehearsal = Rehearsal(
        BUSY,
        threads=3,
        fail_fast=fail_fast,
        seconds=BUSY_SECONDS,
        outcomes=outcomes,
        build=build_that_tidies_up(lambda: rehearsal),
    )
    return rehearsal


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


async def cancel_natively(rehearsal: Rehearsal, after: float) -> None:
    task = asyncio.create_task(rehearsal.run())
    await asyncio.sleep(after)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def cancel_by_asyncio_timeout(rehearsal: Rehearsal, after: float) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(after):
            await rehearsal.run()


async def cancel_by_anyio_scope(rehearsal: Rehearsal, after: float) -> None:
    with anyio.move_on_after(after) as scope:
        await rehearsal.run()
        pytest.fail("the cancellation was not raised again")
    assert scope.cancelled_caught


async def cancel_by_anyio_task_group(rehearsal: Rehearsal, after: float) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(rehearsal.run)
        await anyio.sleep(after)
        tasks.cancel_scope.cancel()


Cancel = Callable[[Rehearsal, float], Awaitable[None]]
any_host = pytest.mark.parametrize(
    "cancel",
    [
        cancel_natively,
        cancel_by_asyncio_timeout,
        cancel_by_anyio_scope,
        cancel_by_anyio_task_group,
    ],
)


def play_cancelled(rehearsal: Rehearsal, cancel: Cancel, after: float) -> None:
    """Play it while its host cancels it, and check that no task is left."""

    async def scenario() -> None:
        await cancel(rehearsal, after)
        assert len(asyncio.all_tasks()) == 1

    run_virtual(scenario())


@any_host
def test_host_that_cancels_finds_the_flight_cancelled_and_the_rest_skipped(cancel: Cancel) -> None:
    rehearsal = busy_rehearsal()

    play_cancelled(rehearsal, cancel, 1.5)

    assert rehearsal.statuses == {
        "quick": Status.SUCCESS,
        "bad": Status.CANCELLED,
        "slow": Status.CANCELLED,
        "below_quick": Status.CANCELLED,
        "below_slow": Status.SKIPPED,
        "below_bad": Status.SKIPPED,
        "late": Status.SKIPPED,
    }
    assert rehearsal.end_times["slow"] == 1.5 + CLEANUP_SECONDS
    assert rehearsal.results["slow"].message == "Cancelled: the run was interrupted"
    assert rehearsal.results["late"].message == "Skipped: the run was interrupted"
    assert rehearsal.results["late"].because is None
    rehearsal.check_one_final_status_each()


@any_host
def test_host_that_cancels_a_run_that_is_failing_fast_already_is_obeyed(cancel: Cancel) -> None:
    rehearsal = busy_rehearsal(fail_fast=True, bad=Status.ERROR)

    play_cancelled(rehearsal, cancel, 3)

    assert rehearsal.statuses["slow"] is Status.CANCELLED
    assert rehearsal.results["late"].message == "Skipping due to fail_fast"
    assert rehearsal.end_times["slow"] == 2 + CLEANUP_SECONDS
    rehearsal.check_one_final_status_each()


@any_host
def test_build_that_was_through_keeps_its_result_when_the_host_cancels(cancel: Cancel) -> None:
    async def build(node: str, slot: int) -> RunResult:
        try:
            await anyio.sleep(60)
        except asyncio.CancelledError:
            return RunResult(info(node), Status.SUCCESS, "COMMIT")
        raise AssertionError("it was not cancelled")

    rehearsal = Rehearsal(chain(2), build=build)

    play_cancelled(rehearsal, cancel, 1)

    assert rehearsal.statuses == {"n000000": Status.SUCCESS, "n000001": Status.SKIPPED}
    rehearsal.check_one_final_status_each()


@unhurried
@given(dags(), st.data())
def test_cancelled_at_any_moment_every_node_has_one_final_status(
    parents: Parents, data: st.DataObject
) -> None:
    nodes = st.sampled_from(sorted(parents))
    rehearsal: Rehearsal = Rehearsal(
        parents,
        threads=data.draw(st.integers(1, 6)),
        seconds=data.draw(st.dictionaries(nodes, st.floats(0.1, 10))),
        outcomes=data.draw(st.dictionaries(nodes, st.just(Status.ERROR), max_size=2)),
        fail_fast=data.draw(st.booleans()),
        build=build_that_tidies_up(lambda: rehearsal),
    )
    moment = data.draw(st.floats(0, 20))

    async def scenario() -> bool:
        with anyio.move_on_after(moment) as scope:
            await rehearsal.run()
        return scope.cancelled_caught

    interrupted = run_virtual(scenario())

    rehearsal.check_one_final_status_each()
    messages = {result.message for result in rehearsal.results.values()}
    assert interrupted or not any("interrupted" in message for message in messages)


def test_node_cancelled_before_its_build_began_is_told_as_cancelled() -> None:
    rehearsal = Rehearsal({"a": [], "b": ["a"], "c": []})

    async def scenario() -> None:
        with anyio.CancelScope() as scope:
            rehearsal.on_event = lambda event: scope.cancel()
            await rehearsal.run()

    run_virtual(scenario())

    assert rehearsal.started == ["a"]
    assert rehearsal.end_times == {}
    assert rehearsal.statuses["a"] is Status.CANCELLED
    rehearsal.check_one_final_status_each()


def test_error_of_whoever_takes_the_events_travels_and_ends_the_flight() -> None:
    rehearsal = Rehearsal(chain(3))
    failures = iter([BugError("disk full")])

    def fail_once(event: Lifecycle) -> None:
        for failure in failures:
            raise failure

    rehearsal.on_event = fail_once

    with pytest.raises(BugError, match="disk full"):
        rehearsal.play()

    assert rehearsal.statuses["n000000"] is Status.CANCELLED
    rehearsal.check_one_final_status_each()


def test_run_cancelled_before_it_begins_starts_nothing() -> None:
    rehearsal = Rehearsal(chain(3))

    async def scenario() -> None:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await rehearsal.run()

    run_virtual(scenario())

    assert rehearsal.started == []
    assert set(rehearsal.statuses.values()) == {Status.SKIPPED}


def test_bug_in_a_build_travels_as_it_is_and_stops_the_run() -> None:
    cause = KeyError("why")
    bug = BugError("password=hunter2")
    bug.__cause__ = cause
    rehearsal = busy_rehearsal(bad=bug)

    with pytest.raises(BugError) as caught:
        rehearsal.play()

    assert caught.value is bug
    assert bug.__cause__ is cause
    rehearsal.check_one_final_status_each()
    assert rehearsal.statuses["slow"] is Status.CANCELLED
    assert rehearsal.end_times["slow"] == 2 + CLEANUP_SECONDS
    assert rehearsal.results["late"].message == "Skipped: there was an internal error in bad"
    assert rehearsal.results["late"].because == "bad"


def test_node_with_a_bug_ends_as_an_error_that_gives_nothing_away() -> None:
    rehearsal = busy_rehearsal(bad=BugError("password=hunter2"))

    with pytest.raises(BugError):
        rehearsal.play()

    result = rehearsal.results["bad"]
    assert result.status is Status.ERROR
    assert result.message == "Internal error: BugError"
    assert result.error is not None
    assert result.error.title == "Internal Error in model bad (models/bad.sql)"
    assert "hunter2" not in repr(result)


def test_bugs_in_several_builds_travel_together() -> None:
    outcomes = {"a": BugError("one"), "b": BugError("two")}
    rehearsal = Rehearsal({"a": [], "b": [], "c": ["a"]}, outcomes=outcomes)

    with pytest.raises(ExceptionGroup) as caught:
        rehearsal.play()

    assert sorted(str(bug) for bug in caught.value.exceptions) == ["one", "two"]
    rehearsal.check_one_final_status_each()


def test_keyboard_interrupt_in_a_build_travels() -> None:
    rehearsal = busy_rehearsal(bad=KeyboardInterrupt())

    with pytest.raises(KeyboardInterrupt):
        rehearsal.play()


def test_cancelling_1000_nodes_in_flight_takes_less_than_two_seconds() -> None:
    count = 1000
    parents: Parents = {f"n{number}": [] for number in range(count)} | {"last": ["n0"]}
    all_in_flight = asyncio.Event()
    in_flight: set[str] = set()

    async def build(node: str, slot: int) -> RunResult:
        in_flight.add(node)
        if len(in_flight) == count:
            all_in_flight.set()
        try:
            await anyio.sleep_forever()
        finally:
            in_flight.remove(node)
        raise AssertionError("nobody wakes it")

    rehearsal = Rehearsal(parents, threads=count, build=build)

    async def scenario() -> float:
        loop = asyncio.get_running_loop()
        task = asyncio.create_task(rehearsal.run())
        await all_in_flight.wait()
        cancelled_at = loop.time()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return loop.time() - cancelled_at

    seconds = asyncio.run(scenario())

    assert seconds <= 2
    assert not in_flight
    assert sum(isinstance(event, NodeCancelled) for event in rehearsal.events) == count
    assert isinstance(rehearsal.events[-1], NodeSkipped)
    rehearsal.check_one_final_status_each()
