"""`on-run-start` and `on-run-end`: run one after the other, around the nodes of a run.

As in dbt they stand in no transaction of ours: each statement is its own, unless a hook says
BEGIN. A hook that failed keeps those behind it from running, and no others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import anyio
from msgspec.structs import replace

from ...adapters.base import (
    Adapter,
    Connection,
    Response,
)
from ...adapters.errors import AdapterError
from ..core.errors import HeadraceError
from ..core.events import (
    Emitter,
    NodeCancelled,
    NodeCompiled,
    NodeExecuted,
    NodeFinished,
    NodeSkipped,
    NodeStarted,
)
from ..core.results import (
    NodeInfo,
    RunResult,
    Status,
)
from ..manifest.nodes.hook_node import RunHook
from ..materializations.node_build import Outcome
from ..template.compiler import Compiler
from ..template.query_comment import QueryComments
from .node_result import (
    Progress,
    explain,
    note_doubt,
    result_of,
)

THREAD_ID = "main"
"""What results say of hooks: they run in no slot."""


class RunHooks:
    """The hooks of one type. Used once: `run() → skip_rest() → results`.

    Attributes:
        infos: what to call the hooks in events and results.
        results: the hooks that have ended, in their order.
        failure: the hook that failed, if one did.
        has_executed: whether a hook has sent anything to the database.
    """

    def __init__(
        self,
        hooks: Sequence[RunHook],
        *,
        adapter: Adapter,
        compiler: Compiler,
        comments: QueryComments,
        compiled: dict[str, str],
        emit: Emitter,
        target_path: str,
    ) -> None:
        """Get ready. `compiled` takes each hook's SQL, by its id."""
        self.infos: tuple[NodeInfo, ...] = tuple(hook.info() for hook in hooks)
        self.results: list[RunResult] = []
        self.failure: RunResult | None = None
        self.has_executed = False
        self._hooks = hooks
        self._adapter = adapter
        self._compiler = compiler
        self._comments = comments
        self._compiled = compiled
        self._emit = emit
        self._target_path = target_path

    async def run(self, names: Callable[[], Mapping[str, Any]] = dict) -> None:
        """Run the hooks up to the first that fails.

        `names` makes what only their templates see, for each of them anew: they may change it.

        A cancellation ends the hook's statement at the database, and travels on.
        """
        if not self._hooks:
            return
        async with self._adapter.connection(self._hooks[0].hook_type) as connection:
            for hook, info in zip(self._hooks, self.infos, strict=True):
                if self.failure is None:
                    await self._run(hook, info, connection, names())
        if self.failure is not None:
            failed = self.failure.node
            reason = f"Skipped: the hook {failed.display_name} before it failed"
            self.skip_rest(reason, because=failed.unique_id)

    def skip_rest(self, reason: str, because: str | None = None) -> None:
        """Give the hooks that were not started their final status."""
        total = len(self.infos)
        for index, info in enumerate(self.infos[len(self.results) :], len(self.results) + 1):
            result = RunResult(info, Status.SKIPPED, reason, because=because, thread_id=THREAD_ID)
            self.results.append(result)
            self._emit(NodeSkipped(result, index, total))

    async def _run(
        self, hook: RunHook, info: NodeInfo, connection: Connection, names: Mapping[str, Any]
    ) -> None:
        index, total = len(self.results) + 1, len(self.infos)
        progress = Progress(THREAD_ID)
        self._emit(NodeStarted(info, index, total, datetime.now(UTC)))
        error = None
        outcome = Outcome(Status.SUCCESS, Response(f"{info.display_name} passed"), failures=0)
        try:
            await self._execute(hook, info, connection, progress, names)
        except (HeadraceError, AdapterError) as failure:
            note_doubt(progress, failure if isinstance(failure, AdapterError) else None)
            error = explain(hook, failure, progress, self._target_path)
            outcome = Outcome(Status.ERROR, Response(error.text), failures=1)
        except anyio.get_cancelled_exc_class():
            note_doubt(progress, connection.doubt)
            outcome = Outcome(Status.CANCELLED, Response("Cancelled: the run was interrupted"))
            result = self._note(result_of(info, outcome, None, progress))
            self._emit(NodeCancelled(result, index, total))
            raise
        result = self._note(result_of(info, outcome, error, progress))
        self._emit(NodeFinished(result, index, total))
        if error is not None:
            self.failure = result

    async def _execute(
        self,
        hook: RunHook,
        info: NodeInfo,
        connection: Connection,
        progress: Progress,
        names: Mapping[str, Any],
    ) -> None:
        connection.comment = await self._comments.of(connection, hook.name, hook)
        compiled = await self._compiler.compile(hook, connection, THREAD_ID, names=names)
        progress.compiled = compiled
        progress.compile_ended = datetime.now(UTC)
        self._compiled[hook.unique_id] = compiled.sql
        self._emit(NodeCompiled(info, hook.build_path, compiled.sql))
        # Whatever its template did on the connection counts as well.
        self.has_executed = True
        if compiled.sql.strip():
            self._emit(NodeExecuted(info, hook.build_path, compiled.sql))
            await connection.execute(compiled.sql)

    def _note(self, result: RunResult) -> RunResult:
        # As in dbt a hook's result says nothing of the database's answer.
        result = replace(result, adapter_response={})
        self.results.append(result)
        return result
