"""Builds nodes: each is compiled and materialized, a microbatch model in its batches."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from ...adapters.base import Connection, Response
from ..core.events import BatchFinished, BatchSkipped, BatchStarted, WarningRaised
from ..core.results import Status
from ..manifest.nodes.declared_nodes import TAKEN_AS_THEY_ARE
from ..manifest.nodes.materialization_names import heeds_packages
from ..manifest.nodes.model_node import Model
from ..manifest.nodes.node import Node
from ..manifest.nodes.seed_node import Seed
from ..manifest.nodes.snapshot_node import RELATION_KINDS
from ..manifest.reading.microbatch_settings import is_microbatch, microbatch_settings
from ..materializations.built_name import check_built_name
from ..materializations.node_build import NodeBuild, Outcome
from ..materializations.registry import Materializations
from ..materializations.table import as_table
from ..state.unfinished import FailedBatches
from ..template.compiler import Compiled
from .microbatch import (
    Batch,
    BatchOutcome,
    Microbatch,
    batch_node,
    may_run_together,
    plan_again,
    plan_batches,
)
from .node_result import Progress, note_transaction
from .node_run import NodeRun
from .node_sql import compile_node, uncompiled
from .run_context import RunContext


class NodeBuilder:
    """Builds the nodes of one run."""

    def __init__(
        self,
        context: RunContext,
        started_at: datetime,
        failed_batches: Mapping[str, FailedBatches],
    ) -> None:
        """Get ready.

        Args:
            context: the run's.
            started_at: up to when a microbatch model has batches.
            failed_batches: what an earlier run has left of such models, by unique id.
        """
        workspace = context.workspace
        self._context = context
        self._materializations = Materializations(
            context.manifest.macros,
            context.adapter.type,
            context.templates.adapter_in,
            workspace.roots,
            heeds_packages=heeds_packages(workspace.project.flags),
        )
        self._flags = workspace.project.flags
        self._invocation_id = workspace.start.invocation_id
        self._full_refresh = workspace.settings.build.full_refresh
        self._started_at = started_at
        self._failed_batches = failed_batches
        self._fails_on_test_warning = workspace.settings.warnings.raises("LogTestResult")

    async def build(self, run: NodeRun) -> Outcome:
        """Compile and materialize a node."""
        node = run.node
        if isinstance(node, TAKEN_AS_THEY_ARE):
            return Outcome(Status.NO_OP, Response("NO-OP"), failures=0)
        if (
            node.config.incremental_strategy == "microbatch"
            and isinstance(node, Model)
            and run.progress.batch is None
            and is_microbatch(node, self._context.manifest.macros, self._flags)
        ):
            return await self._build_in_batches(run, node)
        async with run.connection() as connection:
            if isinstance(node, RELATION_KINDS):
                check_built_name(node, self._context.adapter)
            materialize = self._materializations.of(node)
            if isinstance(node, Seed):
                compiled = uncompiled(run, node, connection)
            else:
                compiled = await compile_node(run, connection)
                if compiled.read_from_state and self._is_out_of_reach(node, compiled):
                    node = as_table(node)
                    materialize = self._materializations.of(node)
                    self._tell_of_table(node)
            return await materialize(self.node_build(run, node, compiled, connection))

    def node_build(
        self, run: NodeRun, node: Node, compiled: Compiled, connection: Connection
    ) -> NodeBuild:
        """What a materialization works with, and the run's progress is known by."""
        context, progress, scope = self._context, run.progress, compiled.node_scope.scope

        async def render_hook(sql: str) -> str:
            model = {**scope.context_name("model"), "compiled_code": compiled.sql}
            names = {"sql": compiled.sql, "compiled_code": compiled.sql, "model": model}
            hook_scope = scope.with_names(**names, load_result=build.load_result)
            return await context.templates.render_text(sql, hook_scope, node)

        batch, own_tables = progress.batch, context.own_tables
        build = progress.build = NodeBuild(
            node=node,
            relation=context.templates.relations.of(node),
            sql=compiled.sql,
            adapter=context.adapter,
            connection=connection,
            cache=context.cache,
            scope=scope,
            render_hook=render_hook,
            full_refresh=self._full_refresh,
            batch_window=batch.window if batch else None,
            adds_to_table=batch is not None and batch.is_incremental,
            invocation_id=self._invocation_id,
            is_ours=own_tables.is_ours,
            comes_anew=partial(own_tables.comes_anew, node),
            fails_on_test_warning=self._fails_on_test_warning,
            hooks_done=progress.hooks_done,
            note_transaction=partial(note_transaction, run.info, batch, context.emit),
        )
        return build

    def _is_out_of_reach(self, node: Node, compiled: Compiled) -> bool:
        """Whether a node is a view that deferral would have read what no view can."""
        if node.config.materialized != "view" or self._context.adapter.has_views_across_schemas:
            return False
        return bool(compiled.read_from_state - {node.schema})

    def _tell_of_table(self, node: Node) -> None:
        self._context.emit(
            WarningRaised(
                "DeferredViewIsTable",
                f"{node.name} reads what is deferred from another schema, which a view can't in "
                "this database: it is built as a table.",
                node.location,
            )
        )

    async def _build_in_batches(self, run: NodeRun, node: Model) -> Outcome:
        """Build a microbatch model, a batch at a time or several."""
        context, progress = self._context, run.progress
        settings = microbatch_settings(node)
        relation = context.templates.relations.of(node)
        existing = await context.cache.find(relation)
        configured = node.config.full_refresh
        is_refresh = self._full_refresh if configured is None else configured
        is_table = existing is not None and existing.is_table
        left = self._failed_batches.get(node.unique_id) if is_table else None
        batches = (
            plan_again(settings, left.failed)
            if left is not None
            else plan_batches(
                settings,
                context.workspace.reading,
                self._started_at,
                is_incremental=is_table and not is_refresh,
            )
        )
        slots = context.workspace.target.threads if may_run_together(node, settings) else 1
        done = left.successful if left is not None else ()
        building = Microbatch(batches, partial(self._build_batch, run, node), slots, done)
        outcome = await building.run()
        for batch in building.left:
            context.emit(BatchSkipped(run.info, batch.label, batch.index, batch.total))
        progress.compile_ended = progress.compile_ended or progress.compile_started
        return outcome

    async def _build_batch(self, whole: NodeRun, node: Model, batch: Batch) -> BatchOutcome:
        """Build one batch in its own transaction. What goes wrong is in its outcome."""
        info, emit = whole.info, self._context.emit
        progress = Progress(whole.progress.thread_id, batch=batch)
        emit(BatchStarted(info, batch.label, batch.index, batch.total))
        run = NodeRun(self._context, batch_node(node, batch), info, progress)
        try:
            result = await run.run(self.build)
        finally:
            whole.progress.doubts += progress.doubts
        emit(
            BatchFinished(
                info,
                batch.label,
                batch.index,
                batch.total,
                "ERROR" if result.error else result.message,
                result.execution_time,
                result.error,
            )
        )
        return BatchOutcome(batch, result.error)
