"""A whole project, parsed: every node, and how they hang together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from .lookup import NodeLookup
from .macro_index import MacroIndex
from .nodes import Doc, Model, Node, Seed, Source, Test
from .snapshot_node import Snapshot


@dataclass(frozen=True, slots=True)
class Manifest:
    """Every node by its unique id, and `parents`: what each node needs before it can be built."""

    project_name: str
    nodes: Mapping[str, Node]
    sources: Mapping[str, Source]
    macros: MacroIndex
    docs: Mapping[str, Doc]
    disabled: Mapping[str, Node]
    parents: Mapping[str, tuple[str, ...]]
    lookup: NodeLookup = field(repr=False)

    def counts(self) -> tuple[tuple[int, str], ...]:
        """What the "Found …" line counts, in dbt's order."""
        found: Counter[str] = Counter()
        for node in self.nodes.values():
            if isinstance(node, Model):
                found["model"] += 1
            elif isinstance(node, Test):
                found["test"] += 1
            elif isinstance(node, Seed):
                found["seed"] += 1
            elif isinstance(node, Snapshot):
                found["snapshot"] += 1
        found["source"] = len(self.sources)
        found["macro"] = sum(1 for _ in self.macros)
        return tuple(
            (count, noun if count == 1 else f"{noun}s") for noun, count in found.items() if count
        )
