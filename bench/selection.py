"""What it costs to select with graph operators, many times over one large graph.

    python bench/selection.py
    python bench/selection.py --models 1000 --times 200

Writes and parses a project of that many models, with about one test each, and selects from it
with each operator, each time around another model. Prints milliseconds of CPU a selection:

    floor       a bare breadth-first search over dictionaries of the same edges, and nothing else:
                no names looked up, no tests that come along
    headrace    Selector.select(), as a command does it
    worst       the slowest of its selections

The goal: at most 5 ms a selection with 10,000 models. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from random import Random

from figures import print_table
from headrace import Options
from headrace.engine.selection.selection_context import MethodContext
from headrace.engine.selection.selector import Selector
from headrace.engine.state.previous import PreviousState
from headrace.engine.workspace.loaded_project import LoadedProject
from headrace.engine.workspace.project_parse import parse_project
from headrace.engine.workspace.start import Start
from headrace.engine.workspace.workspace import open_workspace
from project_load import write_load

GOAL_MILLISECONDS = 5.0
EXPRESSIONS = ("{}", "+{}", "{}+", "2+{}", "{}+2", "+{}+", "@{}", "+{},{}+")

Edges = Mapping[str, Sequence[str]]


def reach(edges: Edges, start: str) -> set[str]:
    """All that can be reached from a node, by a bare search."""
    seen: set[str] = set()
    waiting = [start]
    for node in waiting:
        for other in edges[node]:
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return seen


def parsed(directory: Path, models: int) -> LoadedProject:
    write_load(directory, models)
    workspace = open_workspace(Start(Options(command="ls"), {}, directory), lambda _: None)
    return parse_project(workspace, lambda _: None)


def selector_of(project: LoadedProject, root: Path) -> Selector:
    context = MethodContext(
        project.manifest,
        root=root,
        variables=project.workspace.variables,
        state=PreviousState(None, project.workspace.target_path),
        warn=lambda _: None,
    )
    return Selector(project.graph, context)


def milliseconds(calls: Sequence[Callable[[], object]]) -> list[float]:
    """CPU milliseconds of each call."""
    found = []
    for call in calls:
        began = time.process_time()
        call()
        found.append((time.process_time() - began) * 1000)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=1000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        project = parsed(Path(directory), arguments.models)
        selector = selector_of(project, Path(directory))
    names = [node.name for node in project.manifest.nodes.values() if "model" in node.unique_id]
    chosen = Random(1).choices(names, k=arguments.times)
    ids = {node.name: node.unique_id for node in project.manifest.nodes.values()}
    graph = project.graph
    parents = {node: graph.parents(node) for node in graph.nodes}
    children = {node: graph.children(node) for node in graph.nodes}
    rows: list[Sequence[object]] = []
    for expression in EXPRESSIONS:
        texts = [expression.replace("{}", name) for name in chosen]
        taken = milliseconds([partial(selector.select, (text,)) for text in texts])
        edges = parents if expression.startswith(("+", "2+")) else children
        floor = milliseconds([partial(reach, edges, ids[name]) for name in chosen])
        mean = sum(taken) / len(taken)
        verdict = "ok" if mean <= GOAL_MILLISECONDS else "missed"
        rows.append(
            (
                expression.replace("{}", "model"),
                f"{sum(floor) / len(floor):.2f}",
                f"{mean:.2f}",
                f"{max(taken):.2f}",
                verdict,
            )
        )
    print(f"{len(graph):,} nodes, {arguments.times:,} selections each, milliseconds of CPU")
    print_table(("selection", "floor", "headrace", "worst", "goal 5 ms"), rows)


if __name__ == "__main__":
    main()
