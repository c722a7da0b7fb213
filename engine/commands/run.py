"""`run`: builds models."""

from __future__ import annotations

from ..selection.resource_types import NodeTypes
from .command import NodeCommand
from .node_flow import built, run_nodes

COMMAND = NodeCommand(
    name="run",
    help="Build the selected models.",
    perform=run_nodes,
    takes=NodeTypes(frozenset({"model"})),
    work=built,
)
