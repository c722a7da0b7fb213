"""What the tests of graph, plan and scheduler share: random DAGs, and a rehearsed run."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Self

import anyio
from headrace.engine.core.events import Event, NodeCancelled, NodeFinished, NodeSkipped, NodeStarted
from headrace.engine.core.graph import Graph
from headrace.engine.core.results import NodeInfo, RunResult, Status
from headrace.engine.running.plan import Plan
from headrace.engine.running.scheduler import Build, Scheduler
from hypothesis import settings
from hypothesis import strategies as st

from .virtual_time import run_virtual, virtual_clock

Parents = dict[str, list[str]]
Lifecycle = NodeStarted | NodeFinished | NodeSkipped | NodeCancelled

# How long an example takes says more about what else the machine does than about us.
unhurried = settings(deadline=None)


@st.composite
def dags(draw: st.DrawFn, max_nodes: int = 20) -> Parents:
    """Each node's parents, with names that don't sort in the order of the graph."""
    count = draw(st.integers(1, max_nodes))
    names = [f"n{number:02}" for number in draw(st.permutations(range(count)))]
    return {
        name: draw(st.lists(st.sampled_from(names[:place]), max_size=4, unique=True))
        if place
        else []
        for place, name in enumerate(names)
    }


def chain(length: int, prefix: str = "n") -> Parents:
    """Nodes of which each depends on the one before it."""
    names = [f"{prefix}{number:06}" for number in range(length)]
    return {name: names[max(0, place - 1) : place] for place, name in enumerate(names)}


def ancestors(parents: Mapping[str, Sequence[str]], node: str) -> set[str]:
    """Found in the plainest way, to compare with."""
    found: set[str] = set()
    to_visit = list(parents[node])
    while to_visit:
        parent = to_visit.pop()
        if parent not in found:
            found.add(parent)
            to_visit.extend(parents[parent])
    return found


def info(node: str) -> NodeInfo:
    return NodeInfo(
        unique_id=node,
        name=node,
        resource_type="model",
        kind="table model",
        display_name=f"main.{node}",
        path=f"models/{node}.sql",
        materialized="table",
    )


class Rehearsal:
    """A run of the scheduler in virtual time, with a scripted build, and all that it shows.

    A node takes `seconds` (1 where nothing is said) and ends with its `outcome`: a status
    (SUCCESS where nothing is said), or an exception that is raised.
    """

    def __init__(
        self,
        parents: Mapping[str, Sequence[str]],
        *,
        threads: int = 4,
        fail_fast: bool = False,
        seconds: Mapping[str, float] | None = None,
        outcomes: Mapping[str, Status | BaseException] | None = None,
        weights: Mapping[str, float] | None = None,
        build: Build | None = None,
    ) -> None:
        self.parents = parents
        self.threads = threads
        self.seconds = seconds or {}
        self.outcomes = outcomes or {}
        self.on_event: Callable[[Lifecycle], object] = lambda event: None
        self.events: list[Lifecycle] = []
        self.event_times: list[float] = []
        self.in_flight: dict[str, int] = {}
        self.most_in_flight = 0
        self.most_tasks = 0
        self.end_times: dict[str, float] = {}
        self.scheduler = Scheduler(
            Plan(Graph(parents), weights),
            {node: info(node) for node in parents},
            build or self.build,
            threads=threads,
            fail_fast=fail_fast,
            emit=self.take,
            clock=virtual_clock,
        )

    def play(self) -> Self:
        """Run to the end, in a loop of its own."""
        run_virtual(self.run())
        return self

    async def run(self) -> None:
        await self.scheduler.run()

    async def build(self, node: str, slot: int) -> RunResult:
        assert slot not in self.in_flight.values()
        self.in_flight[node] = slot
        self.most_in_flight = max(self.most_in_flight, len(self.in_flight))
        self.most_tasks = max(self.most_tasks, len(asyncio.all_tasks()))
        try:
            await anyio.sleep(self.seconds.get(node, 1.0))
            outcome = self.outcomes.get(node, Status.SUCCESS)
            if isinstance(outcome, BaseException):
                raise outcome
            return RunResult(info(node), outcome)
        finally:
            del self.in_flight[node]
            self.end_times[node] = asyncio.get_running_loop().time()

    def take(self, event: Event) -> None:
        assert isinstance(event, Lifecycle)
        self.events.append(event)
        self.event_times.append(asyncio.get_running_loop().time())
        self.on_event(event)

    @property
    def results(self) -> Mapping[str, RunResult]:
        return self.scheduler.results

    @property
    def statuses(self) -> dict[str, Status]:
        return {node: result.status for node, result in self.results.items()}

    @property
    def started(self) -> list[str]:
        """The nodes that were started, in the order of their starts."""
        return [event.node.unique_id for event in self.events if isinstance(event, NodeStarted)]

    @property
    def makespan(self) -> float:
        return max(self.end_times.values())

    def place(self, kind: type[Lifecycle], node: str) -> int:
        """Where in the sequence of events the node has its event of that kind."""
        return next(
            place
            for place, event in enumerate(self.events)
            if isinstance(event, kind) and node_of(event) == node
        )

    def events_by_node(self) -> dict[str, list[Lifecycle]]:
        found: defaultdict[str, list[Lifecycle]] = defaultdict(list)
        for event in self.events:
            found[node_of(event)].append(event)
        return dict(found)

    def check_one_final_status_each(self) -> None:
        """Invariant I4, as events and results show it."""
        by_node = self.events_by_node()
        assert by_node.keys() == self.results.keys() == set(self.parents)
        for node, events in by_node.items():
            *started, last = events
            assert not isinstance(last, NodeStarted)
            assert last.result is self.results[node]
            assert [type(event) for event in started] in ([NodeStarted], [])
            assert bool(started) or isinstance(last, NodeSkipped)
            assert {event.index for event in events} == {last.index}
        numbered = [events[-1].index for events in by_node.values()]
        assert sorted(numbered) == list(range(1, len(self.parents) + 1))
        assert {event.total for event in self.events} == {len(self.parents)}


def node_of(event: Lifecycle) -> str:
    node = event.node if isinstance(event, NodeStarted) else event.result.node
    return node.unique_id
