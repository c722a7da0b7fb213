"""What comes close to a criterion that has found nothing."""

from __future__ import annotations

from collections.abc import Mapping

from ..core.errors import did_you_mean
from ..manifest.nodes.node import Node
from ..manifest.nodes.source_node import Source
from .grammar import Criterion
from .name_patterns import has_wildcard, matches_fqn


def hint(criterion: Criterion, nodes: Mapping[str, Node]) -> str:
    """A sentence that begins with a space, or nothing."""
    value = criterion.value
    if criterion.method in ("fqn", "name") and has_wildcard(value):
        deeper = f"*.{value}"
        is_there = any(
            matches_fqn(node.fqn, deeper) for node in nodes.values() if not isinstance(node, Source)
        )
        return f" A name counts with its folders: did you mean '{deeper}'?" if is_there else ""
    known = _values(criterion.method, list(nodes.values()))
    return "" if value in known else did_you_mean(value, known)


def _values(method: str, nodes: list[Node]) -> set[str]:
    """The values with which a method would find something."""
    match method:
        case "fqn" | "name":
            return {node.name for node in nodes if not isinstance(node, Source)}
        case "tag":
            return {str(tag) for node in nodes for tag in node.tags}
        case "source":
            return {node.source_name for node in nodes if isinstance(node, Source)}
        case "package":
            return {node.package_name for node in nodes}
        case "group":
            return {node.group for node in nodes if node.group is not None}
        case "path":
            return {path for node in nodes for path in _paths(node)}
        case "file":
            return {node.original_file_path.rpartition("/")[2] for node in nodes}
        case "exposure" | "metric" | "semantic_model" | "saved_query" | "unit_test":
            return {node.name for node in nodes if node.resource_type.value == method}
        case _:
            return set()


def _paths(node: Node) -> list[str]:
    """A node's file, and the directories that it lies in."""
    parts = node.original_file_path.split("/")
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]
