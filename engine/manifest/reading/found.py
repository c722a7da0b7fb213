"""What has been found so far, checked against each other as it comes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from ...core.checkpoints import checkpoint
from ...core.errors import ParseError
from ..nodes.group import Group
from ..nodes.hook_node import RunHook
from ..nodes.macro import MacroProperties
from ..nodes.node import Node
from ..nodes.snapshot_node import RELATION_KINDS
from ..nodes.source_node import Source
from ..nodes.test_nodes import LeftOutTest
from .declared_graph import DeclaredGraph
from .property_keys import NODE_SECTIONS
from .unit_test_models import UnitTests


class Found:
    """Everything that the readers have found, by unique id where it has one.

        add(…)* → (the graph is connected) → parents

    Attributes:
        disabled_twins: further disabled nodes of an id, which isn't in the way of anything.
        declared, unit_tests: what only properties files have, with what each needs.
        parents: what each node needs, once the graph is connected.
    """

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.sources: dict[str, Source] = {}
        self.disabled: dict[str, Node] = {}
        self.disabled_twins: list[Node] = []
        self.left_out: dict[str, LeftOutTest] = {}
        self.groups: list[Group] = []
        self.hooks: list[RunHook] = []
        self.declared = DeclaredGraph()
        self.unit_tests = UnitTests()
        self.macro_properties: dict[str, MacroProperties] = {}
        self.parents: dict[str, tuple[str, ...]] = {}

    def add(self, node: Node) -> None:
        """Add a node or a source.

        Raises:
            ParseError: there is one of that name already.
        """
        checkpoint()
        if not node.config.enabled:
            if self.disabled.setdefault(node.unique_id, node) is not node:
                self.disabled_twins.append(node)
            return
        home: dict[str, Any] = self.sources if isinstance(node, Source) else self.nodes
        twin = home.get(node.unique_id) or self._other_kind(node)
        if twin is not None:
            raise ParseError(
                f"two resources have the name '{node.name}', so that nobody could tell which "
                f"one is meant: {twin.location} and {node.location}. Rename one of them.",
                location=node.location,
            )
        home[node.unique_id] = node

    def forget(self, files: Collection[tuple[str, str]], kinds: Collection[str]) -> None:
        """Take out the nodes of some kinds that some files hold; files go by their projects."""

        def is_meant(node: Node) -> bool:
            file = node.package_name, node.original_file_path
            return node.resource_type in kinds and file in files

        for home in (self.nodes, self.disabled) if files else ():
            for node in filter(is_meant, list(home.values())):
                del home[node.unique_id]
        self.disabled_twins = [node for node in self.disabled_twins if not is_meant(node)]

    def nodes_and_sources(self) -> Iterator[Node]:
        yield from self.nodes.values()
        yield from self.sources.values()

    def _other_kind(self, node: Node) -> Node | None:
        """A seed of a model's name, or the like: `ref` could mean either."""
        if not isinstance(node, RELATION_KINDS):
            return None
        ids = (f"{kind}.{node.package_name}.{node.name}" for kind in NODE_SECTIONS.values())
        return next((self.nodes[unique_id] for unique_id in ids if unique_id in self.nodes), None)
