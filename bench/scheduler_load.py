"""Test L1: what plan and scheduler cost by themselves, for a large DAG and work that is free.

    python bench/scheduler_load.py
    python bench/scheduler_load.py --sizes 20000 --threads 1 --repeat 3

Builds a random DAG for each size, runs it with a `build` that returns at once and an `emit`
that drops its event, and prints CPU microseconds a node (the best of the repeats, user and
system time of this process):

    floor       graphlib.TopologicalSorter over the same edges, in a bare loop that awaits the
                same `build`: no priorities, no concurrency, no events, no cancellation
    graph       Graph(parents), which every command needs anyway
    plan        Plan(graph)
    scheduler   Scheduler.run(): the ready-set's steps, hand-out, events, results. It contains
                the cost of `build` itself, which makes one RunResult.

The goals: plan and scheduler together at most 30 µs a node at 100,000 nodes with 300,000 edges,
twice the nodes at most 2.3 times the CPU, and at most 600 MB of resident memory at the peak.
Nothing is asserted: it is a measurement, and says so where a goal is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import pairwise
from random import Random

from headrace.engine.core.events import Event
from headrace.engine.core.graph import Graph
from headrace.engine.core.results import NodeInfo, RunResult, Status
from headrace.engine.running.plan import Plan
from headrace.engine.running.scheduler import Build, Scheduler

GOAL_MICROSECONDS = 30.0
GOAL_GROWTH = 2.3
GOAL_MEGABYTES = 600


@dataclass(frozen=True, slots=True)
class Figures:
    """CPU seconds of each part for one DAG, and the process's peak of resident megabytes."""

    nodes: int
    edges: int
    floor: float
    graph: float
    plan: float
    scheduler: float
    peak_megabytes: float

    @property
    def plan_and_scheduler(self) -> float:
        return self.plan + self.scheduler

    def per_node(self, seconds: float) -> float:
        """Microseconds a node."""
        return seconds / self.nodes * 1e6


def random_dag(size: int, edges_a_node: int, seed: int) -> dict[str, list[str]]:
    """Each node depends on some of those before it."""
    random = Random(seed)
    names = [f"model.load.node_{number:07}" for number in range(size)]
    parents: dict[str, list[str]] = {}
    for place, name in enumerate(names):
        chosen = random.sample(range(place), min(edges_a_node, place))
        parents[name] = [names[number] for number in chosen]
    return parents


def node_infos(parents: Mapping[str, Sequence[str]]) -> dict[str, NodeInfo]:
    return {
        node: NodeInfo(node, node, "model", "table model", node, "models/node.sql", "table")
        for node in parents
    }


def run_floor(parents: Mapping[str, Sequence[str]], build: Build) -> None:
    async def run() -> None:
        sorter = TopologicalSorter(parents)
        sorter.prepare()
        while sorter.is_active():
            for node in sorter.get_ready():
                await build(node, 1)
                sorter.done(node)

    asyncio.run(run())


def drop(event: Event) -> None:
    """Takes an event, and does nothing with it."""


def measure(parents: Mapping[str, Sequence[str]], threads: int) -> Figures:
    """One run of everything over one DAG."""
    infos = node_infos(parents)

    async def build(node: str, slot: int) -> RunResult:
        return RunResult(infos[node], Status.SUCCESS)

    gc.collect()
    marks = [time.process_time()]
    run_floor(parents, build)
    marks.append(time.process_time())
    graph = Graph(parents)
    marks.append(time.process_time())
    plan = Plan(graph)
    marks.append(time.process_time())
    scheduler = Scheduler(plan, infos, build, threads=threads, fail_fast=False, emit=drop)
    asyncio.run(scheduler.run())
    marks.append(time.process_time())
    floor, for_graph, for_plan, for_scheduler = (b - a for a, b in pairwise(marks))
    return Figures(
        nodes=len(parents),
        edges=sum(map(len, parents.values())),
        floor=floor,
        graph=for_graph,
        plan=for_plan,
        scheduler=for_scheduler,
        peak_megabytes=peak_megabytes(),
    )


def peak_megabytes() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10  # bytes there, KiB here


def best(repeats: Sequence[Figures]) -> Figures:
    """The smallest of each figure. What is above it is the machine's other business."""
    return Figures(
        nodes=repeats[0].nodes,
        edges=repeats[0].edges,
        floor=min(each.floor for each in repeats),
        graph=min(each.graph for each in repeats),
        plan=min(each.plan for each in repeats),
        scheduler=min(each.scheduler for each in repeats),
        peak_megabytes=max(each.peak_megabytes for each in repeats),
    )


def print_table(rows: Sequence[Figures], threads: int) -> None:
    print(f"CPU µs a node, {threads} threads, Python {sys.version.split()[0]}")
    titles = ("nodes", "edges", "floor", "graph", "plan", "scheduler", "plan+sched", "x floor")
    print("".join(f"{title:>11}" for title in (*titles, "peak MB")))
    for row in rows:
        parts = (row.floor, row.graph, row.plan, row.scheduler, row.plan_and_scheduler)
        print(
            f"{row.nodes:>11,}{row.edges:>11,}"
            + "".join(f"{row.per_node(seconds):>11.1f}" for seconds in parts)
            + f"{row.plan_and_scheduler / row.floor:>11.2f}{row.peak_megabytes:>11.0f}"
        )


def print_goals(rows: Sequence[Figures]) -> None:
    for small, large in pairwise(rows):
        growth = large.plan_and_scheduler / small.plan_and_scheduler
        goal = GOAL_GROWTH * large.nodes / small.nodes / 2
        of_floor = large.floor / small.floor
        print(
            f"{small.nodes:,} -> {large.nodes:,}: x {growth:.2f}{verdict(growth, goal)}"
            f", the floor x {of_floor:.2f}"
        )
    last = rows[-1]
    cost = last.per_node(last.plan_and_scheduler)
    print(f"{last.nodes:,}: {cost:.1f} µs a node{verdict(cost, GOAL_MICROSECONDS)}")
    peak = last.peak_megabytes
    print(f"{last.nodes:,}: {peak:.0f} MB at the peak{verdict(peak, GOAL_MEGABYTES)}")


def verdict(figure: float, goal: float) -> str:
    return f" (goal: {goal:g}{'' if figure <= goal else ', MISSED'})"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[50_000, 100_000], metavar="N")
    parser.add_argument("--edges", type=int, default=3, help="edges a node (default: 3)")
    parser.add_argument("--threads", type=int, default=16, help="slots (default: 16)")
    parser.add_argument("--repeat", type=int, default=5, help="best of how many (default: 5)")
    parser.add_argument("--seed", type=int, default=1, help="of the random DAG (default: 1)")
    given = parser.parse_args()

    rows: list[Figures] = []
    for size in sorted(given.sizes):
        parents = random_dag(size, given.edges, given.seed)
        rows.append(best([measure(parents, given.threads) for _ in range(given.repeat)]))
    print_table(rows, given.threads)
    print_goals(rows)


if __name__ == "__main__":
    main()
