"""One node from compile to result.

The way of a node: a connection from the pool, its SQL compiled, its materialization run, and
what came of it as a `RunResult`. An expected failure is a result; anything else is a bug of
ours and travels.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import anyio

from ...adapters.base import (
    Adapter,
    Connection,
    Response,
    Rows,
)
from ...adapters.connection_abilities import nothing_comes
from ...adapters.errors import AdapterError
from ...adapters.relation import Relation
from ...adapters.relation_cache import RelationCache
from ..core.errors import HeadraceError
from ..core.events import (
    BatchFinished,
    BatchStarted,
    Emitter,
    NodeCompiled,
    WarningRaised,
)
from ..core.results import (
    NodeError,
    NodeInfo,
    RunResult,
    Status,
)
from ..manifest.manifest import Manifest
from ..manifest.nodes.declared_nodes import TAKEN_AS_THEY_ARE
from ..manifest.nodes.model_node import Model
from ..manifest.nodes.node import Node
from ..manifest.nodes.seed_node import Seed
from ..manifest.nodes.snapshot_node import RELATION_KINDS
from ..manifest.reading.microbatch_settings import is_microbatch, microbatch_settings
from ..materializations.built_name import check_built_name
from ..materializations.clone import clone, cloned_node
from ..materializations.node_build import NodeBuild, Outcome
from ..materializations.registry import Materializations
from ..materializations.table import as_table
from ..project.event_time import Reading
from ..state.unfinished import FailedBatches
from ..template.compiler import (
    BatchScope,
    Compiled,
    Compiler,
)
from ..template.query_comment import QueryComments
from ..template.template_engine import TemplateEngine
from .microbatch import (
    Batch,
    BatchOutcome,
    Microbatch,
    batch_node,
    may_run_together,
    plan_again,
    plan_batches,
)
from .node_result import (
    Progress,
    committed_outcome,
    doubtful_outcome,
    explain,
    finding,
    late_error,
    note_doubt,
    note_dropped,
    note_executed,
    note_transaction,
    result_of,
    timed_out,
)
from .own_tables import OwnTables
from .retries import (
    may_retry,
    pause_after,
    retry_text,
    was_overtaken,
)

Work = Callable[[Node, Progress], Awaitable[Outcome]]
Attempt = Callable[[Node, Connection, Progress], Awaitable[Outcome]]


class Builder:
    """Builds the nodes of one run, each in its own task."""

    def __init__(
        self,
        *,
        manifest: Manifest,
        infos: dict[str, NodeInfo],
        adapter: Adapter,
        cache: RelationCache,
        templates: TemplateEngine,
        comments: QueryComments,
        emit: Emitter,
        project_roots: Mapping[str, Path],
        target_path: str,
        full_refresh: bool,
        reading: Reading,
        started_at: datetime,
        failed_batches: Mapping[str, FailedBatches],
        origins: Mapping[str, Relation],
        limit: int | None,
        threads: int,
        invocation_id: str,
        fails_on_test_warning: bool,
        heeds_packages: bool,
    ) -> None:
        self._manifest = manifest
        self._infos = infos
        self._adapter = adapter
        self._cache = cache
        self._templates = templates
        self._materializations = Materializations(
            manifest.macros,
            adapter.type,
            templates.adapter_in,
            project_roots,
            heeds_packages=heeds_packages,
        )
        self._comments = comments
        self._compiler = Compiler(templates)
        self._emit = emit
        self._project_roots = project_roots
        self._target_path = target_path
        self._full_refresh = full_refresh
        self._reading = reading
        self._started_at = started_at
        self._failed_batches = failed_batches
        self._origins = origins
        self._limit = limit
        self._threads = threads
        self._invocation_id = invocation_id
        self._fails_on_test_warning = fails_on_test_warning
        self.own_tables = OwnTables(manifest, infos)
        self.compiled: dict[str, str] = {}
        self.shown: dict[str, Rows] = {}

    async def build(self, unique_id: str, slot: int) -> RunResult:
        """Compile and materialize a node.

        A cancellation ends its query and travels on, unless its transaction had committed by
        then: in that case the result says what the database holds.
        """
        node = self._manifest.node(unique_id)
        if isinstance(node, TAKEN_AS_THEY_ARE):
            outcome = Outcome(Status.NO_OP, Response("NO-OP"), failures=0)
            return result_of(self._infos[unique_id], outcome, None, Progress(f"Thread-{slot}"))
        if isinstance(node, Model) and is_microbatch(node, self._manifest.macros):
            return await self._guarded(unique_id, slot, self._build_in_batches)
        work = partial(self._with_retries, work=self._materialize)
        return await self._guarded(unique_id, slot, work)

    async def compile(self, unique_id: str, slot: int) -> RunResult:
        """Compile a node, and go no further."""
        work = partial(self._with_retries, work=self._only_compile)
        return await self._guarded(unique_id, slot, work)

    async def show(self, unique_id: str, slot: int) -> RunResult:
        """Compile a node, and fetch its rows, which `shown` has then. Nothing is made."""
        work = partial(self._with_retries, work=self._fetch)
        return await self._guarded(unique_id, slot, work)

    async def clone(self, unique_id: str, slot: int) -> RunResult:
        """Make a node's relation out of that of an earlier run; nothing, if it had none."""
        origin = self._origins.get(unique_id)
        if origin is None:
            outcome = Outcome(Status.SUCCESS, Response("No relation found in state manifest"))
            return result_of(self._infos[unique_id], outcome, None, Progress(f"Thread-{slot}"))
        work = partial(self._with_retries, work=partial(self._clone, origin))
        return await self._guarded(unique_id, slot, work)

    async def _guarded(self, unique_id: str, slot: int, work: Work) -> RunResult:
        node = self._manifest.node(unique_id)
        progress = Progress(f"Thread-{slot}")
        seconds = node.config.timeout
        error: NodeError | None = None
        try:
            with anyio.move_on_after(seconds) as limit:
                outcome = await work(node, progress)
            if limit.cancelled_caught and seconds is not None:
                outcome, error = timed_out(node, seconds, progress, self._target_path)
        except (HeadraceError, AdapterError) as failure:
            error = explain(node, failure, progress, self._target_path)
            outcome = Outcome(Status.ERROR, Response(error.text))
        finally:
            self._note_end(node, progress)
        late = late_error(node, progress, self._target_path)
        if late is not None and error is None:
            error = late
            outcome = Outcome(Status.ERROR, Response(late.text))
        error = error or outcome.error or finding(node, outcome, self._target_path)
        return result_of(self._infos[unique_id], outcome, error, progress)

    def _note_end(self, node: Node, progress: Progress) -> None:
        note_executed(self._infos[node.unique_id], node, progress, self._emit)
        note_dropped(node, progress, self._cache, self._emit)
        build = progress.build
        if build is not None and build.committed:
            self.own_tables.note(filter(build.comes_anew, build.swapped.foreign_keys))

    async def _build_in_batches(self, node: Node, progress: Progress) -> Outcome:
        """Build a microbatch model, a batch at a time or several."""
        assert isinstance(node, Model)
        settings = microbatch_settings(node)
        relation = self._templates.relations.of(node)
        existing = await self._cache.find(relation)
        configured = node.config.full_refresh
        is_refresh = self._full_refresh if configured is None else configured
        is_table = existing is not None and existing.is_table
        left = self._failed_batches.get(node.unique_id) if is_table else None
        batches = (
            plan_again(settings, left.failed)
            if left is not None
            else plan_batches(
                settings,
                self._reading,
                self._started_at,
                is_incremental=is_table and not is_refresh,
            )
        )
        slots = self._threads if may_run_together(node, settings) else 1
        build = partial(self._build_batch, node, thread_id=progress.thread_id, whole=progress)
        done = left.successful if left is not None else ()
        outcome = await Microbatch(batches, build, slots, done).run()
        progress.compile_ended = progress.compile_ended or progress.compile_started
        return outcome

    async def _build_batch(
        self, node: Model, batch: Batch, thread_id: str, whole: Progress
    ) -> BatchOutcome:
        """Build one batch in its own transaction. What goes wrong is in its outcome."""
        info, began = self._infos[node.unique_id], time.perf_counter()
        node, progress = batch_node(node, batch), Progress(thread_id, batch=batch)
        self._emit(BatchStarted(info, batch.label, batch.index, batch.total))
        error: NodeError | None = None
        message = "ERROR"
        try:
            outcome = await self._with_retries(node, progress, work=self._materialize)
            message, error = outcome.response.message, outcome.error
        except (HeadraceError, AdapterError) as failure:
            error = explain(node, failure, progress, self._target_path)
        finally:
            self._note_end(node, progress)
            whole.doubts += progress.doubts
        error = error or late_error(node, progress, self._target_path)
        seconds = time.perf_counter() - began
        self._emit(
            BatchFinished(
                info, batch.label, batch.index, batch.total, message, seconds, error is not None
            )
        )
        return BatchOutcome(batch, error)

    async def _with_retries(self, node: Node, progress: Progress, work: Attempt) -> Outcome:
        """Work on a node, and again after an error that may pass, from the start."""
        while True:
            try:
                if progress.attempts > 1:
                    # Who was in our way may have built something.
                    await self._cache.refresh(self._templates.relations.of(node).namespace)
                name = node.unique_id
                async with self._adapter.connection(name) as connection:
                    try:
                        connection.comment = await self._comments.of(connection, name, node)
                        return await work(node, connection, progress)
                    finally:
                        progress.has_kept |= connection.has_kept
            except AdapterError as failure:
                may_pass = may_retry(failure, progress, self._adapter.retries)
                if not (may_pass or await was_overtaken(failure, progress)):
                    note_doubt(progress, failure)
                    raise
                pause = pause_after(progress.attempts, self._adapter.retry_backoff)
                self._emit(WarningRaised("NodeRetried", retry_text(node, failure, progress, pause)))
            except anyio.get_cancelled_exc_class():
                note_doubt(progress)
                outcome = committed_outcome(progress.build) or doubtful_outcome(
                    node, progress, self._target_path
                )
                if outcome is None:
                    raise
                return outcome
            progress.begin_again()
            await anyio.sleep(pause)

    async def _materialize(self, node: Node, connection: Connection, progress: Progress) -> Outcome:
        if isinstance(node, RELATION_KINDS):
            check_built_name(node, self._adapter)
        materialize = self._materializations.of(node)
        if isinstance(node, Seed):
            scoped = self._templates.scope(node, connection, progress.thread_id)
            progress.compile_ended = datetime.now(UTC)
            compiled = Compiled("", scoped)
        else:
            compiled = await self._compile(node, connection, progress)
            if self._is_out_of_reach(node, compiled):
                node = as_table(node)
                materialize = self._materializations.of(node)
                self._tell_of_table(node)
        build = progress.build = self._node_build(node, compiled, connection, progress.batch)
        build.hooks_done = progress.hooks_done
        info = self._infos[node.unique_id]
        build.note_transaction = partial(note_transaction, info, progress.batch, self._emit)
        return await materialize(build)

    def _is_out_of_reach(self, node: Node, compiled: Compiled) -> bool:
        """Whether a node is a view that deferral would have read what no view can."""
        if node.config.materialized != "view" or self._adapter.has_views_across_schemas:
            return False
        return bool(compiled.read_from_state - {node.schema})

    def _tell_of_table(self, node: Node) -> None:
        self._emit(
            WarningRaised(
                "DeferredViewIsTable",
                f"{node.name} reads what is deferred from another schema, which a view can't in "
                "this database: it is built as a table.",
                node.location,
            )
        )

    async def _clone(
        self, origin: Relation, node: Node, connection: Connection, progress: Progress
    ) -> Outcome:
        check_built_name(node, self._adapter)
        node = cloned_node(node)
        compiled = Compiled("", self._templates.scope(node, connection, progress.thread_id))
        progress.compile_ended = datetime.now(UTC)
        build = progress.build = self._node_build(node, compiled, connection)
        build.comes_anew = nothing_comes  # a copy has no contract
        return await clone(build, origin)

    async def _only_compile(
        self, node: Node, connection: Connection, progress: Progress
    ) -> Outcome:
        if not isinstance(node, Seed):
            await self._compile(node, connection, progress)
        return Outcome(Status.SUCCESS, Response("OK"))

    async def _fetch(self, node: Node, connection: Connection, progress: Progress) -> Outcome:
        if isinstance(node, Seed):
            scope = self._templates.scope(node, connection, progress.thread_id).scope
            sql = f"select * from {self._templates.relations.of(node)}"
        else:
            compiled = await self._compile(node, connection, progress)
            scope, sql = compiled.node_scope.scope, compiled.sql.rstrip().rstrip(";")
        header = node.config.values.get("sql_header")
        query = await scope.call_macro("get_show_sql", sql, header, self._limit)
        self.shown[node.unique_id] = await connection.query(str(query).strip())
        return Outcome(Status.SUCCESS, Response("OK"))

    async def _compile(self, node: Node, connection: Connection, progress: Progress) -> Compiled:
        compiled = await self._compiler.compile(
            node, connection, progress.thread_id, _batch_scope(progress.batch)
        )
        progress.compiled = compiled
        progress.compile_ended = datetime.now(UTC)
        self.compiled[node.unique_id] = compiled.sql
        path = progress.path_of(node)
        self._emit(NodeCompiled(self._infos[node.unique_id], path, compiled.sql))
        return compiled

    def _node_build(
        self,
        node: Node,
        compiled: Compiled,
        connection: Connection,
        batch: Batch | None = None,
    ) -> NodeBuild:
        scope = compiled.node_scope.scope

        async def render_hook(sql: str) -> str:
            model = {**scope.context_name("model"), "compiled_code": compiled.sql}
            names = {"sql": compiled.sql, "compiled_code": compiled.sql, "model": model}
            hook_scope = scope.with_names(**names, load_result=build.load_result)
            return await self._templates.render_text(sql, hook_scope, node)

        build = NodeBuild(
            node=node,
            relation=self._templates.relations.of(node),
            sql=compiled.sql,
            adapter=self._adapter,
            connection=connection,
            cache=self._cache,
            scope=scope,
            render_hook=render_hook,
            full_refresh=self._full_refresh,
            batch_window=batch.window if batch else None,
            adds_to_table=batch is not None and batch.is_incremental,
            invocation_id=self._invocation_id,
            is_ours=self.own_tables.is_ours,
            comes_anew=partial(self.own_tables.comes_anew, node),
            fails_on_test_warning=self._fails_on_test_warning,
        )
        return build


def _batch_scope(batch: Batch | None) -> BatchScope | None:
    if batch is None:
        return None
    return BatchScope(batch.label.replace("-", ""), batch.window, batch.is_incremental)
