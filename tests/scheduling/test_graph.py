"""The graph: reaching, ordering, cycles, and the order that survives a selection."""

from __future__ import annotations

import itertools
from random import Random

import pytest
from headrace.engine.core.errors import CycleError
from headrace.engine.core.graph import Graph
from hypothesis import given
from hypothesis import strategies as st

from .support import Parents, ancestors, chain, dags, unhurried

DIAMOND: Parents = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"], "e": ["d"]}


def test_parents_and_children_are_sorted() -> None:
    graph = Graph({"z": ["m", "a"], "m": ["a"], "a": []})

    assert graph.nodes == ("a", "m", "z")
    assert graph.parents("z") == ("a", "m")
    assert graph.children("a") == ("m", "z")


def test_parent_without_an_entry_is_a_node_without_parents() -> None:
    graph = Graph({"b": ["a"]})

    assert "a" in graph
    assert len(graph) == 2
    assert graph.parents("a") == ()


def test_stranger_raises_key_error() -> None:
    graph = Graph(DIAMOND)

    with pytest.raises(KeyError):
        graph.parents("x")
    with pytest.raises(KeyError):
        graph.ancestors(["x"])
    with pytest.raises(KeyError):
        graph.subgraph(["a", "x"])


@pytest.mark.parametrize(
    ("depth", "expected"),
    [(0, ""), (1, "d"), (2, "bcd"), (3, "abcd"), (None, "abcd"), (9, "abcd")],
)
def test_ancestors_go_as_deep_as_asked(depth: int | None, expected: str) -> None:
    graph = Graph(DIAMOND)

    assert graph.ancestors(["e"], depth) == set(expected)


@pytest.mark.parametrize(("depth", "expected"), [(0, ""), (1, "bc"), (2, "bcd"), (None, "bcde")])
def test_descendants_go_as_deep_as_asked(depth: int | None, expected: str) -> None:
    graph = Graph(DIAMOND)

    assert graph.descendants(["a"], depth) == set(expected)


def test_depth_counts_from_the_nearest_of_several_nodes() -> None:
    graph = Graph(chain(6, "n"))

    reached = graph.descendants(["n000000", "n000003"], 1)

    assert reached == {"n000001", "n000004"}


def test_node_is_among_its_own_company_only_where_another_one_reaches_it() -> None:
    graph = Graph(DIAMOND)

    assert graph.descendants(["a", "d"]) == set("bcde")
    assert graph.ancestors(["b", "c"]) == {"a"}


@unhurried
@given(dags())
def test_ancestors_and_descendants_agree_with_a_plain_walk(parents: Parents) -> None:
    graph = Graph(parents)

    for node in parents:
        assert graph.ancestors([node]) == ancestors(parents, node)
        assert graph.descendants([node]) == {n for n in parents if node in ancestors(parents, n)}


@unhurried
@given(dags(), st.randoms(use_true_random=False))
def test_order_puts_parents_first_and_is_the_same_however_listed(
    parents: Parents, random: Random
) -> None:
    shuffled = list(parents.items())
    random.shuffle(shuffled)

    order = Graph(parents).topological_order()

    assert sorted(order) == sorted(parents)
    assert all(order.index(parent) < order.index(n) for n in parents for parent in parents[n])
    assert Graph({node: named[::-1] for node, named in shuffled}).topological_order() == order


def test_cycle_names_its_nodes_each_a_parent_of_the_next() -> None:
    graph = Graph({"c": ["b"], "b": ["a"], "a": ["c"], "root": [], "below": ["c", "root"]})

    with pytest.raises(CycleError) as caught:
        graph.check_acyclic()

    assert caught.value.cycle == ("a", "b", "c", "a")


def test_node_that_depends_on_itself_is_a_cycle() -> None:
    with pytest.raises(CycleError) as caught:
        Graph({"a": ["a"]}).check_acyclic()

    assert caught.value.cycle == ("a", "a")


def test_cycle_of_100_000_nodes_is_found() -> None:
    parents = chain(100_000)
    parents["n000000"] = ["n099999"]

    with pytest.raises(CycleError) as caught:
        Graph(parents).check_acyclic()

    assert len(caught.value.cycle) == 100_001
    assert caught.value.cycle[:2] == ("n000000", "n000001")


def test_chain_of_100_000_nodes_is_reached_from_end_to_end() -> None:
    graph = Graph(chain(100_000))

    assert len(graph.ancestors(["n099999"])) == 99_999
    assert graph.topological_order() == graph.nodes


def test_order_holds_through_what_was_not_selected() -> None:
    graph = Graph(chain(5, "n"))

    kept = graph.subgraph(["n000000", "n000004"])

    assert kept.nodes == ("n000000", "n000004")
    assert kept.parents("n000004") == ("n000000",)


def test_subgraph_of_everything_is_the_same_graph() -> None:
    kept = Graph(DIAMOND).subgraph("abcde")

    assert {node: list(kept.parents(node)) for node in kept.nodes} == DIAMOND


@unhurried
@given(dags(), st.data())
def test_selected_nodes_keep_exactly_the_order_that_they_had(
    parents: Parents, data: st.DataObject
) -> None:
    selected = data.draw(st.sets(st.sampled_from(sorted(parents))))

    kept = Graph(parents).subgraph(selected)

    assert set(kept.nodes) == selected
    for node in selected:
        assert kept.ancestors([node]) == ancestors(parents, node) & selected
        assert set(parents[node]) & selected <= set(kept.parents(node))


def test_edges_stay_few_where_many_paths_cross() -> None:
    layers = [[f"l{layer:02}_{number:02}" for number in range(30)] for layer in range(40)]
    parents: Parents = {node: [] for node in layers[0]}
    for above, layer in itertools.pairwise(layers):
        parents |= dict.fromkeys(layer, above)
    selected = [node for layer in layers[::2] for node in layer]

    kept = Graph(parents).subgraph(selected)

    assert all(len(kept.parents(node)) in (0, 30) for node in kept.nodes)
