"""The selected nodes of a project, run against its database: schemas, plan, scheduler."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from itertools import groupby
from typing import Any

import anyio

from ...adapters.abilities import Locking
from ...adapters.base import Rows
from ...adapters.offline import OfflineAdapter
from ...adapters.relation import Namespace, Relation
from ...adapters.relation_cache import RelationCache
from ..core.blocking import in_thread
from ..core.events import (
    Event,
    NodeSkipped,
    ReferencesDeferred,
    RunFinished,
    RunStarted,
    WarningRaised,
)
from ..core.results import NodeInfo, RunResult, Status
from ..manifest.nodes.hook_node import END, START, RunHookType
from ..manifest.nodes.node import Node
from ..manifest.nodes.snapshot_node import RELATION_KINDS
from ..manifest.nodes.source_node import Source
from ..manifest.nodes.stored_failures import check_stored_names, stores_failures
from ..settings.warning_policy import RaisedWarningsError
from ..state.unfinished import UnfinishedRun
from ..template.dbt.end_context import end_context
from ..workspace.loaded_project import LoadedProject
from .catalog_document import describe
from .deferral import Deferral, Deferrer
from .hooks import THREAD_ID, RunHooks
from .namespaces import namespaces_of
from .node_builder import NodeBuilder
from .node_rows import Preview, row_limit
from .node_run import in_slots
from .own_listing import own_macro
from .plan import Plan
from .planning import plan_of
from .run_context import RunContext, open_context
from .scheduler import Scheduler
from .source_age import source_info
from .work import Deferring, NodeWork

_HOOKS_NOT_RUN = (
    "`on-run-start` and `on-run-end` are not run around `source freshness`, since "
    "`source_freshness_run_project_hooks` is false under `flags:` of dbt_project.yml."
)

INTERRUPTED = "Skipped: the run was interrupted"


class Run:
    """One run over a project's nodes. Used once: `Run(…) → run()`.

    Attributes:
        nodes: what is built, tested or compiled, by unique id.
        results: the nodes that have ended, each once, also when the run was cancelled.
        compiled: the SQL of every node that was compiled, by unique id.
        described: the nodes that the database is asked about in the end.
        catalog: what it said of them.
        origins: of nodes that are cloned, the relations that an earlier run has made, by unique id.
    """

    def __init__(
        self,
        project: LoadedProject,
        nodes: Mapping[str, Node],
        *,
        work: NodeWork,
        emit: Callable[[Event], None],
        deferral: Deferral | None = None,
        retried: UnfinishedRun | None = None,
    ) -> None:
        self._retried = retried
        self._deferral = deferral
        self._deferred: Mapping[str, Relation] = {}
        self.origins: Mapping[str, Relation] = {}
        self._project = project
        self._workspace = project.workspace
        self._work = work
        self._emit = emit
        self._cache = RelationCache(self._workspace.adapter)
        self._late_warnings: list[WarningRaised] = []
        self.nodes = nodes
        self.described: Sequence[Node] = ()
        self.catalog: Mapping[str, Any] = {"nodes": {}, "sources": {}, "errors": None}
        self.results: tuple[RunResult, ...] = ()

    @property
    def shown(self) -> dict[str, Rows]:
        """The rows of every node that was shown, by unique id."""
        return self.preview.rows

    @property
    def compiled(self) -> dict[str, str]:
        return self.context.compiled

    async def run(self) -> None:
        """Prepare the schemas, and run every node in its order.

        A cancellation stops what is in flight at the database, gives every node its final
        status, and travels on.

        Raises:
            AdapterError: the database can't be connected to, or a schema can't be made.
            RaisedWarningsError: another run is in the way, and that counts as an error.
        """
        check_stored_names(self._storing(), self._project.manifest.nodes)
        async with self._workspace.adapter:
            await self._prepare()
            plan = await in_thread(self._plan)
            scheduler, start, end = self._scheduler(plan), self._hooks(START), self._hooks(END)
            with self._telling(plan, scheduler, start, end) as done:
                await start.run()
                await self._look_again_after(start)
                if self._goes_on_after(start):
                    await scheduler.run()
                    await self.context.own_tables.validate(
                        self._workspace.adapter, scheduler.results, self._emit
                    )
                    done += scheduler.results.values()
                else:
                    done += self._skipped(plan, start.failure)
                if start.template_error is None:
                    await end.run(partial(self._end_context, start, done))
                else:
                    end.skip_rest("Skipped: a hook at the start could not be rendered")
            if start.template_error is not None:
                raise start.template_error
            if self.described:
                self.catalog = await describe(self.context, self.described)
            await in_thread(self._workspace.codes.flush)
        self._raise_late_warnings()

    def _goes_on_after(self, start: RunHooks) -> bool:
        """Whether the nodes are run: as in dbt not where a hook before them can't be rendered."""
        is_skipped = start.failure is not None and self._skips_nodes_after_failed_hook
        return start.template_error is None and not is_skipped

    async def _prepare(self) -> None:
        if self._hooks_are_off and self._project.manifest.run_hooks:
            self._emit(WarningRaised("SourceFreshnessProjectHooksNotRun", _HOOKS_NOT_RUN))
        await self._lock_schemas()
        await self._defer()
        await self._prepare_schemas()

    def _plan(self) -> Plan:
        """The order of the nodes. With many of them that takes a while, and so do their names."""
        _ = self._infos  # is worked out here, and not in the event loop
        return plan_of(self._project, self.nodes, self._work.order)

    def _scheduler(self, plan: Plan) -> Scheduler:
        return Scheduler(
            plan,
            self._infos,
            in_slots(self.context, self.nodes, self._infos, self._work.do(self)),
            threads=self._workspace.target.threads,
            fail_fast=self._workspace.settings.build.fail_fast and self._work.stops_at_failure,
            emit=self._emit,
        )

    @contextmanager
    def _telling(
        self, plan: Plan, scheduler: Scheduler, start: RunHooks, end: RunHooks
    ) -> Iterator[list[RunResult]]:
        """Tell that the nodes run, and what has become of each, however the block ended.

        It puts the nodes' results into the list that it gets.
        """
        target, settings = self._workspace.target, self._workspace.settled
        selected = tuple(self._infos[unique_id] for unique_id in plan.order)
        self._emit(
            RunStarted(selected, target.threads, target.name, start.infos, end.infos, settings)
        )
        began = time.perf_counter()
        interrupted = True
        done: list[RunResult] = []
        try:
            yield done
            interrupted = False
        finally:
            start.skip_rest(INTERRUPTED)
            ended = done or tuple(scheduler.results.values()) or self._skipped(plan)
            nodes = [result for result in ended if not result.is_of_ephemeral]
            end.skip_rest(INTERRUPTED)
            self.results = (*start.results, *nodes, *end.results)
            elapsed = time.perf_counter() - began
            self._emit(RunFinished(self.results, elapsed, interrupted, scheduler.failed_fast))

    def _hooks(self, hook_type: RunHookType) -> RunHooks:
        """The hooks of one type; none for a command that only reads."""
        hooks = self._project.manifest.run_hooks.values()
        wanted = hooks if self._work.runs_hooks and not self._hooks_are_off else ()
        return RunHooks([hook for hook in wanted if hook.hook_type == hook_type], self.context)

    @property
    def _hooks_are_off(self) -> bool:
        """Whether the project has its hooks not run around a look at freshness."""
        build = self._workspace.settings.build
        return self._work.heeds_freshness_flag and not build.source_freshness_run_project_hooks

    def _end_context(self, start: RunHooks, done: Sequence[RunResult]) -> dict[str, Any]:
        """As in dbt, a start hook is a result to the end hooks if it failed."""
        shown = [*([start.failure] if start.failure else []), *done]
        return end_context(self._project.manifest, shown, self._workspace.target_path_display)

    async def _look_again_after(self, hooks: RunHooks) -> None:
        """List the schemas once more, in which a hook may have made or dropped something."""
        for namespace in self._namespaces() if hooks.has_executed else ():
            await self._cache.refresh(namespace)

    @property
    def _skips_nodes_after_failed_hook(self) -> bool:
        return self._workspace.settings.build.skip_nodes_if_on_run_start_fails

    def _skipped(self, plan: Plan, failure: RunResult | None = None) -> Sequence[RunResult]:
        """The results of nodes of which none was started: a hook failed, or was interrupted."""
        hook = failure.node if failure else None
        reason = f"Skipped: the hook {hook.display_name} failed" if hook else INTERRUPTED
        because = hook.unique_id if hook else None
        nodes = (self._infos[unique_id] for unique_id in plan.order)
        results = [RunResult(node, Status.SKIPPED, reason, because=because) for node in nodes]
        for index, result in enumerate(results, 1):
            self._emit(NodeSkipped(result, index, len(results)))
        return results

    async def _lock_schemas(self) -> None:
        """Keep other runs out of the schemas that this one builds in, where the database can."""
        adapter = self._workspace.adapter
        namespaces = self._namespaces()
        builds = bool(namespaces) and self._work.makes_relations
        if (
            not builds
            or not self._workspace.settings.build.lock
            or not isinstance(adapter, Locking)
        ):
            return

        def tell(text: str) -> None:
            warning = WarningRaised("WaitingForAnotherRun", text)
            try:
                self._emit(warning)
            except RaisedWarningsError:
                # Not through the adapter, which tells also while it mends its connection.
                self._late_warnings.append(warning)
                waiting.cancel()

        with anyio.CancelScope() as waiting:
            await adapter.lock_schemas(namespaces, tell)
        self._raise_late_warnings()

    def _raise_late_warnings(self) -> None:
        if self._late_warnings:
            raise RaisedWarningsError(self._late_warnings)

    async def _defer(self) -> None:
        """Decide what is read from the state, before a template is rendered."""
        if self._deferral is None:
            return
        deferrer = Deferrer(self._deferral, self._project, self._cache)
        if self._work.defers is Deferring.WHOLE:
            self.origins = deferrer.origins(self.nodes)
            return
        self._deferred, told = await deferrer.decide(self.nodes)
        if told:
            directory = self._workspace.state.manifest_directory()
            self._emit(ReferencesDeferred(told, self._workspace.displayed(directory)))

    def _built(self) -> list[Node]:
        """The nodes that make a relation."""
        models = (node for node in self.nodes.values() if isinstance(node, RELATION_KINDS))
        return [*models, *self._storing()]

    def _namespaces(self) -> list[Namespace]:
        """The schemas that something is made in, as the database calls them."""
        return namespaces_of(self._workspace, self._built())

    def _storing(self) -> list[Node]:
        """The tests that keep the rows that they find."""
        flag = self._workspace.settings.build.store_failures
        return [node for node in self.nodes.values() if stores_failures(node, flag)]

    async def _prepare_schemas(self) -> None:
        """Create the schemas that are missing, and list what is in those that are used."""
        adapter = self._workspace.adapter
        namespaces = self._namespaces()
        if self._work.makes_relations:
            for database, wanted in groupby(namespaces, lambda one: one.database):
                there = {schema.casefold() for schema in await adapter.list_schemas(database)}
                for namespace in wanted:
                    if namespace.schema.casefold() not in there:
                        await self._create_schema(namespace)
                        there.add(namespace.schema.casefold())
        if not isinstance(adapter, OfflineAdapter):
            await self.context.cache.fill(namespaces)  # by which a project's own macro is asked

    async def _create_schema(self, namespace: Namespace) -> None:
        """Create a schema, by the project's own macro if it has one for that."""
        adapter = self._workspace.adapter
        own = own_macro(self._project.manifest.macros, "create_schema")
        if own is None:
            await adapter.create_schema(namespace)
            return
        async with adapter.connection(own.name) as connection:
            connection.comment = await self.context.comments.of(connection, own.name)
            scope = self.context.macro_scope(own, connection, THREAD_ID)
            relation = adapter.relation(namespace.schema, None, database=namespace.database)
            await self.context.templates.adapter_in(scope, connection).create_schema(relation)

    @cached_property
    def _infos(self) -> dict[str, NodeInfo]:
        return {unique_id: _info(self._project, node) for unique_id, node in self.nodes.items()}

    @cached_property
    def context(self) -> RunContext:
        """What its nodes can ask of it."""
        return open_context(self._project, self._cache, self._emit, self.nodes, self._deferred)

    @cached_property
    def builder(self) -> NodeBuilder:
        """What builds its nodes."""
        started_at = self._retried and self._retried.started_at
        return NodeBuilder(
            self.context,
            started_at or self._workspace.start.started_at,
            self._retried.batches if self._retried else {},
        )

    @cached_property
    def preview(self) -> Preview:
        """What fetches its nodes' rows."""
        return Preview(row_limit(self._workspace.start.options.limit))


def _info(project: LoadedProject, node: Node) -> NodeInfo:
    workspace = project.workspace
    if isinstance(node, Source):
        return source_info(node, str(workspace.relations.of(node)))
    return node.info(workspace.relation_name(node), project.manifest.group_of(node))
