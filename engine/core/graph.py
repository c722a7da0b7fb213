"""Who depends on whom: an immutable graph of ids, and the order that it puts them in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Self

from .checkpoints import checked
from .errors import CycleError


class Graph:
    """Nodes and the edges from each parent to its children. Never changes.

    Everything that comes out in an order comes out in the same order for the same edges,
    however they were listed.
    """

    __slots__ = ("_children", "_parents")

    def __init__(self, parents: Mapping[str, Iterable[str]]) -> None:
        """A graph from each node's parents. A parent without an entry has none itself."""
        listed = {node: set(named) for node, named in parents.items()}
        nodes = sorted(listed.keys() | set().union(*listed.values()))
        self._parents = {node: tuple(sorted(listed.get(node, ()))) for node in nodes}
        children: dict[str, list[str]] = {node: [] for node in nodes}
        for node, named in checked(self._parents.items()):
            for parent in named:
                children[parent].append(node)
        self._children = {node: tuple(named) for node, named in children.items()}

    def __len__(self) -> int:
        return len(self._parents)

    def __contains__(self, node: object) -> bool:
        return node in self._parents

    @property
    def nodes(self) -> tuple[str, ...]:
        """Every node, sorted by id."""
        return tuple(self._parents)

    def parents(self, node: str) -> tuple[str, ...]:
        """What the node itself depends on, sorted. Raises KeyError for a stranger."""
        return self._parents[node]

    def children(self, node: str) -> tuple[str, ...]:
        """What depends on the node itself, sorted. Raises KeyError for a stranger."""
        return self._children[node]

    def ancestors(self, nodes: Iterable[str], depth: int | None = None) -> set[str]:
        """What the nodes depend on, at most `depth` edges away.

        One of the nodes is among them only where another one depends on it. The set is the
        caller's own. Raises KeyError for a stranger.
        """
        return _reach(self._parents, nodes, depth)

    def descendants(self, nodes: Iterable[str], depth: int | None = None) -> set[str]:
        """What depends on the nodes, at most `depth` edges away; otherwise as `ancestors`."""
        return _reach(self._children, nodes, depth)

    def topological_order(self) -> tuple[str, ...]:
        """Every node after all of its parents, those without parents first.

        Raises:
            CycleError: there is none, since some nodes depend on each other.
        """
        waiting_for = {node: len(named) for node, named in self._parents.items()}
        order = [node for node, count in waiting_for.items() if not count]
        for node in checked(order):  # it grows on the way (Kahn, 1962)
            for child in self._children[node]:
                waiting_for[child] -= 1
                if not waiting_for[child]:
                    order.append(child)
        if len(order) < len(self):
            raise CycleError(self._find_cycle(set(self._parents).difference(order)))
        return tuple(order)

    def check_acyclic(self) -> None:
        """Raise CycleError if nodes depend on each other in a circle.

        Its `cycle` begins and ends with the node that sorts first, and each node in it is a
        parent of the next one.
        """
        self.topological_order()

    def subgraph(self, selected: Iterable[str]) -> Self:
        """The selected nodes, in the order that they have here.

        Of two selected nodes, one with a path to the other through unselected ones becomes its
        parent. Raises KeyError for a stranger, and CycleError where there is no order.
        """
        kept = set(selected)
        strangers = kept.difference(self._parents)
        if strangers:
            raise KeyError(min(strangers))
        parents = {node: kept.intersection(self._parents[node]) for node in kept}
        for node, nearest in self._nearest_above(kept):
            parents[node].add(nearest)
        return type(self)(parents)

    def _nearest_above(self, kept: set[str]) -> Iterator[tuple[str, str]]:
        """Kept nodes that have other parents, each with the nearest kept nodes above it.

        Nearest are those with no further kept node on the path: where many paths cross, to
        list all would be quadratic.
        """
        between = self.ancestors(kept) - kept
        if not between:
            return
        order = [node for node in self.topological_order() if node in kept or node in between]
        names = tuple(node for node in order if node in kept)
        # A set of kept nodes is an int with a bit for each, so that uniting 10,000 of them
        # takes milliseconds and a dozen megabytes. The highest bit comes last in the order.
        up_to = {node: 1 << number for number, node in enumerate(names)}
        for node in checked(order):
            above = _union(up_to[parent] for parent in self._parents[node])
            up_to[node] = up_to.get(node, 0) | above
            if node in kept and not between.isdisjoint(self._parents[node]):
                while above:
                    nearest = names[above.bit_length() - 1]
                    yield node, nearest
                    above &= ~up_to[nearest]

    def _find_cycle(self, entangled: set[str]) -> list[str]:
        """A cycle among nodes each of which has a parent among them."""
        node = min(entangled)
        path: dict[str, int] = {}
        while node not in path:
            path[node] = len(path)
            node = next(parent for parent in self._parents[node] if parent in entangled)
        circle = list(path)[path[node] :][::-1]
        first = circle.index(min(circle))
        return [*circle[first:], *circle[: first + 1]]


def gate_with_tests(
    parents: Mapping[str, Iterable[str]], tests: Mapping[str, Iterable[str]]
) -> dict[str, set[str]]:
    """The parents of each node for `build`, where data is tested before it is used.

    A test stands between what it tests and the nodes downstream. A test of one node comes
    before all of that node's children. A test over several nodes, such as `relationships`,
    comes before the nodes that are downstream of all of them: of these, the first on each path
    get it as a parent, and the others follow. So a node waits for a test only if it waits for
    all that the test needs, and no cycle can come of it. That is the rule of dbt's `build`.

    Args:
        parents: each node's parents, tests included.
        tests: each test's tested nodes. What `parents` has for a test counts as tested, too.
    """
    gated = {node: set(named) for node, named in parents.items()}
    for test, tested in tests.items():
        gated.setdefault(test, set()).update(tested)
    untested = Graph({node: named for node, named in gated.items() if node not in tests})
    by_breadth: defaultdict[int, list[tuple[str, list[str]]]] = defaultdict(list)
    for test in tests:
        needed = sorted(gated[test])
        if needed and all(node in untested for node in needed):
            by_breadth[len(needed)].append((test, needed))
    for test, (tested_node,) in by_breadth.pop(1, []):
        for child in untested.children(tested_node):
            gated[child].add(test)
    for breadth, broad_tests in by_breadth.items():
        for test, node in _first_below_all(untested, breadth, broad_tests):
            gated[node].add(test)
    return gated


def gate_with_unit_tests(
    parents: Mapping[str, Iterable[str]], tested: Mapping[str, str]
) -> dict[str, set[str]]:
    """The parents of each node for `build`, where a model's logic is tested before it is built.

    A unit test needs what its model needs, since it takes the types of the columns from there,
    and the model comes after it.

    Args:
        parents: each node's parents, without the unit tests.
        tested: each unit test's model.
    """
    gated = {node: set(named) for node, named in parents.items()}
    for test, model in tested.items():
        gated[test] = set(parents[model])
    for test, model in tested.items():
        gated[model].add(test)
    return gated


def _first_below_all(
    graph: Graph, breadth: int, tests: Sequence[tuple[str, Sequence[str]]]
) -> Iterator[tuple[str, str]]:
    """Each test with the nodes below all of its `breadth` nodes that have no such parent."""
    # `above[node]` has a bit for each pair of a test and one of its nodes, set where that is
    # an ancestor. The pairs of the tests' first nodes come first, then those of the second…
    count = len(tests)
    names = tuple(test for test, _ in tests)
    own: defaultdict[str, int] = defaultdict(int)
    for number, (_, needed) in enumerate(tests):
        for place, node in enumerate(needed):
            own[node] |= 1 << (place * count + number)
    above: dict[str, int] = {}
    below_all: dict[str, int] = {}
    for node in graph.topological_order():
        parents = graph.parents(node)
        above[node] = _union(above[parent] | own.get(parent, 0) for parent in parents)
        satisfied = (1 << count) - 1
        for place in range(breadth):
            satisfied &= above[node] >> (place * count)
        below_all[node] = satisfied
        yield from (
            (test, node)
            for test in _members(
                satisfied & ~_union(below_all[parent] for parent in parents), names
            )
        )


def _reach(
    edges: Mapping[str, tuple[str, ...]], nodes: Iterable[str], depth: int | None
) -> set[str]:
    reached: set[str] = set()
    frontier = set(nodes)
    while frontier and (depth is None or depth > 0):
        frontier = set().union(*(edges[node] for node in frontier)) - reached
        reached |= frontier
        depth = None if depth is None else depth - 1
    return reached


def _union(sets: Iterable[int]) -> int:
    united = 0
    for bits in sets:
        united |= bits
    return united


def _members(bits: int, names: Sequence[str]) -> Iterator[str]:
    while bits:
        highest = bits.bit_length() - 1
        yield names[highest]
        bits ^= 1 << highest
