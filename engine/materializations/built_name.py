"""The name that a node is built under, held against what the database keeps of it."""

from __future__ import annotations

from ...adapters.base import Adapter
from ..errors import CompilationError
from ..manifest.nodes import Node


def check_built_name(node: Node, adapter: Adapter) -> None:
    """Refuse a name that the database would cut, and so might confuse with another.

    Raises:
        CompilationError: it has too many bytes.
    """
    longest = adapter.max_identifier_bytes
    if longest is None:
        return
    for part, name in (("name", node.alias), ("schema", node.schema)):
        size = len(name.encode())
        if size > longest:
            raise CompilationError(
                f"the {part} '{name}' has {size} bytes, and {adapter.type} keeps "
                f"{longest} of them. Set a shorter "
                f"{'alias' if part == 'name' else 'schema'}.",
                location=node.location,
            )
