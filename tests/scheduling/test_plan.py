"""The plan: what may run next, what never will, and in what order."""

from __future__ import annotations

import math

import pytest
from headrace.engine.core.errors import CycleError
from headrace.engine.core.graph import Graph
from headrace.engine.core.results import Status
from headrace.engine.running.plan import NodeState, Plan
from hypothesis import given
from hypothesis import strategies as st

from .support import Parents, ancestors, dags, unhurried

BLOCKING = [status for status in Status if status.blocks_children]


def make_plan(parents: Parents, weights: dict[str, float] | None = None) -> Plan:
    return Plan(Graph(parents), weights)


def pop_all(plan: Plan) -> list[str]:
    """Everything that is ready now, in the order in which it is given out."""
    popped: list[str] = []
    while (node := plan.pop_ready()) is not None:
        popped.append(node)
    return popped


def test_child_is_ready_once_all_its_parents_are_done() -> None:
    plan = make_plan({"a": [], "b": [], "c": ["a", "b"]})

    assert pop_all(plan) == ["a", "b"]
    plan.done("a", Status.SUCCESS)
    assert plan.pop_ready() is None
    plan.done("b", Status.SUCCESS)
    assert plan.pop_ready() == "c"


def test_first_ones_come_before_the_longest_path() -> None:
    parents: Parents = {"a": [], "b": ["a"], "c": ["b"], "log": [], "late": ["a"]}
    plan = Plan(Graph(parents), {"a": 50.0}, first=["log", "late"])

    assert pop_all(plan) == ["log", "a"]
    plan.done("a", Status.SUCCESS)
    assert pop_all(plan) == ["b", "late"]  # which waits for another, and has no privilege
    assert plan.order.index("b") < plan.order.index("c")


def test_plan_is_active_until_the_last_node_is_done() -> None:
    plan = make_plan({"a": []})

    assert plan.active
    plan.pop_ready()
    assert plan.active
    plan.done("a", Status.SUCCESS)
    assert not plan.active


def test_plan_of_nothing_is_not_active() -> None:
    plan = make_plan({})

    assert not plan.active
    assert plan.pop_ready() is None


def test_cycle_is_refused() -> None:
    with pytest.raises(CycleError):
        make_plan({"a": ["b"], "b": ["a"]})


@pytest.mark.parametrize("status", BLOCKING)
def test_everything_below_a_node_that_blocks_is_skipped_parents_first(status: Status) -> None:
    plan = make_plan({"a": [], "d": ["a"], "c": ["d"], "b": ["c", "a"], "other": []})
    pop_all(plan)

    skipped = plan.done("a", status)

    assert skipped == ["d", "c", "b"]
    assert plan.state("b") is NodeState.SKIPPED


@pytest.mark.parametrize("status", [status for status in Status if status not in BLOCKING])
def test_children_run_after_a_status_that_does_not_block(status: Status) -> None:
    plan = make_plan({"a": [], "b": ["a"]})
    plan.pop_ready()

    assert plan.done("a", status) == []
    assert plan.pop_ready() == "b"


def test_node_is_skipped_once_though_two_of_its_parents_fail() -> None:
    plan = make_plan({"a": [], "b": [], "c": ["a", "b"], "d": ["c"]})
    pop_all(plan)

    assert plan.done("a", Status.ERROR) == ["c", "d"]
    assert plan.done("b", Status.ERROR) == []
    assert not plan.active


def test_skipping_the_rest_leaves_only_what_is_running() -> None:
    plan = make_plan({"a": [], "b": [], "c": ["a"], "d": ["c"]}, {"a": 9.0})
    plan.pop_ready()

    assert plan.skip_rest() == ["c", "b", "d"]
    assert plan.active
    assert plan.pop_ready() is None
    assert plan.done("a", Status.SUCCESS) == []
    assert not plan.active


def test_states_are_counted() -> None:
    plan = make_plan({"a": [], "b": [], "c": ["a"], "d": ["c"]})
    plan.pop_ready()

    assert {state: plan.count(state) for state in NodeState} == {
        NodeState.WAITING: 2,
        NodeState.READY: 1,
        NodeState.RUNNING: 1,
        NodeState.DONE: 0,
        NodeState.SKIPPED: 0,
    }
    assert len(plan) == 4


def test_done_twice_is_refused() -> None:
    plan = make_plan({"a": []})
    plan.pop_ready()
    plan.done("a", Status.SUCCESS)

    with pytest.raises(ValueError, match="'a' is done"):
        plan.done("a", Status.SUCCESS)


def test_done_before_it_was_given_out_is_refused() -> None:
    plan = make_plan({"a": [], "b": ["a"]})

    with pytest.raises(ValueError, match="'a' is ready"):
        plan.done("a", Status.SUCCESS)
    with pytest.raises(ValueError, match="'b' is waiting"):
        plan.done("b", Status.SUCCESS)


def test_done_of_a_stranger_is_refused() -> None:
    with pytest.raises(ValueError, match="'x' is not in the plan"):
        make_plan({"a": []}).done("x", Status.SUCCESS)


def test_longest_path_comes_first_by_count_where_no_time_is_known() -> None:
    plan = make_plan({"a": [], "b": [], "b1": ["b"], "c": [], "c1": ["c"], "c2": ["c1"]})

    assert pop_all(plan) == ["c", "b", "a"]


def test_longest_path_comes_first_by_seconds_where_times_are_known() -> None:
    parents: Parents = {"a": [], "b": [], "b1": ["b"], "c": [], "c1": ["c"], "c2": ["c1"]}
    weights = {"a": 60.0, "b": 1.0, "b1": 30.0, "c": 1.0, "c1": 1.0, "c2": 1.0}

    assert pop_all(make_plan(parents, weights)) == ["a", "b", "c"]


def test_unknown_time_counts_as_the_mean_of_the_known_ones() -> None:
    parents: Parents = {"fast": [], "new": [], "slow": []}

    plan = make_plan(parents, {"fast": 2.0, "slow": 4.0, "gone": 1000.0})

    assert pop_all(plan) == ["slow", "new", "fast"]


@pytest.mark.parametrize("nonsense", [-1.0, math.nan, math.inf, float("inf")])
def test_weight_that_is_no_duration_counts_as_unknown(nonsense: float) -> None:
    parents: Parents = {"fast": [], "odd": [], "slow": []}

    plan = make_plan(parents, {"fast": 2.0, "odd": nonsense, "slow": 4.0})

    assert pop_all(plan) == ["slow", "odd", "fast"]


def test_equals_come_in_the_order_of_the_graph() -> None:
    assert pop_all(make_plan({"c": [], "a": [], "b": []})) == ["a", "b", "c"]


@unhurried
@given(dags(), st.data())
def test_order_by_priority_puts_parents_first_whatever_the_weights(
    parents: Parents, data: st.DataObject
) -> None:
    seconds = st.floats(min_value=0, max_value=1e9)
    weights = data.draw(st.dictionaries(st.sampled_from(sorted(parents)), seconds))

    order = make_plan(parents, weights).order

    assert sorted(order) == sorted(parents)
    assert all(order.index(parent) < order.index(n) for n in parents for parent in parents[n])


@unhurried
@given(dags(), st.data())
def test_every_node_runs_after_its_parents_or_is_skipped_below_a_failure(
    parents: Parents, data: st.DataObject
) -> None:
    failing = data.draw(st.sets(st.sampled_from(sorted(parents)), max_size=3))
    plan = make_plan(parents)
    running: list[str] = []
    done: set[str] = set()
    skipped: set[str] = set()

    while plan.active:
        running += pop_all(plan)
        node = data.draw(st.sampled_from(running))
        running.remove(node)
        assert done >= set(parents[node])
        newly_skipped = plan.done(node, Status.ERROR if node in failing else Status.SUCCESS)
        assert not skipped & set(newly_skipped)
        skipped |= set(newly_skipped)
        if node not in failing:
            done.add(node)

    assert not running
    assert skipped == {node for node in parents if failing & ancestors(parents, node)}


def test_child_of_a_failure_that_is_tolerated_runs() -> None:
    plan = Plan(Graph({"child": ["parent"], "other": ["strict"]}), tolerated=["parent"])
    assert {plan.pop_ready(), plan.pop_ready()} == {"parent", "strict"}

    assert plan.done("parent", Status.ERROR) == []
    assert plan.done("strict", Status.ERROR) == ["other"]

    assert plan.pop_ready() == "child"
