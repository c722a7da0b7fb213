"""`seed`: loads CSV files. And what `--show` shows of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..selection.resource_types import NodeTypes
from .command import NodeCommand
from .node_flow import run_nodes

if TYPE_CHECKING:
    from ..running.run import Run
    from ..running.work import NodeWork
    from ..workspace.loaded_project import LoadedProject
    from .command_context import CommandContext


def _work() -> NodeWork:
    from ..running.work import Deferring, NodeWork

    return NodeWork(
        do=lambda run: run.builder.build,
        defers=Deferring.NOTHING,
        makes_relations=True,
        runs_hooks=True,
    )


async def show_samples(context: CommandContext, project: LoadedProject, run: Run) -> None:
    """Say some rows of each seed that was loaded, if that is asked for."""
    if context.options.show:
        from .seed_samples import seed_samples

        async for text in seed_samples(project, run.results):
            context.say(text)


COMMAND = NodeCommand(
    name="seed",
    help="Load the selected seeds' CSV files.",
    perform=run_nodes,
    takes=NodeTypes(frozenset({"seed"})),
    work=_work,
    answer=show_samples,
)
