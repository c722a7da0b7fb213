"""What the last run has left to do: found, settled, and taken up again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial

from msgspec import Struct, structs

from ...adapters.abilities import Fate, Tracing
from ...adapters.base import Adapter, Target
from ..core.blocking import in_thread
from ..core.errors import ProjectError, UsageError
from ..core.events import MessageLogged, RunResumed, WarningRaised
from ..core.results import Doubt
from ..project.discovery import find_project_directory
from ..project.project import load_project
from ..selection.resource_types import NodeTypes
from ..settings.precedence import find_value
from ..settings.seen_flags import arguments_of
from ..state.earlier_settings import find_directory
from ..state.unfinished import UnfinishedRun, find_unfinished
from ..workspace.chosen_nodes import Choice, choose_nodes
from ..workspace.loaded_project import LoadedProject
from ..workspace.places import likely_target_path, target_path
from ..workspace.start import Start
from ..workspace.workspace import open_workspace
from .command import Command
from .command_context import CommandContext


async def take_up(context: CommandContext) -> Command | None:
    """Go on as the command of the last run, for what is left of it; None if nothing is.

    Raises:
        ProjectError: there is no project.
        UsageError: there is no run to repeat, or what became of it can't be told.
    """
    retry = await context.read_project(partial(find_retry, context.start, context.macro_commands))
    command = context.take_up(retry.run)
    run = retry.run
    if run.doubts:
        run = await settle_doubts(run, context.start, context.redactor.learn)
        context.retried = run
    arguments = arguments_of(run.options)
    context.emit(RunResumed(run.options.command, arguments, run.records, command.manner))
    for told in told_as_done(retry.run, run):
        context.emit(told)
    context.emit(opening(run))
    return command if run.nodes else None


class Retry(Struct, frozen=True):
    """The run to repeat, and the project's flags, which count for this one as well."""

    run: UnfinishedRun
    flags: Mapping[str, object]


def find_retry(
    start: Start, macro_commands: Collection[str], warn: Callable[[WarningRaised], None]
) -> Retry:
    """The last run of the project, from its target directory or from `--state`.

    Raises:
        ProjectError: there is no project.
        UsageError: there is no run, or what it left behind is of no use.
    """
    options, environ = start.options, start.environ
    root = find_project_directory(options.project_dir, environ=environ, cwd=start.cwd)
    flags: Mapping[str, object] = {}
    try:
        project = load_project(
            root, environ=environ, cli_vars=options.vars, warn=warn, names=start.names
        )
    except ProjectError:
        # It may need the variables of the first run, which are with its results.
        directory = likely_target_path(start, root)
    else:
        directory, flags = target_path(start, project), project.flags
    if options.state is not None:
        directory = find_directory(options.state, cwd=start.cwd, root=root)
    run = find_unfinished(
        directory,
        options,
        macro_commands=macro_commands,
        retries_warnings=find_value("warn_error", options.warn_error, environ, flags).value,
    )
    return Retry(run, flags)


async def settle_doubts(
    run: UnfinishedRun, start: Start, learn: Callable[[Target], None]
) -> UnfinishedRun:
    """Ask the database what became of the transactions that were in doubt.

    Those that went through are done, and the others are run again. `learn` takes the target that
    is connected to. What there is to warn of in the project is told when it is run.

    Raises:
        UsageError: it can't say, or one is still in progress. Nothing is run then.
        ConnectionFailedError: the database can't be reached.
    """
    ignored: list[WarningRaised] = []
    workspace = await in_thread(open_workspace, start, ignored.append)
    learn(workspace.target)
    adapter = workspace.adapter
    names = {doubt.transaction for doubts in run.doubts.values() for doubt in doubts}
    async with adapter:
        fates = {
            name: await adapter.fate_of(name) if isinstance(adapter, Tracing) else Fate.UNKNOWN
            for name in sorted(filter(None, names))
        }
    for unique_id, doubts in run.doubts.items():
        for doubt in doubts:
            fate = fates[doubt.transaction] if doubt.transaction else Fate.UNKNOWN
            if not fate.is_final:
                raise UsageError(_refusal(unique_id, doubt, fate, adapter))
    return run.settled(fates)


def _refusal(unique_id: str, doubt: Doubt, fate: Fate, adapter: Adapter) -> str:
    """Why a node that is in doubt isn't run again, and how to look."""
    if fate is Fate.IN_PROGRESS:
        why = "the database is still at its COMMIT"
    else:
        why = "the database can't say what became of its transaction"
    ask = ""
    if doubt.transaction and isinstance(adapter, Tracing):
        ask = f" Ask it with: {adapter.question_for(doubt.transaction)}"
    return (
        f"'{unique_id}' is in doubt: {why}. To run it again might do a second time what is done "
        f"already, so that nothing was run.{ask}\nTry again later; or look at what it writes, and "
        "then run the command itself for what is left, with --select or --exclude."
    )


def told_as_done(before: UnfinishedRun, after: UnfinishedRun) -> list[MessageLogged]:
    """What is said of the nodes that turned out to be done."""
    return [
        MessageLogged(
            f"'{unique_id}' was in doubt, and its transaction had gone through: it is done.",
            to_console=True,
            name="DoubtSettled",
        )
        for unique_id in before.nodes
        if unique_id not in after.nodes
    ]


def opening(run: UnfinishedRun) -> MessageLogged:
    """What is said of a retry before it begins, or that there is nothing to begin."""
    command = run.options.command
    if not run.nodes:
        text = f"Nothing to do: all that the last '{command}' ran has succeeded."
        return MessageLogged(text, to_console=True, name="NothingToRetry")
    count, total = len(run.nodes), len(run.planned)
    text = f"Retrying {count} of the {total} nodes of the last '{command}'."
    return MessageLogged(text, to_console=True, name="RetryingNodes")


def choose_again(
    project: LoadedProject,
    run: UnfinishedRun,
    takes: NodeTypes,
    warn: Callable[[WarningRaised], None],
) -> Choice:
    """What is left of the first run. What it had selected counts for deferral only.

    Raises:
        HeadraceError: its selection can't be made again.
    """
    there = project.manifest.everything
    for unique_id in run.nodes:
        if unique_id not in there:
            warn(
                WarningRaised(
                    "NoNodesForSelectionCriteria",
                    f"'{unique_id}' of the last run is no longer there, and isn't retried.",
                )
            )
    left = frozenset(unique_id for unique_id in run.nodes if unique_id in there)
    if not project.workspace.state.is_deferring:
        return Choice(left, run.planned, is_everything=True)
    first = choose_nodes(project, run.options, takes, warn)
    return structs.replace(first, nodes=left, named=first.named | run.planned, unmatched={})
