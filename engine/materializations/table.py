"""`table` and `view`: relations that are made of their SQL alone."""

from __future__ import annotations

from functools import partial

from msgspec.structs import replace

from ...adapters.relation import RelationType
from ..manifest.nodes.node import Node
from .node_build import NodeBuild, Outcome
from .node_transaction import node_transaction
from .swap import build_and_swap


def as_table(node: Node) -> Node:
    """The node as it would be if it were configured to be a table."""
    values = {**node.config.values, "materialized": "table"}
    config = replace(node.config, materialized="table", values=values)
    return replace(node, config=config)


async def rebuild(build: NodeBuild, kind: RelationType) -> Outcome:
    """Build a relation of a kind, and swap it in."""
    target = replace(build.relation, type=kind)
    existing = await build.existing()
    try:
        async with node_transaction(build):
            build.made = await build_and_swap(build, kind)
            build.cache.add(target)  # for the hooks that come now
    except BaseException:
        if not build.committed:
            build.cache.drop(target)
            if existing is not None:
                build.cache.add(existing)
        raise
    return build.success()


table = partial(rebuild, kind=RelationType.TABLE)
view = partial(rebuild, kind=RelationType.VIEW)
