"""The composition root: opens a project and its database, and runs one command.

This is what a service embeds: any number of sessions may run in one event loop, and each is
cancelled like any coroutine.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from anyio import CancelScope, get_cancelled_exc_class
from msgspec import structs

from .. import __version__
from ..adapters.errors import AdapterError
from .commands.documents import Documents
from .core.blocking import in_thread
from .core.errors import (
    HeadraceError,
    TargetError,
    UsageError,
)
from .core.events import (
    CatalogReady,
    Event,
    EventBus,
    InvocationFailed,
    InvocationFinished,
    InvocationStarted,
    NothingToDo,
    OutputProduced,
    ParseCacheChanged,
    ProjectFound,
    ProjectLoaded,
    Reporter,
    RunEmpty,
    RunResumed,
    WarningRaised,
)
from .core.outcome import (
    ExitCode,
    InvocationResult,
    exit_code_of,
)
from .core.results import RunResult
from .manifest.nodes.node import Node
from .manifest.reading.parse_cache import FILE_NAME as CACHE_NAME
from .project.secrets import Redactor
from .running.deferral import find_deferral
from .selection.resource_types import RESOURCE_TYPES
from .settings.options import Options
from .settings.warning_policy import (
    RaisedWarningsError,
    Verdict,
    WarningPolicy,
    decide_policy,
)
from .workspace.chosen_nodes import (
    Choice,
    choose_nodes,
    is_run,
)
from .workspace.loaded_project import ParsedProject, parse_project
from .workspace.workspace import (
    Start,
    Workspace,
    arguments_of,
    open_workspace,
)

if TYPE_CHECKING:
    from .commands.retry import Retry
    from .running.run import Execution
    from .state.unfinished import UnfinishedRun

T = TypeVar("T")


class HasFlags(Protocol):
    """What has been read of a project, with the `flags:` that are in it."""

    @property
    def flags(self) -> Mapping[str, object]: ...


F = TypeVar("F", bound=HasFlags)


class Session:
    """One invocation of one command. Used once: `Session(…) → run()`.

    Args:
        options: what to do.
        reporters: take every event, in order.
        environ, cwd: in the place of the process's own.
        redactor: learns the target's secrets, for reporters that write text.
    """

    def __init__(
        self,
        options: Options,
        *,
        reporters: Iterable[Reporter] = (),
        environ: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        environment = dict(os.environ if environ is None else environ)
        self._start = Start(options, environment, cwd or Path.cwd())
        self._options = options
        self._bus = EventBus(reporters)
        self._redactor = redactor or Redactor(environment)
        self._documents = Documents(self._bus, self._redactor)
        self._results: tuple[RunResult, ...] = ()
        self._warning_policy = WarningPolicy()
        self._retried: UnfinishedRun | None = None

    async def run(self) -> InvocationResult:
        """Run the command.

        What the user can mend comes back in the result, and is reported. A cancellation stops
        what is in flight at the database, gives every node its final status, and travels on.
        """
        began = time.perf_counter()
        exit_code = ExitCode.INTERRUPTED
        error: HeadraceError | None = None
        self._emit(self._started())
        try:
            self._warning_policy = decide_policy(self._options, self._start.environ)
            exit_code = await self._command()
        except (HeadraceError, AdapterError) as failure:
            error = failure if isinstance(failure, HeadraceError) else TargetError(str(failure))
            error.scrub(self._redactor)
            exit_code = ExitCode.COULD_NOT_RUN
            self._emit(InvocationFailed(error))
        except Exception:
            exit_code = ExitCode.COULD_NOT_RUN  # a bug of ours, which travels
            raise
        finally:
            elapsed = time.perf_counter() - began
            self._emit(InvocationFinished(exit_code, elapsed, datetime.now(UTC)))
            self._bus.close()
        return InvocationResult(exit_code, self._results, error)

    @property
    def warning_policy(self) -> WarningPolicy:
        """What becomes of warnings: also of those that come when it has run."""
        return self._warning_policy

    def _emit(self, event: Event) -> None:
        """Hand an event out; a warning only as the policy says.

        Raises:
            RaisedWarningsError: it is a warning that counts as an error.
        """
        if isinstance(event, WarningRaised):
            self._report((event,))
        else:
            self._bus.emit(event)

    def _report(self, warnings: Iterable[WarningRaised]) -> None:
        try:
            shown = self._warning_policy.sift(warnings)
        except RaisedWarningsError as error:
            for warning in error.shown:
                self._bus.emit(warning)
            raise
        for warning in shown:
            self._bus.emit(warning)

    @contextmanager
    def _reporting(self) -> Iterator[Callable[[WarningRaised], None]]:
        """Takes the warnings of blocking work, and reports them here once it has ended.

        Also if it fails: what is an error already doesn't become another one.

        Raises:
            RaisedWarningsError: some count as errors. All of these are told together.
        """
        warnings: list[WarningRaised] = []
        try:
            yield warnings.append
        except BaseException:
            for warning in warnings:
                if self._warning_policy.verdict(warning.name) is not Verdict.DROP:
                    self._bus.emit(warning)
            raise
        self._report(warnings)

    def _started(self) -> InvocationStarted:
        start = self._start
        return InvocationStarted(
            start.invocation_id,
            self._options.command,
            __version__,
            start.started_at,
            arguments_of(self._options),
        )

    async def _command(self) -> ExitCode:
        if self._options.command == "retry":
            return await self._retry()
        return await self._run_command()

    async def _retry(self) -> ExitCode:
        """Take up the last run: its command, its options, and what is left of it."""
        retrying = _module("commands.retry")
        retry: Retry = await self._read_project(partial(retrying.find_retry, self._start))
        run = retry.run
        self._options = run.options
        self._start = structs.replace(self._start, options=run.options)
        if run.doubts:
            run = await retrying.settle_doubts(run, self._start, self._redactor.learn)
        self._retried = run
        self._emit(RunResumed(run.options.command, arguments_of(run.options), run.records))
        for told in retrying.told_as_done(retry.run, run):
            self._emit(told)
        self._emit(retrying.opening(run))
        return await self._run_command() if run.nodes else ExitCode.DONE

    async def _run_command(self) -> ExitCode:
        command = self._options.command
        if command == "debug":
            checks_passed = await _module("commands.debug").debug(
                self._open, self._say, connection_only=self._options.connection_only
            )
            return ExitCode.DONE if checks_passed else ExitCode.NODE_FAILED
        if command == "clean":
            await self._clean()
            return ExitCode.DONE
        if command == "deps":
            await _module("commands.deps").install_packages(
                self._start, self._emit, self._read_project
            )
            return ExitCode.DONE
        if command in ("compile", "show"):
            _module("commands.show").check_options(self._options)
        project = await self._load()
        if command == "parse":
            await self._documents.hand_out_manifest(project)
            return ExitCode.DONE
        if command == "ls":
            return await self._list(project)
        if command == "run-operation":
            return await self._run_operation(project)
        if command not in RESOURCE_TYPES:
            raise UsageError(f"there is no command '{command}'.")
        return await self._execute(project)

    def _say(self, text: str) -> None:
        self._emit(OutputProduced(text))

    def _say_all(self, texts: Iterable[str]) -> None:
        for text in texts:
            self._say(text)

    async def _open(self) -> Workspace:
        with self._reporting() as warn:
            workspace = await in_thread(open_workspace, self._start, warn)
            self._warning_policy = workspace.warning_policy
            self._redactor.learn(workspace.target)
            self._emit(ProjectFound(workspace.log_path))
        return workspace

    async def _clean(self) -> None:
        cleaning = _module("commands.clean")
        project = await self._read_project(partial(cleaning.project_to_clean, self._start))
        self._say_all(await in_thread(cleaning.clean, project))

    async def _load(self) -> ParsedProject:
        """Read the project in a worker thread, so that the event loop stays free."""
        workspace = await self._open()
        project = await self._in_thread(partial(parse_project, workspace))
        counts, root = project.manifest.counts(), workspace.project.root
        self._emit(ProjectLoaded(counts, workspace.adapter.type, root, workspace.target_path))
        if project.cache is not None:
            self._emit(ParseCacheChanged(CACHE_NAME, project.cache))
        return project

    async def _in_thread(self, work: Callable[[Callable[[WarningRaised], None]], T]) -> T:
        """Do blocking work elsewhere, and report its warnings here, also if it fails."""
        with self._reporting() as warn:
            return await in_thread(work, warn)

    async def _read_project(self, read: Callable[[Callable[[WarningRaised], None]], F]) -> F:
        """Read elsewhere what has the project's `flags`, which count from then on."""
        with self._reporting() as warn:
            found = await in_thread(read, warn)
            self._warning_policy = decide_policy(
                self._options, self._start.environ, found.flags, warn
            )
        return found

    async def _choose(self, project: ParsedProject) -> Choice:
        """What the command is about, by selection and by resource type."""
        if self._retried is not None:
            again = _module("commands.retry").choose_again
            return await self._in_thread(partial(again, project, self._retried))
        choice = await self._in_thread(partial(choose_nodes, project, self._options))
        self._report(
            WarningRaised("NoNodesForSelectionCriteria", message) for message in choice.unmatched
        )
        return choice

    def _report_nothing(self, name: str, choice: Choice) -> None:
        """Say that nothing was selected, which is a warning that has an event of its own."""
        match self._warning_policy.verdict(name):
            case Verdict.SHOW:
                self._emit(NothingToDo(choice.unmatched))
            case Verdict.RAISE:
                message = "Nothing to do. Try checking your model configs and selection."
                raise RaisedWarningsError([WarningRaised(name, message)])
            case Verdict.DROP:
                pass

    async def _list(self, project: ParsedProject) -> ExitCode:
        choice = await self._choose(project)
        await self._documents.hand_out_manifest(project)
        if not choice.nodes:
            self._report_nothing("NoNodesSelected", choice)
        list_lines = _module("commands.ls").list_lines
        self._say_all(await in_thread(list_lines, project, choice.nodes, self._options))
        return ExitCode.DONE

    async def _execute(self, project: ParsedProject) -> ExitCode:
        choice = await self._choose(project)
        deferral = await in_thread(find_deferral, project, choice)
        everything = project.manifest.everything
        nodes = {
            unique_id: everything[unique_id]
            for unique_id in sorted(choice.nodes)
            if is_run(everything[unique_id], self._options.command)
        }
        if self._options.command == "show":
            nodes = _module("commands.show").nodes_to_show(self._options, nodes)
        if self._options.command == "generate":
            return await self._generate(project, choice, nodes)
        if not nodes:
            await self._documents.hand_out_manifest(project)
            if self._retried is None:
                self._emit(RunEmpty())
            self._report_nothing("NothingToDo", choice)
            return ExitCode.DONE
        command = self._options.command
        execution: Execution = _module("running.run").Execution(
            project,
            nodes,
            command=command,
            emit=self._emit,
            deferral=deferral,
            retried=self._retried,
        )
        await self._run_nodes(execution, project)
        self._answer(execution)
        if self._options.show:
            async for text in _module("commands.seed_samples").seed_samples(project, self._results):
                self._say(text)
        return exit_code_of(self._results)

    async def _generate(
        self, project: ParsedProject, choice: Choice, nodes: Mapping[str, Node]
    ) -> ExitCode:
        """Compile the nodes, have the database describe what is in it, and hand out the catalog."""
        cataloguing, options = _module("commands.docs_generate"), self._options
        compiled = {} if options.compile is False else cataloguing.nodes_to_compile(nodes)
        execution: Execution = _module("running.run").Execution(
            project, compiled, command=options.command, emit=self._emit
        )
        if not options.empty_catalog:
            selected = None if choice.is_everything else choice.named
            execution.described = cataloguing.nodes_to_describe(project.manifest, selected)
        await self._run_nodes(execution, project)
        catalog = cataloguing.catalog_document(project.workspace, execution.catalog)
        await self._documents.hand_out(CatalogReady(self._redactor.redacted(catalog)))
        self._emit(cataloguing.closing(project.workspace))
        return ExitCode.NODE_FAILED if execution.catalog["errors"] else exit_code_of(self._results)

    async def _run_operation(self, project: ParsedProject) -> ExitCode:
        options = self._options
        await self._documents.hand_out_manifest(project)
        run = _module("commands.run_operation").run_operation
        result: RunResult = await run(project, options.macro, options.args, self._emit)
        self._results = (result,)
        return exit_code_of(self._results)

    async def _run_nodes(self, execution: Execution, project: ParsedProject) -> None:
        """Run them, and hand out the manifest with what was compiled, however that ended."""
        was_cancelled = False
        try:
            await execution.run()
        except get_cancelled_exc_class():
            was_cancelled = True
            raise
        finally:
            self._results = execution.results
            with CancelScope(shield=was_cancelled):
                await self._documents.hand_out_manifest(project, execution.compiled)

    def _answer(self, execution: Execution) -> None:
        """Say what `compile` or `show` was asked for: of a selection, what was named in it."""
        showing, options = _module("commands.show"), self._options
        if options.command == "compile":
            for unique_id in showing.named_nodes(options, execution.nodes):
                if unique_id in execution.compiled:
                    node, sql = execution.nodes[unique_id], execution.compiled[unique_id]
                    self._emit(showing.compiled_answer(node, sql, options))
        if options.command == "show":
            for unique_id, rows in execution.shown.items():
                self._emit(showing.rows_answer(execution.nodes[unique_id], rows, options))


def _module(name: str) -> Any:
    """A module that some commands need. To import all of them takes as long as a small parse."""
    return import_module(f".{name}", __package__)
