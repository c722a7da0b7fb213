"""`table` and `view`: relations that are made of their SQL alone."""

from __future__ import annotations

from functools import partial

from msgspec.structs import replace

from ...adapters.relation import RelationType
from ..manifest.nodes.node import Node
from .node_transaction import rebuild

table = partial(rebuild, kind=RelationType.TABLE)
view = partial(rebuild, kind=RelationType.VIEW)


def as_table(node: Node) -> Node:
    """The node as it would be if it were configured to be a table."""
    values = {**node.config.values, "materialized": "table"}
    config = replace(node.config, materialized="table", values=values)
    return replace(node, config=config)
