"""The flow of a command about nodes: read, choose, run, answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from ..core.outcome import ExitCode, exit_code_of

if TYPE_CHECKING:
    from ..manifest.nodes.node import Node
    from ..running.run import Run
    from ..running.work import NodeWork
    from ..workspace.chosen_nodes import Choice
    from ..workspace.loaded_project import LoadedProject
    from .command import NodeCommand
    from .command_context import CommandContext


def built() -> NodeWork:
    """Each node is built, or tested."""
    from ..running.work import NodeWork

    return NodeWork(do=lambda run: run.builder.build, makes_relations=True, runs_hooks=True)


def built_out_of_others() -> NodeWork:
    """Each node is built, or tested, and what it refers to is built by other commands."""
    from ..running.work import Deferring

    return replace(built(), defers=Deferring.ALL_REFERENCES)


async def run_nodes(context: CommandContext) -> ExitCode:
    """Run what a command selects, and answer.

    A cancellation stops what is in flight at the database, gives every node its final status,
    and travels on.
    """
    from ..core.blocking import in_thread
    from ..core.events import RunEmpty
    from ..running.deferral import find_deferral
    from ..running.run import Run

    command = context.node_command
    assert command.work is not None, f"{command.name} runs no nodes"
    if command.check is not None:
        command.check(context.options)
    project = await load(context)
    work = command.work()
    async with keeping_manifest(context, project):
        choice = await choose(context, command, project)
        if work.may_be_offline and not project.workspace.settings.answer.introspect:
            project = project.offline()
        deferral = await in_thread(find_deferral, project, choice, work.defers)
    nodes = nodes_to_run(command, project, choice)
    if command.narrow is not None:
        nodes = dict(command.narrow(context.options, nodes))
    if not nodes:
        await context.documents.hand_out_manifest(project)
        if context.retried is None:
            context.emit(RunEmpty(project.workspace.settled))
        context.report_nothing("NothingToDo", tuple(choice.unmatched.values()))
        return ExitCode.DONE
    run = Run(
        project,
        nodes,
        work=work,
        emit=context.emit,
        deferral=deferral,
        retried=context.retried,
    )
    async with keeping_results(context, project, run):
        await run.run()
    if command.answer is not None:
        await command.answer(context, project, run)
    return exit_code_of(run.results)


async def load(context: CommandContext) -> LoadedProject:
    """The project, with the query of `--inline` as one of its nodes where there is one.

    Raises:
        HeadraceError: the project can't be read, or that query can't.
    """
    from ..core.errors import HeadraceError
    from ..manifest.nodes.query_nodes import INLINE_PLACE

    try:
        return await context.load()
    except HeadraceError as error:
        place = error.location
        if context.options.query is not None and place is not None and place.path == INLINE_PLACE:
            error.problem = f"Error parsing inline query: {error.problem}"
        raise


async def choose(context: CommandContext, command: NodeCommand, project: LoadedProject) -> Choice:
    """What a command is about, by selection and by resource type."""
    from ..core.events import WarningRaised
    from ..workspace.chosen_nodes import choose_nodes

    takes = command.takes
    if context.retried is not None:
        from .earlier_run import choose_again

        return await context.in_thread(partial(choose_again, project, context.retried, takes))
    choice = await context.in_thread(partial(choose_nodes, project, context.options, takes))
    context.report(
        WarningRaised("NoNodesForSelectionCriteria", message, data={"spec_raw": criterion})
        for criterion, message in choice.unmatched.items()
    )
    return choice


def nodes_to_run(command: NodeCommand, project: LoadedProject, choice: Choice) -> dict[str, Node]:
    """The chosen nodes for which there is something to do, by unique id."""
    from ..workspace.chosen_nodes import is_run

    everything = project.manifest.everything
    return {
        unique_id: everything[unique_id]
        for unique_id in sorted(choice.nodes)
        if is_run(everything[unique_id], command.takes)
    }


@asynccontextmanager
async def keeping_manifest(context: CommandContext, project: LoadedProject) -> AsyncIterator[None]:
    """Hand out the manifest of a project that was read, where nothing comes to be run of it."""
    from ..core.errors import HeadraceError

    try:
        yield
    except HeadraceError:
        await context.documents.hand_out_manifest(project)
        raise


@asynccontextmanager
async def keeping_results(
    context: CommandContext, project: LoadedProject, run: Run
) -> AsyncIterator[None]:
    """Keep a run's results, and hand out the manifest with what it compiled, however it ends."""
    from anyio import CancelScope, get_cancelled_exc_class

    was_cancelled = False
    try:
        yield
    except get_cancelled_exc_class():
        was_cancelled = True
        raise
    finally:
        context.results = run.results
        with CancelScope(shield=was_cancelled):
            await context.documents.hand_out_manifest(project, run.compiled)
