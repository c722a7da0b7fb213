"""`retry`: the last run again, for what hasn't succeeded."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct, structs

from .choice import Choice, choose_nodes
from .errors import ProjectError
from .events import MessageLogged, WarningRaised
from .parsed_project import ParsedProject
from .project.discovery import find_project_directory
from .project.project import load_project
from .settings import decide
from .state.settings import find_directory
from .state.unfinished import UnfinishedRun, find_unfinished
from .workspace import Start, target_path

_USUAL_TARGET = "target"


class Retry(Struct, frozen=True):
    """The run to repeat, and the project's flags, which count for this one as well."""

    run: UnfinishedRun
    flags: Mapping[str, object]


def find_retry(start: Start, warn: Callable[[WarningRaised], None]) -> Retry:
    """The last run of the project, from its target directory or from `--state`.

    Raises:
        ProjectError: there is no project.
        UsageError: there is no run, or what it left behind is of no use.
    """
    options, environ = start.options, start.environ
    root = find_project_directory(options.project_dir, environ=environ, cwd=start.cwd)
    flags: Mapping[str, object] = {}
    try:
        project = load_project(root, environ=environ, cli_vars=options.vars, warn=warn)
    except ProjectError:
        # It may need the variables of the first run, which are with its results.
        directory = root / (options.target_path or _USUAL_TARGET)
    else:
        directory, flags = target_path(start, project), project.flags
    if options.state is not None:
        directory = find_directory(options.state, cwd=start.cwd, root=root)
    run = find_unfinished(
        directory,
        options,
        retries_warnings=decide("warn_error", options.warn_error, environ, flags),
    )
    return Retry(run, flags)


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
    project: ParsedProject, run: UnfinishedRun, warn: Callable[[WarningRaised], None]
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
    first = choose_nodes(project, run.options, warn)
    return structs.replace(first, nodes=left, named=first.named | run.planned, unmatched=())
