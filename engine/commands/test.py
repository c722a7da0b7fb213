"""`test`: data tests and unit tests."""

from __future__ import annotations

from ..selection.resource_types import NodeTypes
from .command import NodeCommand
from .node_flow import built_out_of_others, run_nodes

COMMAND = NodeCommand(
    name="test",
    help="Test the selected nodes.",
    perform=run_nodes,
    takes=NodeTypes(frozenset({"test", "unit_test"})),
    work=built_out_of_others,
)
