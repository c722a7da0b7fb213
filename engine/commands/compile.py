"""`compile`: writes nodes' SQL, and says it of those that are named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.events import Manner
from ..selection.resource_types import NodeTypes
from .command import NodeCommand
from .node_flow import run_nodes

if TYPE_CHECKING:
    from ..running.run import Run
    from ..running.work import NodeWork
    from ..settings.options import Options
    from ..workspace.loaded_project import LoadedProject
    from .command_context import CommandContext


def _check(options: Options) -> None:
    from .sql_answers import check_options

    check_options(options)


def _work() -> NodeWork:
    from ..running.node_sql import COMPILING

    return COMPILING


async def _answer(context: CommandContext, project: LoadedProject, run: Run) -> None:
    from .sql_answers import check_query, compiled_answer, named_nodes

    check_query(run)
    for unique_id in named_nodes(context.options, run.nodes):
        if unique_id in run.compiled:
            node, sql = run.nodes[unique_id], run.compiled[unique_id]
            context.emit(compiled_answer(node, sql, context.options))


COMMAND = NodeCommand(
    name="compile",
    help="Write the selected nodes' SQL to target/compiled, and run nothing.",
    perform=run_nodes,
    answers=True,
    manner=Manner(verbs=("OK compiled", "ERROR compiling"), tells_failures_alone=True),
    takes=NodeTypes(
        frozenset({"model", "snapshot", "test", "analysis", "seed"}), takes_ephemeral=True
    ),
    work=_work,
    check=_check,
    answer=_answer,
)
