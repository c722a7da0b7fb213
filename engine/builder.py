"""One node from compile to result.

The way of a node: a connection from the pool, its SQL compiled, its materialization run, and
what came of it as a `RunResult`. An expected failure is a result; anything else is a bug of
ours and travels.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import anyio

from ..adapters.base import Adapter, Connection, Response
from ..adapters.cache import RelationCache
from ..adapters.errors import AdapterError, DatabaseError
from ..adapters.relation import Relation
from .blame import blamed_location
from .compiler import Compiled, Compiler
from .errors import CompilationError, HeadraceError, NotThereYetError
from .events import Emitter, NodeCompiled, NodeExecuted, WarningRaised
from .manifest.manifest import Manifest
from .manifest.nodes import Macro, Model, Node, Seed
from .materializations.incremental import incremental
from .materializations.node_build import NodeBuild, Outcome
from .materializations.seed import seed
from .materializations.table import table, view
from .materializations.tests import data_test
from .results import NodeError, NodeInfo, RunResult, Status, Timing
from .template.engine import TemplateEngine

Materialize = Callable[[NodeBuild], Awaitable[Outcome]]

MATERIALIZATIONS: dict[str, Materialize] = {
    "table": table,
    "view": view,
    "incremental": incremental,
    "test": data_test,
}


@dataclass(slots=True)
class _Progress:
    """How far a node got: what its result says of timing and SQL."""

    started: float
    compile_started: datetime
    compile_ended: datetime | None = None
    compiled: Compiled | None = None
    build: NodeBuild | None = None

    def timings(self, now: datetime) -> tuple[Timing, ...]:
        if self.compile_ended is None:
            return (Timing("compile", self.compile_started, now),)
        return (
            Timing("compile", self.compile_started, self.compile_ended),
            Timing("execute", self.compile_ended, now),
        )


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
        emit: Emitter,
        project_root: Path,
        target_path: str,
        full_refresh: bool,
        invocation_id: str,
    ) -> None:
        self._manifest = manifest
        self._infos = infos
        self._adapter = adapter
        self._cache = cache
        self._templates = templates
        self._compiler = Compiler(templates)
        self._emit = emit
        self._project_root = project_root
        self._target_path = target_path
        self._full_refresh = full_refresh
        self._invocation_id = invocation_id
        self.compiled: dict[str, str] = {}

    async def build(self, unique_id: str, slot: int) -> RunResult:
        """Compile and materialize a node.

        A cancellation ends its query and travels on, unless its transaction had committed by
        then: in that case the result says what the database holds.
        """
        return await self._guarded(unique_id, slot, self._materialize)

    async def compile(self, unique_id: str, slot: int) -> RunResult:
        """Compile a node, and go no further."""
        return await self._guarded(unique_id, slot, self._only_compile)

    async def _guarded(
        self,
        unique_id: str,
        slot: int,
        work: Callable[[Node, Connection, _Progress, str], Awaitable[Outcome]],
    ) -> RunResult:
        node = self._manifest.nodes[unique_id]
        thread_id = f"Thread-{slot}"
        progress = _Progress(time.perf_counter(), datetime.now(UTC))
        error: NodeError | None = None
        try:
            async with self._adapter.connection(node.unique_id) as connection:
                outcome = await work(node, connection, progress, thread_id)
        except (HeadraceError, AdapterError) as failure:
            error = self._explain(node, failure, progress)
            outcome = Outcome(Status.ERROR, Response(f"{error.title}\n{error.message}"))
        except anyio.get_cancelled_exc_class():
            committed = progress.build.outcome if progress.build is not None else None
            if committed is None:
                raise
            outcome = committed
        finally:
            self._note_executed(node, progress.build)
            self._note_dropped(node, progress.build)
        error = error or self._finding(node, outcome)
        return self._result(node, outcome, error, progress, thread_id)

    async def _materialize(
        self, node: Node, connection: Connection, progress: _Progress, thread_id: str
    ) -> Outcome:
        if isinstance(node, Seed):
            scoped = self._templates.scope(node, connection, thread_id)
            progress.compile_ended = datetime.now(UTC)
            build = progress.build = self._node_build(node, Compiled("", scoped), connection)
            return await seed(build, self._project_root / node.original_file_path)
        materialize = self._materialization(node)
        compiled = await self._compile(node, connection, progress, thread_id)
        build = progress.build = self._node_build(node, compiled, connection)
        return await materialize(build)

    async def _only_compile(
        self, node: Node, connection: Connection, progress: _Progress, thread_id: str
    ) -> Outcome:
        if not isinstance(node, Seed):
            await self._compile(node, connection, progress, thread_id)
        return Outcome(Status.SUCCESS, Response("OK"))

    async def _compile(
        self, node: Node, connection: Connection, progress: _Progress, thread_id: str
    ) -> Compiled:
        compiled = await self._compiler.compile(node, connection, thread_id)
        progress.compiled = compiled
        progress.compile_ended = datetime.now(UTC)
        self.compiled[node.unique_id] = compiled.sql
        self._emit(NodeCompiled(self._infos[node.unique_id], node.build_path, compiled.sql))
        return compiled

    def _materialization(self, node: Node) -> Materialize:
        name = node.config.materialized
        own = self._own_materialization(node)
        materialize = MATERIALIZATIONS.get(name)
        if materialize is not None and own is None:
            return materialize
        if own is not None or name in ("materialized_view", "snapshot"):
            where = f" ({own.original_file_path}:{own.line})" if own is not None else ""
            raise NotThereYetError(
                f"the materialization '{name}'{where} isn't there yet in this version of headrace: "
                "it has 'table', 'view', 'incremental' and 'ephemeral', and no materializations "
                "of a project's own.",
                location=node.location,
            )
        macros = self._manifest.macros
        searched = " and ".join(f"'{prefix}'" for prefix in reversed(macros.dialect))
        raise CompilationError(
            f"No materialization '{name}' was found for adapter {self._adapter.type}! (searched "
            f"types {searched}) There are 'table', 'view', 'incremental' and 'ephemeral'.",
            location=node.location,
        )

    def _own_materialization(self, node: Node) -> Macro | None:
        """What a project defines under that name. A built-in one gives way to the root's alone."""
        macros = self._manifest.macros
        name = node.config.materialized
        for prefix in macros.dialect:
            macro_name = f"materialization_{name}_{prefix}"
            if name in MATERIALIZATIONS:
                macro = macros.find_in(macros.root_package, macro_name)
            else:
                macro = macros.find(macro_name, node.package_name)
            if macro is not None:
                return macro
        return None

    def _node_build(self, node: Node, compiled: Compiled, connection: Connection) -> NodeBuild:
        scope = compiled.node_scope.scope

        async def render_hook(sql: str) -> str:
            return await self._templates.render_text(sql, scope, node)

        return NodeBuild(
            node=node,
            relation=self._templates.relations.of(node),
            sql=compiled.sql,
            adapter=self._adapter,
            connection=connection,
            cache=self._cache,
            scope=scope,
            render_hook=render_hook,
            full_refresh=self._full_refresh,
            invocation_id=self._invocation_id,
            is_ours=self._is_ours,
        )

    def _is_ours(self, relation: Relation) -> bool:
        return (relation.schema, relation.identifier) in self._own_names

    @cached_property
    def _own_names(self) -> frozenset[tuple[str | None, str | None]]:
        """Schema and name of everything that the project builds."""
        return frozenset(
            (node.schema, node.alias)
            for node in self._manifest.nodes.values()
            if isinstance(node, (Model, Seed))
        )

    def _note_executed(self, node: Node, build: NodeBuild | None) -> None:
        if build is not None and (build.executed or build.replaced.statements):
            sql = ";\n\n".join([*build.executed, *build.replaced.statements]) + "\n"
            self._emit(NodeExecuted(self._infos[node.unique_id], node.build_path, sql))

    def _note_dropped(self, node: Node, build: NodeBuild | None) -> None:
        """Say which views had to go, and forget them: they come back when they are built."""
        if build is None or not build.committed:
            return
        for relation in build.replaced.dropped:
            self._cache.drop(relation)
            self._emit(
                WarningRaised(
                    "DependentViewDropped",
                    f"the view {relation.display_name} no longer fitted {node.name} and was "
                    "dropped. Run its model to have it again.",
                    node.location,
                )
            )

    def _explain(
        self, node: Node, failure: HeadraceError | AdapterError, progress: _Progress
    ) -> NodeError:
        kind, where = node.resource_type.value, node.original_file_path
        if isinstance(failure, HeadraceError):
            title = f"{failure.title} in {kind} {node.name} ({where})"
            message = failure.problem
            if isinstance(failure, CompilationError) and failure.stack:
                message += "\n\n" + format_stack(failure)
            return NodeError(title, message, failure.location or node.location)
        what = "Database Error" if isinstance(failure, DatabaseError) else "Runtime Error"
        compiled_path = None
        if progress.build is not None and progress.build.executed:
            compiled_path = f"{self._target_path}/run/{node.build_path}"
        elif progress.compiled is not None:
            compiled_path = f"{self._target_path}/compiled/{node.build_path}"
        title = f"{what} in {kind} {node.name} ({where})"
        location = blamed_location(str(failure), node)
        return NodeError(title, str(failure), location, compiled_path)

    def _finding(self, node: Node, outcome: Outcome) -> NodeError | None:
        """What a test that found something says for itself, and where its query is."""
        if outcome.status not in (Status.FAIL, Status.WARN):
            return None
        word = "Failure" if outcome.status is Status.FAIL else "Warning"
        return NodeError(
            f"{word} in test {node.name} ({node.original_file_path})",
            outcome.response.message,
            node.location,
            f"{self._target_path}/compiled/{node.build_path}",
        )

    def _result(
        self,
        node: Node,
        outcome: Outcome,
        error: NodeError | None,
        progress: _Progress,
        thread_id: str,
    ) -> RunResult:
        now = datetime.now(UTC)
        response = outcome.response
        answer: dict[str, object] = {}
        if outcome.status is Status.SUCCESS:
            answer = {"_message": response.message}
            if response.code is not None:
                answer["code"] = response.code
            if response.rows_affected is not None:
                answer["rows_affected"] = response.rows_affected
        return RunResult(
            node=self._infos[node.unique_id],
            status=outcome.status,
            message=response.message,
            execution_time=time.perf_counter() - progress.started,
            thread_id=thread_id,
            timing=progress.timings(now),
            adapter_response=answer,
            failures=outcome.failures,
            compiled=progress.compiled is not None,
            compiled_code=progress.compiled.sql if progress.compiled else None,
            error=error,
        )


def format_stack(error: CompilationError) -> str:
    """The stack of a template error, innermost first, as dbt prints it."""
    lines = [f"> in {error.stack[0]}"]
    lines += [f"> called by {frame}" for frame in error.stack[1:]]
    return "\n".join(lines)
