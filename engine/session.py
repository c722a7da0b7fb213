"""The composition root: opens a project and its database, and runs one command.

This is what a service embeds: any number of sessions may run in one event loop, and each is
cancelled like any coroutine.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from functools import partial
from pathlib import Path
from typing import TypeVar

import anyio

from .. import __version__
from ..adapters.cache import RelationCache
from ..adapters.errors import AdapterError
from .builder import Builder
from .cleaning import clean
from .debugging import debug
from .errors import HeadraceError, TargetError, UsageError
from .events import (
    Event,
    EventBus,
    InvocationFailed,
    InvocationFinished,
    InvocationStarted,
    ManifestReady,
    NothingToDo,
    OutputProduced,
    ProjectLoaded,
    Reporter,
    RunFinished,
    RunStarted,
    WarningRaised,
)
from .graph import Graph, gate_with_tests
from .listing import list_lines
from .manifest.manifest import Manifest
from .manifest.nodes import Model, Node, Seed, Test
from .options import Options
from .plan import Plan
from .project.secrets import Redactor
from .results import NodeInfo, RunResult, Status
from .scheduler import Scheduler
from .selection.resource_types import RESOURCE_TYPES, wanted_types
from .selection.selector import Selection, Selector
from .template.context import CommonContext
from .template.engine import TemplateEngine
from .template.environment import TemplateEnvironment
from .timings import last_timings
from .workspace import (
    Start,
    Workspace,
    arguments_of,
    encode_manifest,
    open_workspace,
    parse_manifest,
)

T = TypeVar("T")


class ExitCode(IntEnum):
    """What an invocation says to its shell."""

    DONE = 0
    """Everything was done, or there was nothing to do."""
    NODE_FAILED = 1
    """A node failed, or a check did."""
    COULD_NOT_RUN = 2
    """The invocation itself couldn't run: usage, project, profile, database."""
    INTERRUPTED = 130
    """Cancelled from outside."""


@dataclass(frozen=True, slots=True)
class InvocationResult:
    """What became of an invocation. `error` is why it could not run, where it couldn't."""

    exit_code: ExitCode
    results: tuple[RunResult, ...] = ()
    error: HeadraceError | None = None

    @property
    def success(self) -> bool:
        return self.exit_code is ExitCode.DONE


@dataclass(frozen=True, slots=True)
class _Project:
    """A workspace whose nodes have been read."""

    workspace: Workspace
    manifest: Manifest
    graph: Graph


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
        self._results: tuple[RunResult, ...] = ()

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
            exit_code = await self._command()
        except HeadraceError as failure:
            error, exit_code = failure, ExitCode.COULD_NOT_RUN
            self._emit(InvocationFailed(failure))
        except AdapterError as failure:
            error, exit_code = TargetError(str(failure)), ExitCode.COULD_NOT_RUN
            self._emit(InvocationFailed(error))
        finally:
            elapsed = time.perf_counter() - began
            self._emit(InvocationFinished(exit_code, elapsed, datetime.now(UTC)))
            self._bus.close()
        return InvocationResult(exit_code, self._results, error)

    def _emit(self, event: Event) -> None:
        self._bus.emit(event)

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
        command = self._options.command
        if command == "debug":
            checks_passed = await debug(self._open, self._say)
            return ExitCode.DONE if checks_passed else ExitCode.NODE_FAILED
        if command == "clean":
            for line in await self._in_thread(partial(clean, self._start)):
                self._say(line)
            return ExitCode.DONE
        project = await self._load()
        if command == "parse":
            self._announce_manifest(project, {})
            return ExitCode.DONE
        if command == "ls":
            return self._list(project)
        if command not in RESOURCE_TYPES:
            raise UsageError(f"there is no command '{command}'.")
        return await self._execute(project)

    def _say(self, text: str) -> None:
        self._emit(OutputProduced(text))

    async def _open(self) -> Workspace:
        workspace = await self._in_thread(partial(open_workspace, self._start))
        self._redactor.learn(workspace.target)
        return workspace

    async def _load(self) -> _Project:
        """Read the project in a worker thread, so that the event loop stays free."""
        workspace = await self._open()
        manifest, graph = await self._in_thread(partial(parse_manifest, workspace))
        self._emit(
            ProjectLoaded(
                manifest.counts(),
                workspace.adapter.type,
                workspace.project.root,
                workspace.target_path,
            )
        )
        return _Project(workspace, manifest, graph)

    async def _in_thread(self, work: Callable[[Callable[[WarningRaised], None]], T]) -> T:
        """Do blocking work elsewhere, and report its warnings here, also if it fails."""
        warnings: list[WarningRaised] = []
        try:
            return await anyio.to_thread.run_sync(work, warnings.append)
        finally:
            for warning in warnings:
                self._emit(warning)

    def _select(self, project: _Project) -> Selection:
        """The ids that the command is about, by selection and by resource type."""
        options = self._options
        selection = Selector(project.manifest, project.graph).select(
            options.select, options.exclude
        )
        wanted = wanted_types(
            options.command, options.resource_types, options.exclude_resource_types
        )
        kept = frozenset(
            unique_id for unique_id in selection.selected if unique_id.partition(".")[0] in wanted
        )
        for message in selection.unmatched:
            self._emit(WarningRaised("NoNodesForSelectionCriteria", message))
        return Selection(kept, selection.unmatched)

    def _list(self, project: _Project) -> ExitCode:
        selection = self._select(project)
        self._announce_manifest(project, {})
        if not selection.selected:
            self._emit(NothingToDo(selection.unmatched))
        for line in list_lines(
            project.manifest,
            selection.selected,
            output=self._options.output,
            keys=self._options.output_keys,
            relation_name=lambda node: str(project.workspace.relations.of(node)),
        ):
            self._say(line)
        return ExitCode.DONE

    async def _execute(self, project: _Project) -> ExitCode:
        selection = self._select(project)
        nodes = {
            unique_id: project.manifest.nodes[unique_id]
            for unique_id in sorted(selection.selected)
            if not project.manifest.nodes[unique_id].is_ephemeral
        }
        if not nodes:
            self._announce_manifest(project, {})
            self._emit(NothingToDo(selection.unmatched))
            return ExitCode.DONE
        async with project.workspace.adapter:
            return await self._run_nodes(project, nodes)

    async def _run_nodes(self, project: _Project, nodes: dict[str, Node]) -> ExitCode:
        workspace, manifest = project.workspace, project.manifest
        cache = RelationCache(workspace.adapter)
        await self._prepare_schemas(workspace, manifest, nodes, cache)
        infos = {
            unique_id: node.info(_relation_name(workspace, node))
            for unique_id, node in nodes.items()
        }
        plan = _plan(project, nodes, self._options.command)
        builder = self._builder(project, infos, cache)
        is_compile = self._options.command == "compile"
        scheduler = Scheduler(
            plan,
            infos,
            builder.compile if is_compile else builder.build,
            threads=workspace.target.threads,
            fail_fast=workspace.fail_fast,
            emit=self._emit,
        )
        self._emit(
            RunStarted(
                tuple(infos[unique_id] for unique_id in plan.order),
                workspace.target.threads,
                workspace.target.name,
            )
        )
        began = time.perf_counter()
        interrupted = True
        try:
            await scheduler.run()
            interrupted = False
        finally:
            self._results = tuple(scheduler.results.values())
            elapsed = time.perf_counter() - began
            self._emit(RunFinished(self._results, elapsed, interrupted))
            self._announce_manifest(project, builder.compiled)
        if is_compile and len(nodes) == 1:
            self._show_compiled(nodes, builder.compiled)
        return _exit_code(self._results)

    async def _prepare_schemas(
        self,
        workspace: Workspace,
        manifest: Manifest,
        nodes: Mapping[str, Node],
        cache: RelationCache,
    ) -> None:
        """Create the schemas that are missing, and list what is in those that are used."""
        built = [node for node in nodes.values() if isinstance(node, (Model, Seed))]
        if self._options.command != "compile":
            there = {schema.casefold() for schema in await workspace.adapter.list_schemas()}
            wanted = {node.schema.casefold(): node.schema for node in built}
            for folded, schema in sorted(wanted.items()):
                if folded not in there:
                    await workspace.adapter.create_schema(schema)
        await cache.fill(sorted({node.schema for node in built}))

    def _builder(
        self, project: _Project, infos: dict[str, NodeInfo], cache: RelationCache
    ) -> Builder:
        workspace = project.workspace
        common: CommonContext = workspace.common_context(self._emit)
        templates = TemplateEngine(
            environment=TemplateEnvironment(workspace.codes),
            common=common,
            manifest=project.manifest,
            adapter=workspace.adapter,
            cache=cache,
            relations=workspace.relations,
        )
        return Builder(
            manifest=project.manifest,
            infos=infos,
            adapter=workspace.adapter,
            cache=cache,
            templates=templates,
            emit=self._emit,
            project_root=workspace.project.root,
            target_path=workspace.target_path_display,
            full_refresh=workspace.full_refresh,
            invocation_id=self._start.invocation_id,
        )

    def _announce_manifest(self, project: _Project, compiled: Mapping[str, str]) -> None:
        def encode() -> bytes:
            # A variable may have brought a secret into the SQL, and this is written to disk.
            clean = {unique_id: self._redactor(sql) for unique_id, sql in compiled.items()}
            return encode_manifest(project.workspace, project.manifest, clean)

        self._emit(ManifestReady(encode))

    def _show_compiled(self, nodes: Mapping[str, Node], compiled: Mapping[str, str]) -> None:
        for unique_id, sql in compiled.items():
            self._say(f"Compiled node '{nodes[unique_id].name}' is:\n{sql}")


def _plan(project: _Project, nodes: Mapping[str, Node], command: str) -> Plan:
    """The order of the selected nodes, urgent ones first."""
    graph = project.graph
    if command == "build":
        tests = {
            unique_id: project.manifest.parents[unique_id]
            for unique_id, node in nodes.items()
            if isinstance(node, Test)
        }
        kept = {
            unique_id: parents
            for unique_id, parents in project.manifest.parents.items()
            if unique_id in tests or not isinstance(project.manifest.nodes[unique_id], Test)
        }
        graph = Graph(gate_with_tests(kept, tests))
    timings = last_timings(project.workspace.target_path / "run_results.json")
    return Plan(graph.subgraph(nodes), timings)


def _relation_name(workspace: Workspace, node: Node) -> str | None:
    return None if isinstance(node, Test) else str(workspace.relations.of(node))


def _exit_code(results: Sequence[RunResult]) -> ExitCode:
    """1 where a node failed, or was skipped because of a failure."""
    failed = any(result.status.is_failure or result.status is Status.SKIPPED for result in results)
    return ExitCode.NODE_FAILED if failed else ExitCode.DONE
