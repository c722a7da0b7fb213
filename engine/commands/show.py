"""`show`: rows of nodes, or of a query."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..core.events import Kept, Manner
from ..selection.resource_types import NodeTypes
from .command import NodeCommand
from .node_flow import run_nodes

if TYPE_CHECKING:
    from ..manifest.nodes.node import Node
    from ..running.run import Run
    from ..running.work import NodeWork
    from ..settings.options import Options
    from ..workspace.loaded_project import LoadedProject
    from .command_context import CommandContext


def _check(options: Options) -> None:
    from .sql_answers import check_asked, check_options

    check_options(options)
    check_asked(options)


def _narrow(options: Options, nodes: Mapping[str, Node]) -> Mapping[str, Node]:
    from .sql_answers import nodes_to_show

    return nodes_to_show(options, nodes)


def _work() -> NodeWork:
    from ..running.work import NodeWork, Order

    return NodeWork(do=lambda run: run.preview.fetch, order=Order.FLAT)


async def _answer(context: CommandContext, project: LoadedProject, run: Run) -> None:
    from .sql_answers import check_query, rows_answer

    check_query(run)
    # Not as they came in: that is the database's choice, and another one each time.
    for unique_id, node in run.nodes.items():
        if unique_id in run.shown:
            context.emit(rows_answer(node, run.shown[unique_id], context.options))


COMMAND = NodeCommand(
    name="show",
    help="Show rows of the selected nodes, or of a query.",
    perform=run_nodes,
    answers=True,
    manner=Manner(
        verbs=("OK shown", "ERROR showing"), tells_failures_alone=True, keeps=Kept.NOTHING
    ),
    takes=NodeTypes(
        frozenset({"model", "seed", "snapshot", "test", "analysis"}), takes_ephemeral=True
    ),
    work=_work,
    check=_check,
    narrow=_narrow,
    answer=_answer,
)
