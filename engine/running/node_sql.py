"""One node's SQL: compiled for whatever is done with it, and told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ...adapters.base import Connection, Response
from ..core.events import NodeCompiled
from ..core.results import Status
from ..manifest.nodes.node import Node
from ..manifest.nodes.seed_node import Seed
from ..materializations.node_build import Outcome
from ..template.compiler import BatchScope, Compiled
from .node_run import NodeRun
from .work import NodeWork


async def compile_node(
    run: NodeRun, connection: Connection, names: Mapping[str, Any] | None = None
) -> Compiled:
    """A node's SQL, on a connection that its template may query; `names` is what else it sees."""
    context, progress, batch = run.context, run.progress, run.progress.batch
    scope = None
    if batch is not None:
        scope = BatchScope(batch.label.replace("-", ""), batch.window, batch.is_incremental)
    compiled = await context.compiler.compile(
        run.node, connection, progress.thread_id, scope, names
    )
    progress.compiled = compiled
    progress.compile_ended = datetime.now(UTC)
    context.compiled[run.node.unique_id] = compiled.sql
    context.emit(NodeCompiled(run.info, progress.path_of(run.node), compiled.sql))
    for unique_id in compiled.ctes:
        if unique_id not in context.compiled:
            await _tell_ephemeral(run, unique_id, connection)
    return compiled


async def _tell_ephemeral(run: NodeRun, unique_id: str, connection: Connection) -> None:
    """Tell the SQL of an ephemeral model, which is compiled with the first that reads it."""
    context = run.context
    node = context.manifest.nodes[unique_id]
    sql = await context.compiler.ephemeral_sql(unique_id, connection, run.progress.thread_id)
    context.compiled[unique_id] = sql
    context.emit(NodeCompiled(node.info(None), node.build_path, sql))


def uncompiled(run: NodeRun, node: Node, connection: Connection) -> Compiled:
    """The scope of a node that has no SQL of its own, or that isn't to count."""
    scoped = run.context.templates.scope(node, connection, run.progress.thread_id)
    run.progress.compile_ended = datetime.now(UTC)
    return Compiled("", scoped)


async def only_compile(run: NodeRun) -> Outcome:
    """Compile a node, and go no further."""
    async with run.connection() as connection:
        if not isinstance(run.node, Seed):
            await compile_node(run, connection)
    return Outcome(Status.SUCCESS, Response(""))


COMPILING = NodeWork(do=lambda run: only_compile, may_be_offline=True)
"""What is done where nodes' SQL is all that is wanted."""
