"""The name that a node is built under, held against what the database keeps of it."""

from __future__ import annotations

from ...adapters.base import Adapter
from ..core.errors import CompilationError
from ..manifest.nodes.node import Node


def check_built_name(node: Node, adapter: Adapter) -> None:
    """Refuse a name that the database would cut, and so might confuse with another.

    Raises:
        CompilationError: it has too many bytes.
    """
    longest = adapter.max_identifier_bytes
    for part, name in (("name", node.alias), ("schema", node.schema)):
        if longest is not None and len(name.encode()) > longest:
            raise CompilationError(
                f"the {part} '{name}' has {len(name.encode())} bytes, and {adapter.type} keeps "
                f"{adapter.max_identifier_bytes} of them. Set a shorter "
                f"{'alias' if part == 'name' else 'schema'}.",
                location=node.location,
            )


def keeps_whole(adapter: Adapter, name: str) -> bool:
    """Whether the database keeps the whole of a name."""
    longest = adapter.max_identifier_bytes
    return longest is None or len(name.encode()) <= longest
