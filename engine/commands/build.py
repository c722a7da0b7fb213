"""`build`: seeds, models, snapshots and their tests, in one graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..selection.resource_types import NodeTypes
from .command import NodeCommand
from .node_flow import run_nodes
from .seed import show_samples

if TYPE_CHECKING:
    from ..running.work import NodeWork


def _work() -> NodeWork:
    from ..running.work import NodeWork, Order

    return NodeWork(
        do=lambda run: run.builder.build,
        order=Order.GATED,
        makes_relations=True,
        runs_hooks=True,
    )


COMMAND = NodeCommand(
    name="build",
    help="Load seeds, build models and snapshots, and test them, in the graph's order.",
    perform=run_nodes,
    takes=NodeTypes(
        frozenset("model seed snapshot test unit_test exposure saved_query".split()),
    ),
    work=_work,
    answer=show_samples,
)
