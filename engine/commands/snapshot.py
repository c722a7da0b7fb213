"""`snapshot`: notes what has changed."""

from __future__ import annotations

from ..selection.resource_types import NodeTypes
from .command import NodeCommand
from .node_flow import built_out_of_others, run_nodes

COMMAND = NodeCommand(
    name="snapshot",
    help="Note in the selected snapshots what has changed.",
    perform=run_nodes,
    takes=NodeTypes(frozenset({"snapshot"})),
    work=built_out_of_others,
)
