"""In which order a run's nodes are run: what waits for what, and which come first."""

from __future__ import annotations

from collections.abc import Mapping

from ..core.graph import Graph, gate_with_tests, gate_with_unit_tests
from ..manifest.nodes.model_node import Model
from ..manifest.nodes.node import Node
from ..manifest.nodes.test_nodes import Test
from ..manifest.nodes.unit_test_node import UnitTest
from ..workspace.loaded_project import LoadedProject
from .plan import Plan
from .timings import last_timings
from .work import Order


def plan_of(project: LoadedProject, nodes: Mapping[str, Node], order: Order) -> Plan:
    """The order of the selected nodes, urgent ones first."""
    graph = project.graph
    if order is Order.FLAT:
        graph = Graph(dict.fromkeys(nodes, ()))
    if order is Order.GATED:
        graph = _gated(project, nodes)
    timings = last_timings(project.workspace.target_path / "run_results.json")
    tolerated = [
        unique_id
        for unique_id, node in nodes.items()
        if node.config.values.get("on_error") == "continue"
    ]
    return Plan(graph.subgraph(nodes), timings, tolerated, _read_without_ref(project, nodes))


def _gated(project: LoadedProject, nodes: Mapping[str, Node]) -> Graph:
    """The graph in which whatever reads a node waits for the node's tests."""
    manifest = project.manifest
    tests = {
        unique_id: manifest.parents[unique_id]
        for unique_id, node in nodes.items()
        if isinstance(node, Test)
    }
    unit_tests = {
        unique_id: manifest.parents[unique_id][0]
        for unique_id in manifest.unit_tests
        if unique_id in nodes
    }
    kept = {
        unique_id: parents
        for unique_id, parents in manifest.parents.items()
        if unique_id in tests or not isinstance(manifest.everything.get(unique_id), Test | UnitTest)
    }
    return Graph(gate_with_tests(gate_with_unit_tests(kept, unit_tests), tests))


def _read_without_ref(project: LoadedProject, nodes: Mapping[str, Node]) -> list[str]:
    """Models of packages that refer to nothing: the tables that a package keeps for itself.

    Its macros read them in tests and hooks, and no `ref` says so. dbt, which goes through the
    graph level by level, has them built by then.
    """
    root, parents = project.workspace.project.name, project.manifest.parents
    return [
        unique_id
        for unique_id, node in nodes.items()
        if isinstance(node, Model) and node.package_name != root and not parents.get(unique_id)
    ]
