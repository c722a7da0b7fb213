"""`source freshness`: says which sources are too old."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.events import Kept, Manner
from ..selection.resource_types import NodeTypes
from .command import NodeCommand
from .node_flow import run_nodes

if TYPE_CHECKING:
    from ..running.work import NodeWork


def _work() -> NodeWork:
    from ..running.source_age import look_at_freshness
    from ..running.work import Deferring, NodeWork

    return NodeWork(
        do=lambda run: look_at_freshness,
        defers=Deferring.NOTHING,
        runs_hooks=True,
        heeds_freshness_flag=True,
        # As in dbt, one source that is too old keeps none from being looked at.
        stops_at_failure=False,
    )


COMMAND = NodeCommand(
    name="freshness",
    help="Check that sources aren't older than their `freshness` allows.",
    perform=run_nodes,
    group="source",
    aliases=("snapshot-freshness",),
    manner=Manner(keeps=Kept.SOURCES),
    takes=NodeTypes(frozenset({"source"})),
    work=_work,
)
