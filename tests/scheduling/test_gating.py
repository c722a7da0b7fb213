"""What stands between a model and the models downstream in `build`: its tests."""

from __future__ import annotations

from headrace.engine.core.graph import Graph, gate_with_tests, gate_with_unit_tests
from hypothesis import given
from hypothesis import strategies as st

from .support import Parents, ancestors, dags, unhurried


def test_children_wait_for_the_tests_of_their_parent() -> None:
    parents = {"a": [], "b": ["a"], "c": ["b"], "unique_a": ["a"]}

    gated = gate_with_tests(parents, {"unique_a": ["a"]})

    assert gated == {"a": set(), "b": {"a", "unique_a"}, "c": {"b"}, "unique_a": {"a"}}


def test_tests_do_not_wait_for_each_other() -> None:
    parents = {"a": [], "t1": ["a"], "t2": ["a"]}

    gated = gate_with_tests(parents, {"t1": ["a"], "t2": ["a"]})

    assert gated == {"a": set(), "t1": {"a"}, "t2": {"a"}}


def test_relationship_test_stands_before_what_is_below_both_its_models() -> None:
    parents = {"customers": [], "orders": [], "joined": ["customers", "orders"], "end": ["joined"]}
    tests = {"relationships": ["customers", "orders"]}

    gated = gate_with_tests(parents, tests)

    assert gated["joined"] == {"customers", "orders", "relationships"}
    assert gated["end"] == {"joined"}


def test_relationship_test_does_not_hold_up_what_is_below_only_one_of_its_models() -> None:
    parents = {"customers": [], "orders": ["customers"], "other": ["customers"], "end": ["orders"]}
    tests = {"relationships": ["customers", "orders"]}

    gated = gate_with_tests(parents, tests)

    assert gated["orders"] == {"customers"}
    assert gated["other"] == {"customers"}
    assert gated["end"] == {"orders", "relationships"}


def test_what_the_graph_says_that_a_test_needs_counts_as_tested() -> None:
    parents = {"a": [], "b": [], "below_a": ["a"], "below_both": ["a", "b"], "t": ["a", "b"]}

    gated = gate_with_tests(parents, {"t": ["a"]})

    assert "t" not in gated["below_a"]
    assert "t" in gated["below_both"]


def test_test_of_nothing_gates_nothing() -> None:
    gated = gate_with_tests({"a": [], "b": ["a"]}, {"t": []})

    assert gated == {"a": set(), "b": {"a"}, "t": set()}


@unhurried
@given(dags(), st.data())
def test_node_waits_for_a_test_exactly_if_it_is_below_all_that_the_test_needs(
    parents: Parents, data: st.DataObject
) -> None:
    tested = st.sets(st.sampled_from(sorted(parents)), min_size=1, max_size=4)
    tests = {f"t{number}": data.draw(tested) for number in range(data.draw(st.integers(0, 5)))}

    gated = gate_with_tests(parents, tests)

    graph = Graph(gated)
    graph.check_acyclic()
    for node in parents:
        expected = {test for test, needed in tests.items() if needed <= ancestors(parents, node)}
        assert graph.ancestors([node]) & tests.keys() == expected
        assert graph.ancestors([node]) - tests.keys() == ancestors(parents, node)


def test_unit_test_needs_what_its_model_needs_and_comes_before_it() -> None:
    parents = {"raw": (), "model": ("raw",), "below": ("model",)}

    gated = gate_with_unit_tests(parents, {"unit": "model", "other": "model", "root": "raw"})

    assert gated == {
        "raw": {"root"},
        "root": set(),
        "unit": {"raw"},
        "other": {"raw"},
        "model": {"raw", "unit", "other"},
        "below": {"model"},
    }
