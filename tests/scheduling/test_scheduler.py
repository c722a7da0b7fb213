"""The scheduler on its way through a run that nothing stops."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import anyio
import pytest
from headrace.engine.core.events import NodeCancelled, NodeFinished, NodeSkipped, NodeStarted
from headrace.engine.core.graph import Graph
from headrace.engine.core.results import RunResult, Status
from headrace.engine.running.plan import Plan
from headrace.engine.running.scheduler import Scheduler
from hypothesis import given
from hypothesis import strategies as st

from .support import Parents, Rehearsal, ancestors, chain, dags, info, unhurried
from .virtual_time import run_virtual

DURATIONS = st.floats(min_value=0, max_value=100)
ENDINGS = st.sampled_from([status for status in Status if status is not Status.SKIPPED])


@st.composite
def rehearsals(draw: st.DrawFn, *, fail_fast: bool | None = None) -> Rehearsal:
    """Random DAGs, durations, endings and numbers of threads."""
    parents = draw(dags())
    nodes = st.sampled_from(sorted(parents))
    return Rehearsal(
        parents,
        threads=draw(st.integers(1, 6)),
        seconds=draw(st.dictionaries(nodes, DURATIONS)),
        outcomes=draw(st.dictionaries(nodes, ENDINGS, max_size=4)),
        fail_fast=draw(st.booleans()) if fail_fast is None else fail_fast,
    )


@unhurried
@given(rehearsals())
def test_every_node_gets_exactly_one_final_status(rehearsal: Rehearsal) -> None:
    rehearsal.play()

    rehearsal.check_one_final_status_each()


@unhurried
@given(rehearsals())
def test_no_node_starts_before_its_parents_have_finished(rehearsal: Rehearsal) -> None:
    rehearsal.play()

    for node in rehearsal.started:
        start = rehearsal.place(NodeStarted, node)
        for parent in rehearsal.parents[node]:
            assert rehearsal.place(NodeFinished, parent) < start
            assert not rehearsal.statuses[parent].blocks_children


@unhurried
@given(rehearsals())
def test_never_more_than_threads_are_in_flight_or_alive_as_tasks(rehearsal: Rehearsal) -> None:
    rehearsal.play()

    assert rehearsal.most_in_flight <= rehearsal.threads
    assert rehearsal.most_tasks <= rehearsal.threads + 1  # the one that runs the scheduler


@unhurried
@given(rehearsals())
def test_skipped_node_names_an_ancestor_that_did_not_succeed(rehearsal: Rehearsal) -> None:
    rehearsal.play()

    for node, result in rehearsal.results.items():
        if result.message.startswith("Skipped: it depends on"):
            assert result.because in ancestors(rehearsal.parents, node)
            assert rehearsal.statuses[result.because].blocks_children
            assert result.because in result.message


@unhurried
@given(rehearsals(fail_fast=False))
def test_exactly_what_is_below_a_failure_is_skipped(rehearsal: Rehearsal) -> None:
    rehearsal.play()

    failed = {node for node, status in rehearsal.statuses.items() if status.is_failure}
    skipped = {node for node, status in rehearsal.statuses.items() if status is Status.SKIPPED}
    assert skipped == {n for n in rehearsal.parents if failed & ancestors(rehearsal.parents, n)}


def test_events_tell_the_story_of_each_node_in_order() -> None:
    rehearsal = Rehearsal({"a": [], "b": ["a"], "c": ["b"]}, outcomes={"b": Status.FAIL})

    rehearsal.play()

    assert [(type(event), event.index) for event in rehearsal.events] == [
        (NodeStarted, 1),
        (NodeFinished, 1),
        (NodeStarted, 2),
        (NodeFinished, 2),
        (NodeSkipped, 3),
    ]
    assert rehearsal.results["c"] == RunResult(
        info("c"), Status.SKIPPED, "Skipped: it depends on b, which failed", because="b"
    )


def test_results_stand_in_the_order_in_which_they_came() -> None:
    rehearsal = Rehearsal({"slow": [], "quick": [], "after": ["quick"]}, seconds={"slow": 9})

    rehearsal.play()

    assert list(rehearsal.results) == ["quick", "after", "slow"]
    assert isinstance(rehearsal.results, MappingProxyType)


def test_start_is_timed_by_the_given_clock() -> None:
    rehearsal = Rehearsal({"a": [], "b": ["a"]}, seconds={"a": 2.5})

    rehearsal.play()

    started = rehearsal.events[rehearsal.place(NodeStarted, "b")]
    assert isinstance(started, NodeStarted)
    assert started.started_at == datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=2.5)


def test_slots_are_numbered_from_one_and_the_lowest_free_one_is_taken() -> None:
    taken: list[tuple[str, int]] = []

    async def build(node: str, slot: int) -> RunResult:
        taken.append((node, slot))
        await anyio.sleep({"a": 1, "b": 5, "c": 9}.get(node, 1))
        return RunResult(info(node), Status.SUCCESS)

    Rehearsal({"a": [], "b": [], "c": [], "d": ["a"], "e": ["b"]}, build=build).play()

    assert taken == [("a", 1), ("b", 2), ("c", 3), ("d", 1), ("e", 1)]


def test_node_is_chosen_when_the_slot_frees_and_not_before() -> None:
    parents: Parents = {"first": [], "ready_all_along": [], "child": ["first"]}
    weights = {"first": 1.0, "ready_all_along": 2.0, "child": 3.0}

    rehearsal = Rehearsal(parents, threads=1, weights=weights).play()

    assert rehearsal.started == ["first", "child", "ready_all_along"]


def test_reports_of_one_moment_all_count_before_the_next_node_is_chosen() -> None:
    parents: Parents = {"x": [], "y": [], "below_x": ["x"], "below_y": ["y"]}
    weights = {"x": 9.0, "y": 1.0, "below_x": 1.0, "below_y": 2.0}

    rehearsal = Rehearsal(parents, threads=2, weights=weights).play()

    assert rehearsal.started == ["x", "y", "below_y", "below_x"]


def test_status_warn_and_pass_let_children_run() -> None:
    outcomes = {"a": Status.WARN, "b": Status.PASS}

    rehearsal = Rehearsal({"a": [], "b": ["a"], "c": ["b"]}, outcomes=outcomes).play()

    assert rehearsal.statuses["c"] is Status.SUCCESS


def test_node_that_its_build_skips_is_told_as_skipped() -> None:
    rehearsal = Rehearsal({"a": [], "b": ["a"]}, outcomes={"a": Status.SKIPPED}).play()

    assert [type(event) for event in rehearsal.events] == [NodeStarted, NodeSkipped, NodeSkipped]
    assert rehearsal.results["b"].message == "Skipped: it depends on a, which was skipped"


def test_build_that_somebody_cancels_takes_only_its_descendants_along() -> None:
    outcomes = {"a": asyncio.CancelledError()}

    rehearsal = Rehearsal({"a": [], "b": ["a"], "c": [], "d": ["c"]}, outcomes=outcomes).play()

    assert rehearsal.statuses == {
        "a": Status.CANCELLED,
        "b": Status.SKIPPED,
        "c": Status.SUCCESS,
        "d": Status.SUCCESS,
    }
    assert isinstance(rehearsal.events[rehearsal.place(NodeCancelled, "a")], NodeCancelled)
    assert rehearsal.results["b"].because == "a"


def test_plan_of_nothing_ends_at_once() -> None:
    assert Rehearsal({}).play().events == []


def test_chain_of_50_000_nodes_runs() -> None:
    async def build(node: str, slot: int) -> RunResult:
        return RunResult(info(node), Status.SUCCESS)

    rehearsal = Rehearsal(chain(50_000), build=build).play()

    assert rehearsal.started == list(rehearsal.parents)
    assert set(rehearsal.statuses.values()) == {Status.SUCCESS}


def test_failure_at_the_head_of_a_chain_of_50_000_skips_the_others() -> None:
    rehearsal = Rehearsal(chain(50_000), outcomes={"n000000": Status.ERROR}).play()

    assert rehearsal.started == ["n000000"]
    assert {result.because for result in rehearsal.results.values()} == {None, "n000000"}


def test_no_task_outlives_the_run() -> None:
    async def scenario() -> set[asyncio.Task[object]]:
        await Rehearsal(chain(3), threads=3).run()
        return asyncio.all_tasks() - {asyncio.current_task()}

    assert run_virtual(scenario()) == set()


def test_two_runs_in_one_loop_do_not_see_each_other() -> None:
    good = Rehearsal(chain(5))
    bad = Rehearsal(chain(5), outcomes={"n000001": Status.ERROR}, fail_fast=True)

    async def scenario() -> None:
        async with anyio.create_task_group() as both:
            both.start_soon(good.run)
            both.start_soon(bad.run)

    run_virtual(scenario())

    assert set(good.statuses.values()) == {Status.SUCCESS}
    bad.check_one_final_status_each()


def test_threads_below_one_are_refused() -> None:
    with pytest.raises(ValueError, match="threads is 0"):
        Rehearsal({"a": []}, threads=0)


def test_node_without_a_name_is_refused() -> None:
    async def build(node: str, slot: int) -> RunResult:
        raise AssertionError(f"{node} {slot}")

    with pytest.raises(ValueError, match="'a', which is in the plan"):
        Scheduler(
            Plan(Graph({"a": []})), {}, build, threads=1, fail_fast=False, emit=lambda event: None
        )


@unhurried
@given(rehearsals(fail_fast=False))
def test_run_that_nothing_stops_tells_the_same_story_twice(rehearsal: Rehearsal) -> None:
    again = Rehearsal(
        rehearsal.parents,
        threads=rehearsal.threads,
        seconds=rehearsal.seconds,
        outcomes=rehearsal.outcomes,
    )

    assert again.play().events == rehearsal.play().events
