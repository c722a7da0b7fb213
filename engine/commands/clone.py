"""`clone`: makes nodes out of the relations of an earlier run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.events import Manner
from ..selection.resource_types import NodeTypes
from .command import NodeCommand
from .node_flow import run_nodes

if TYPE_CHECKING:
    from ..running.work import NodeWork


def _work() -> NodeWork:
    from ..running.node_clone import NodeCloner
    from ..running.work import Deferring, NodeWork, Order

    return NodeWork(
        do=lambda run: NodeCloner(run.builder, run.origins).clone,
        order=Order.FLAT,
        defers=Deferring.WHOLE,
        makes_relations=True,
    )


COMMAND = NodeCommand(
    name="clone",
    help="Make the selected nodes out of their relations in the state.",
    perform=run_nodes,
    manner=Manner(verbs=("OK cloned", "ERROR cloning")),
    takes=NodeTypes(frozenset({"model", "seed", "snapshot"})),
    work=_work,
)
