"""All that the properties files of a project and its packages declare, and what each needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ...core.errors import Location, ParseError
from ..lookup import MissingTargetError, NodeLookup
from ..nodes.declared_nodes import Declared, Metric
from ..nodes.node import Node
from .patches import NodePatch
from .semantic_links import SemanticLinks

CheckReference = Callable[[Node, Node, Location], None]


class DeclaredGraph:
    """The declared nodes so far: `add(…)` for each, then `connect(…)`.

    Attributes:
        nodes, disabled: by unique id.
        parents: what each node needs, once they are connected.
    """

    def __init__(self) -> None:
        self.nodes: dict[str, Declared] = {}
        self.disabled: dict[str, Declared] = {}
        self.parents: dict[str, tuple[str, ...]] = {}
        self._patches: dict[str, NodePatch] = {}

    def add(self, node: Declared, patch: NodePatch) -> None:
        """Add a node, with the entry that declares it.

        Raises:
            ParseError: another entry declares it as well.
        """
        twin = self._patches.setdefault(node.unique_id, patch)
        if twin is not patch:
            raise ParseError(
                f"two entries declare the {_noun(node)} '{node.name}': {twin.location} and "
                f"{patch.location}. Rename one of them.",
                location=patch.location,
            )
        home = self.nodes if node.config.enabled else self.disabled
        home[node.unique_id] = node

    def connect(self, lookup: NodeLookup, check_reference: CheckReference, root: str) -> None:
        """Find out what each node needs.

        Raises:
            ParseError: it isn't there, is disabled, or is nobody else's to refer to.
        """
        links = SemanticLinks(self.nodes.values(), self.disabled.values(), root, self.locate)
        for node in self.nodes.values():
            needed = [*self._relations(node, lookup, check_reference), *links.parents(node)]
            self.parents[node.unique_id] = tuple(dict.fromkeys(needed))
        for unique_id, node in self.nodes.items():
            if isinstance(node, Metric):
                self.nodes[unique_id] = links.finished(node)

    def locate(self, node: Declared) -> Location:
        """Where a node is declared."""
        return self._patches[node.unique_id].location

    def _relations(
        self, node: Declared, lookup: NodeLookup, check_reference: CheckReference
    ) -> Iterator[str]:
        for source_call in node.sources:
            source = lookup.source(source_call, node.package_name)
            if source is None:
                raise self._missing(lookup.missing_source(source_call, node), node)
            yield source.unique_id
        for call in node.refs:
            found = lookup.ref(call, node.package_name, self.locate(node))
            if found is None:
                raise self._missing(lookup.missing_ref(call, node), node)
            check_reference(node, found, self.locate(node))
            yield found.unique_id

    def _missing(self, error: MissingTargetError, node: Declared) -> MissingTargetError:
        return MissingTargetError(
            error.problem, location=self.locate(node), is_disabled=error.is_disabled
        )


def _noun(node: Declared) -> str:
    return node.resource_type.value.replace("_", " ")
