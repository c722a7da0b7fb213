"""A host that cancels the run: by any of its means, at any moment, and with much in flight."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import anyio
import pytest
from headrace.engine.core.events import NodeCancelled, NodeSkipped
from headrace.engine.core.results import RunResult, Status
from hypothesis import given
from hypothesis import strategies as st

from .busy import CLEANUP_SECONDS, build_that_tidies_up, busy_rehearsal
from .support import Parents, Rehearsal, chain, dags, info, unhurried
from .virtual_time import run_virtual


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


def test_run_cancelled_before_it_begins_starts_nothing() -> None:
    rehearsal = Rehearsal(chain(3))

    async def scenario() -> None:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await rehearsal.run()

    run_virtual(scenario())

    assert rehearsal.started == []
    assert set(rehearsal.statuses.values()) == {Status.SKIPPED}


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
        task = asyncio.create_task(rehearsal.run())
        await all_in_flight.wait()
        # Nothing is waited for here: what it takes is CPU, whatever else the machine does.
        cancelled_at = time.process_time()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return time.process_time() - cancelled_at

    seconds = asyncio.run(scenario())

    assert seconds <= 2
    assert not in_flight
    assert sum(isinstance(event, NodeCancelled) for event in rehearsal.events) == count
    assert isinstance(rehearsal.events[-1], NodeSkipped)
    rehearsal.check_one_final_status_each()
