"""Clones nodes: each becomes what an earlier run has built, without being built itself."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from ...adapters.base import Response
from ...adapters.connection_abilities import nothing_comes
from ...adapters.relation import Relation
from ..core.results import Status
from ..materializations.built_name import check_built_name
from ..materializations.clone import clone, cloned_node
from ..materializations.node_build import Outcome
from .node_builder import NodeBuilder
from .node_run import NodeRun
from .node_sql import uncompiled


class NodeCloner(Struct, frozen=True):
    """Clones nodes out of `origins`: their relations of that run, by unique id."""

    builder: NodeBuilder
    origins: Mapping[str, Relation]

    async def clone(self, run: NodeRun) -> Outcome:
        """Make a node's relation out of that of an earlier run; nothing, if it had none."""
        origin = self.origins.get(run.node.unique_id)
        if origin is None:
            return Outcome(Status.SUCCESS, Response("No relation found in state manifest"))
        async with run.connection() as connection:
            check_built_name(run.node, run.context.adapter)
            node = cloned_node(run.node)
            compiled = uncompiled(run, node, connection)
            build = self.builder.node_build(run, node, compiled, connection)
            build.comes_anew = nothing_comes  # a copy has no contract
            return await clone(build, origin)
