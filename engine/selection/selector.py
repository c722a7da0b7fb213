"""From a specification to nodes: unions, intersections, exclusions, and tests that come along."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct, field

from ..core.checkpoints import checked
from ..core.errors import SelectionError, did_you_mean
from ..core.graph import Graph
from ..manifest.nodes.model_node import Model
from ..manifest.nodes.node import Node
from ..manifest.nodes.test_nodes import Test
from ..manifest.nodes.unit_test_node import UnitTest
from .grammar import (
    Criterion,
    Difference,
    Everything,
    Intersection,
    Specification,
    Union,
    parse_flags,
)
from .hints import hint
from .methods import NAMED, predicate
from .name_patterns import has_wildcard
from .selection_context import MethodContext

_TESTS = (Test, UnitTest)
_NONE: frozenset[str] = frozenset()


class IndirectSelection(StrEnum):
    """Which tests come along with the nodes that are selected."""

    EAGER = "eager"
    """Every test of a selected node."""
    CAUTIOUS = "cautious"
    """Tests all of whose nodes are selected."""
    BUILDABLE = "buildable"
    """The same, where what the selected nodes are built of counts as selected."""
    EMPTY = "empty"
    """None: only what is selected itself."""


class Selection(Struct, frozen=True):
    """The ids selected, and each part that matched nothing, with a message about it."""

    selected: frozenset[str]
    unmatched: Mapping[str, str] = field(default_factory=dict)


class _Found(Struct, frozen=True):
    """What a part selects, and the tests of it that lack some of their nodes so far."""

    nodes: frozenset[str] = _NONE
    aside: frozenset[str] = _NONE


class Selector:
    """Selects among the nodes and sources of a manifest.

    Where tests come along only if all of their nodes are selected, a part of a selection sets
    aside those that lack some, and whoever puts the parts together looks at them again.

    Args:
        graph: what depends on what.
        context: what the methods look things up in.
        indirect: which tests come along where a criterion doesn't say.
        named: the selectors of the project.
    """

    def __init__(
        self,
        graph: Graph,
        context: MethodContext,
        *,
        indirect: IndirectSelection = IndirectSelection.EAGER,
        named: Mapping[str, Specification] | None = None,
    ) -> None:
        self._graph = graph
        self._context = context
        self._nodes = context.nodes
        self._indirect = indirect
        self._named = named or {}
        self._tests = _tests_by_node(context.nodes, graph)
        self._by_word: dict[str, list[Node]] | None = None
        self._found: dict[tuple[str, tuple[str, ...], str], frozenset[str]] = {}
        self._unmatched: dict[str, str] = {}

    def select(self, include: Sequence[str], exclude: Sequence[str] = ()) -> Selection:
        """What `include` names less what `exclude` names; everything where nothing is included.

        Raises:
            SelectionError: a criterion can't be read, its method doesn't exist, or what it
                asks an earlier run for isn't there.
            UsageError: an artifact of that run is of no use.
        """
        return self.evaluate(parse_flags(include, exclude))

    def evaluate(self, specification: Specification) -> Selection:
        """What a specification selects; otherwise as `select`."""
        self._unmatched = {}
        found = self._find(specification)
        return Selection(found.nodes, self._unmatched)

    def _find(self, specification: Specification) -> _Found:
        match specification:
            case Everything():
                return _Found(frozenset(self._nodes))
            case Criterion():
                return self._of_criterion(specification)
            case Union(parts=parts, is_typed=is_typed):
                found = [self._find(part) for part in parts]
                nodes = _NONE.union(*(each.nodes for each in found))
                aside = _NONE.union(*(each.nodes | each.aside for each in found))
                return self._gather(nodes, aside) if is_typed else _Found(nodes, aside)
            case Intersection(parts=parts, raw=raw):
                found = [self._find(part) for part in parts]
                nodes = _shared([each.nodes for each in found])
                aside = _shared([each.nodes | each.aside for each in found])
                if raw is None:
                    return _Found(nodes, aside)
                gathered = self._gather(nodes, aside)
                if not gathered.nodes:
                    self._unmatched[raw] = self._explain(raw, parts)
                return gathered
            case Difference(include=include, exclude=exclude):
                kept, dropped = self._find(include), self._find(exclude)
                return _Found(
                    kept.nodes - dropped.nodes,
                    (kept.nodes | kept.aside) - dropped.nodes - dropped.aside,
                )

    def _of_criterion(self, criterion: Criterion) -> _Found:
        key = (criterion.method, criterion.arguments, criterion.value)
        named = self._found.get(key)
        if named is None:
            named = self._found[key] = self._named_by(criterion)
        return self._with_tests(
            self._reach(criterion, named), IndirectSelection(criterion.indirect or self._indirect)
        )

    def _named_by(self, criterion: Criterion) -> frozenset[str]:
        """What a criterion names, without what it reaches along the graph."""
        if criterion.method == NAMED:
            return self._of_selector(criterion.value).nodes
        judge = predicate(criterion, self._context)
        found = checked(self._candidates(criterion))
        return frozenset(node.unique_id for node in found if judge(node))

    def _of_selector(self, name: str) -> _Found:
        if name not in self._named:
            raise no_such_selector(name, self._named)
        return self._find(self._named[name])

    def _candidates(self, criterion: Criterion) -> Iterable[Node]:
        """The nodes that a criterion may match: for a name in full, those that share a word."""
        if criterion.method not in ("fqn", "name") or has_wildcard(criterion.value):
            return self._nodes.values()
        if self._by_word is None:
            self._by_word = _nodes_by_word(self._nodes.values())
        words = {criterion.value, *criterion.value.split(".")}
        return (node for word in words for node in self._by_word.get(word, ()))

    def _reach(self, criterion: Criterion, named: frozenset[str]) -> frozenset[str]:
        """What is named, with as much of the graph around it as the criterion asks for."""
        reached = set(named)
        if criterion.parents:
            reached |= self._graph.ancestors(named, criterion.parents_depth)
        if criterion.children:
            reached |= self._graph.descendants(named, criterion.children_depth)
        if criterion.childrens_parents:
            below = named | self._graph.descendants(named)
            reached |= below | self._graph.ancestors(below)
        return frozenset(reached)

    def _with_tests(self, selected: frozenset[str], indirect: IndirectSelection) -> _Found:
        """What is selected with its tests, and the tests that lack a node."""
        if indirect is IndirectSelection.EMPTY:
            return _Found(selected)
        tests = _NONE.union(*(self._tests[node] for node in self._tests.keys() & selected))
        tests -= selected
        if indirect is IndirectSelection.EAGER:
            return _Found(selected | tests)
        at_hand = self._at_hand(selected, indirect)
        complete = frozenset(test for test in tests if at_hand.issuperset(self._needs(test)))
        return _Found(selected | complete, tests - complete)

    def _gather(self, nodes: frozenset[str], aside: frozenset[str]) -> _Found:
        """Take back tests that were set aside, and have all of their nodes by now."""
        if self._indirect in (IndirectSelection.EAGER, IndirectSelection.EMPTY) or nodes == aside:
            return _Found(nodes, aside)
        at_hand = self._at_hand(nodes, self._indirect, with_sources=False)
        complete = frozenset(
            test
            for test in aside - nodes
            if isinstance(self._nodes[test], Test) and at_hand.issuperset(self._needs(test))
        )
        return _Found(nodes | complete, aside)

    def _at_hand(
        self, selected: frozenset[str], indirect: IndirectSelection, *, with_sources: bool = True
    ) -> frozenset[str]:
        """The nodes that a test may need, to come along with what is selected."""
        if indirect is not IndirectSelection.BUILDABLE:
            return selected
        sources = self._context.manifest.sources.keys() if with_sources else ()
        return selected.union(self._graph.ancestors(selected), sources)

    def _needs(self, test: str) -> tuple[str, ...]:
        return self._context.manifest.parents.get(test, ())

    def _explain(self, raw: str, parts: Sequence[Specification]) -> str:
        hints = (hint(part, self._nodes) for part in parts if isinstance(part, Criterion))
        return (
            f"The selection criterion '{raw}' does not match any enabled nodes."
            f"{next(filter(None, hints), '')}"
        )


def no_such_selector(name: str, known: Iterable[str]) -> SelectionError:
    """The error for a selector that selectors.yml doesn't have."""
    names = list(known)
    return SelectionError(
        f"Could not find selector named {name}, expected one of {names}.{did_you_mean(name, names)}"
    )


def _tests_by_node(nodes: Mapping[str, Node], graph: Graph) -> Mapping[str, frozenset[str]]:
    """The tests of each node that isn't a test itself and has some."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for unique_id, node in checked(nodes.items()):
        if isinstance(node, _TESTS):
            for parent in graph.parents(unique_id):
                found[parent].add(unique_id)
    return {unique_id: frozenset(tests) for unique_id, tests in found.items()}


def _nodes_by_word(nodes: Iterable[Node]) -> dict[str, list[Node]]:
    """The nodes by each word that a name of theirs may begin with, or be."""
    found: defaultdict[str, list[Node]] = defaultdict(list)
    for node in checked(nodes):
        words = {step.partition(".")[0] for step in node.fqn[:2]} | {*node.fqn[-2:]}
        if isinstance(node, Model) and node.is_versioned:
            words |= {f"{node.name}_v{node.version}", node.versioned_name}
        for word in words:
            found[word].append(node)
    return found


def _shared(sets: Sequence[frozenset[str]]) -> frozenset[str]:
    return frozenset.intersection(*sets) if sets else _NONE
