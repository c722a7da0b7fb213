"""The ready-set: which nodes may run now, which of them first, and which never will.

It knows no clock, task or database: it is told what happened, and answers what may be next.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import Enum
from heapq import heappop, heappush
from math import fsum, inf

from ..core.graph import Graph
from ..core.results import Status


class NodeState(Enum):
    """Where a node is on its way through a plan."""

    WAITING = "waiting"
    """Not all of its parents are done."""
    READY = "ready"
    """Nothing keeps it from running."""
    RUNNING = "running"
    """`pop_ready` gave it out, and nobody has said that it is done."""
    DONE = "done"
    """It ran, well or badly."""
    SKIPPED = "skipped"
    """It will never be given out."""


class Plan:
    """The nodes of a graph on their way from waiting to done. Used once.

        (pop_ready()* → done()* [→ skip_rest()])* → not active

    Whatever is ready may be popped before anything is reported done. The ready node with the
    longest path ahead of it comes first, since no number of slots makes a run shorter than its
    longest path. A path is as long as its nodes' weights together. The weights are seconds,
    from the last run; a node that has none there counts as much as the mean of those that
    have, and if none has, each counts 1, so that paths are compared by their nodes. Equals
    come in the graph's order. Before all of them come those that are to be `first`.
    """

    def __init__(
        self,
        graph: Graph,
        weights: Mapping[str, float] | None = None,
        tolerated: Collection[str] = (),
        first: Collection[str] = (),
    ) -> None:
        """Get ready to run every node of the graph.

        Args:
            graph: the nodes to run, and their order.
            weights: seconds by node id. Other ids, and what is no duration, are passed over.
            tolerated: nodes whose children run even if they fail.
            first: nodes that come before all others, where they wait for nobody.

        Raises:
            CycleError: the graph has no order.
        """
        order = graph.topological_order()
        seconds = _complete(order, weights or {})
        ahead: dict[str, float] = {}
        for node in reversed(order):
            longest = max(map(ahead.__getitem__, graph.children(node)), default=0.0)
            ahead[node] = seconds[node] + longest
        for node in first:
            if not graph.parents(node):
                ahead[node] += sum(seconds.values()) + 1.0
        # Inside, a node is a number: its place by priority. No child has a longer path ahead
        # than its parent, and the sort is stable, so this is a topological order as well. A
        # run walks the lists in about that order, which the processor's cache rewards.
        self._ids = tuple(sorted(order, key=ahead.__getitem__, reverse=True))
        self._numbers = {node: number for number, node in enumerate(self._ids)}
        self._children = [
            tuple(map(self._numbers.__getitem__, graph.children(node))) for node in self._ids
        ]
        self._open_parents = [len(graph.parents(node)) for node in self._ids]
        self._states = [
            NodeState.WAITING if parents else NodeState.READY for parents in self._open_parents
        ]
        self._ready = [number for number, parents in enumerate(self._open_parents) if not parents]
        self._unsettled = len(self._ids)
        self._tolerated = frozenset(tolerated)

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def order(self) -> tuple[str, ...]:
        """Every node by priority. Parents come before their children."""
        return self._ids

    @property
    def active(self) -> bool:
        """Whether something is still waiting, ready or running."""
        return self._unsettled > 0

    def state(self, node: str) -> NodeState:
        """Where a node is now. Raises KeyError for a stranger."""
        return self._states[self._numbers[node]]

    def count(self, state: NodeState) -> int:
        """How many nodes are in a state."""
        return self._states.count(state)

    def pop_ready(self) -> str | None:
        """Give out the most urgent ready node, which is running from now on, or None."""
        if not self._ready:
            return None
        number = heappop(self._ready)
        self._states[number] = NodeState.RUNNING
        return self._ids[number]

    def done(self, node: str, status: Status) -> list[str]:
        """Take note of how a running node ended.

        Returns:
            The nodes that are skipped because of it, each after its parents: everything
            downstream, if the status blocks children and nothing skipped it before.

        Raises:
            ValueError: the node is not running. It was never given out, or is done already.
        """
        number = self._numbers.get(node)
        if number is None:
            raise ValueError(f"'{node}' is not in the plan, so it can't be done")
        if self._states[number] is not NodeState.RUNNING:
            state = self._states[number].value
            raise ValueError(f"'{node}' is {state}, so it can't be done: it has to be running")
        self._states[number] = NodeState.DONE
        self._unsettled -= 1
        if status.blocks_children and node not in self._tolerated:
            return self._skip(self._waiting_below(number))
        for child in self._children[number]:
            self._open_parents[child] -= 1
            if not self._open_parents[child] and self._states[child] is NodeState.WAITING:
                self._states[child] = NodeState.READY
                heappush(self._ready, child)
        return []

    def skip_rest(self) -> list[str]:
        """Give out nothing any more. Only what is running stays active.

        Returns:
            The nodes that are skipped by it, each after its parents.
        """
        self._ready.clear()
        unstarted = (NodeState.WAITING, NodeState.READY)
        return self._skip([n for n, state in enumerate(self._states) if state in unstarted])

    def _waiting_below(self, number: int) -> list[int]:
        """The waiting nodes downstream, by priority. They all are, but for the skipped ones."""
        found: set[int] = set()
        frontier = [number]
        while frontier:
            for child in self._children[frontier.pop()]:
                if child not in found and self._states[child] is NodeState.WAITING:
                    found.add(child)
                    frontier.append(child)
        return sorted(found)

    def _skip(self, numbers: list[int]) -> list[str]:
        for number in numbers:
            self._states[number] = NodeState.SKIPPED
        self._unsettled -= len(numbers)
        return [self._ids[number] for number in numbers]


def _complete(nodes: tuple[str, ...], weights: Mapping[str, float]) -> dict[str, float]:
    """A weight for every node: its own, or else the mean of those known, or else 1."""
    known = {node: weights[node] for node in nodes if 0 <= weights.get(node, -1.0) < inf}
    fallback = (fsum(known.values()) / len(known) if known else 0.0) or 1.0
    return {node: known.get(node, fallback) for node in nodes}
