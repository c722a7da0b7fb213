"""A whole project, parsed: every node, and how they hang together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..core.results import GroupInfo
from .jinja.macro_index import MacroIndex
from .lookup import NodeLookup
from .nodes.declared_nodes import Declared, Metric, SavedQuery, SemanticModel
from .nodes.doc import Doc
from .nodes.group import Group
from .nodes.hook_node import RunHook
from .nodes.macro import MacroProperties
from .nodes.model_node import Model
from .nodes.node import Node
from .nodes.resource_type import ResourceType
from .nodes.seed_node import Seed
from .nodes.snapshot_node import Snapshot
from .nodes.source_node import Source
from .nodes.test_nodes import LeftOutTest, Test
from .nodes.unit_test_node import UnitTest

Counts = tuple[tuple[int, str], ...]
"""How many there are of each kind of things, with its noun."""

_OF_METRICS = (Metric, SavedQuery, SemanticModel)
_PLURALS = {"analysis": "analyses", "saved query": "saved queries"}


@dataclass(frozen=True, slots=True)
class Manifest:
    """Every node by its unique id, and `parents`: what each node needs before it can be built.

    `nodes` have a file or a test's macro; `declared` are the exposures, metrics and their like.
    """

    project_name: str
    nodes: Mapping[str, Node]
    sources: Mapping[str, Source]
    macros: MacroIndex
    docs: Mapping[str, Doc]
    disabled: Mapping[str, Node]
    left_out: Mapping[str, LeftOutTest]
    parents: Mapping[str, tuple[str, ...]]
    lookup: NodeLookup = field(repr=False)
    disabled_twins: tuple[Node, ...] = ()
    """Further disabled nodes of an id: there may be any number of them."""
    groups: Mapping[str, Group] = field(default_factory=dict)
    declared: Mapping[str, Declared] = field(default_factory=dict)
    unit_tests: Mapping[str, UnitTest] = field(default_factory=dict)
    macro_properties: Mapping[str, MacroProperties] = field(default_factory=dict)
    run_hooks: Mapping[str, RunHook] = field(default_factory=dict)
    """`on-run-start` and `on-run-end`, in the order in which they run. No part of the graph."""
    hook_parents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def everything(self) -> Mapping[str, Node]:
        """All that hangs in the graph: nodes, sources, unit tests, and what is declared."""
        return {**self.nodes, **self.sources, **self.declared, **self.unit_tests}

    @property
    def has_metrics(self) -> bool:
        """Whether there is anything that engines for metrics read."""
        return any(isinstance(node, _OF_METRICS) for node in self.declared.values())

    def node(self, unique_id: str) -> Node:
        """A node that a command can take: also a unit test, and what is declared."""
        found = self.nodes.get(unique_id) or self.unit_tests.get(unique_id)
        return found or self.declared[unique_id]

    def parents_of(self, unique_id: str) -> tuple[str, ...]:
        """What a node or a hook refers to."""
        if unique_id in self.left_out:
            return self.left_out[unique_id].parents
        return self.parents.get(unique_id) or self.hook_parents.get(unique_id, ())

    @property
    def told_nodes(self) -> Iterator[Node]:
        """The nodes that are told of: also the tests that are left out, and no hooks."""
        yield from self.nodes.values()
        for test in self.left_out.values():
            yield test.node

    def group_of(self, node: Node) -> GroupInfo | None:
        """Who answers for a node: a group of its own package before one of another."""
        if not node.group:
            return None
        named = [group for group in self.groups.values() if group.name == node.group]
        own = (group for group in named if group.package_name == node.package_name)
        group = next(own, next(iter(named), None))
        if group is None:
            return None
        return GroupInfo(group.name, group.package_name, group.owner)

    def counts(self) -> Counts:
        """What the "Found …" line counts, in dbt's order."""
        found: Counter[str] = Counter()
        for node in self.nodes.values():
            if isinstance(node, Model):
                found["model"] += 1
            elif node.resource_type is ResourceType.ANALYSIS:
                found["analysis"] += 1
            elif isinstance(node, Test):
                found["test"] += 1
            elif isinstance(node, Seed):
                found["seed"] += 1
            elif isinstance(node, Snapshot):
                found["snapshot"] += 1
        found["operation"] = len(self.run_hooks)
        declared = Counter(
            node.resource_type.value.replace("_", " ") for node in self.declared.values()
        )
        found["source"] = len(self.sources)
        found["exposure"] = declared["exposure"]
        found["metric"] = declared["metric"]
        found["macro"] = sum(1 for _ in self.macros)
        found["group"] = len(self.groups)
        found["semantic model"] = declared["semantic model"]
        found["saved query"] = declared["saved query"]
        found["unit test"] = len(self.unit_tests)
        return tuple(
            (count, noun if count == 1 else _plural(noun)) for noun, count in found.items() if count
        )


def _plural(noun: str) -> str:
    return _PLURALS.get(noun, f"{noun}s")
