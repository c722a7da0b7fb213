"""From criteria to nodes: unions, intersections, exclusions, and the tests that come along."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from ..errors import did_you_mean
from ..graph import Graph
from ..manifest.manifest import Manifest
from ..manifest.nodes import Node, Test
from ..manifest.unit_test_node import UnitTest
from .grammar import Criterion, Union, parse_selection
from .methods import matching

_TESTS = (Test, UnitTest)


class Selection(Struct, frozen=True):
    """The ids selected, and a message for each criterion that matched nothing."""

    selected: frozenset[str]
    unmatched: tuple[str, ...] = ()


class Selector:
    """Selects among the nodes and sources of a manifest."""

    def __init__(self, manifest: Manifest, graph: Graph) -> None:
        self._nodes: Mapping[str, Node] = manifest.everything
        self._graph = graph

    def select(self, include: Sequence[str], exclude: Sequence[str] = ()) -> Selection:
        """What `include` names less what `exclude` names; everything where nothing is included.

        Raises:
            SelectionError: a criterion can't be read, or its method doesn't exist.
        """
        unmatched: list[str] = []
        chosen = self._union(parse_selection(include), unmatched) if include else set(self._nodes)
        dropped = self._union(parse_selection(exclude), unmatched) if exclude else set()
        return Selection(frozenset(chosen - dropped), tuple(unmatched))

    def _union(self, union: Union, unmatched: list[str]) -> set[str]:
        found: set[str] = set()
        for alternative in union:
            found |= self._intersection(alternative, unmatched)
        return self._with_tests(found)

    def _intersection(self, criteria: Iterable[Criterion], unmatched: list[str]) -> set[str]:
        sets = []
        for criterion in criteria:
            named = matching(criterion, self._nodes.values())
            if not named:
                unmatched.append(self._explain(criterion))
            sets.append(self._with_tests(self._reach(criterion, named)))
        return set.intersection(*sets) if sets else set()

    def _reach(self, criterion: Criterion, named: set[str]) -> set[str]:
        """What is named, with as much of the graph around it as the criterion asks for."""
        reached = set(named)
        if criterion.parents:
            reached |= self._graph.ancestors(named, criterion.parents_depth)
        if criterion.children:
            reached |= self._graph.descendants(named, criterion.children_depth)
        if criterion.childrens_parents:
            below = named | self._graph.descendants(named)
            reached |= below | self._graph.ancestors(below)
        return reached

    def _with_tests(self, selected: set[str]) -> set[str]:
        """Tests come along with any node that they test: dbt's "eager" way."""
        tests = {
            child
            for unique_id in selected
            if not isinstance(self._nodes[unique_id], _TESTS)
            for child in self._graph.children(unique_id)
            if isinstance(self._nodes[child], _TESTS)
        }
        return selected | tests

    def _explain(self, criterion: Criterion) -> str:
        names = [node.name for node in self._nodes.values()]
        hint = did_you_mean(criterion.value, names) if criterion.method == "fqn" else ""
        return f"The selection criterion '{criterion.raw}' does not match any enabled nodes.{hint}"
