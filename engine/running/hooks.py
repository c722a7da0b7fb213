"""`on-run-start` and `on-run-end`: run one after the other, around the nodes of a run.

As in dbt they stand in no transaction of ours: each statement is its own, unless a hook says
BEGIN. A hook that failed keeps those behind it from running, and no others.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from ...adapters.base import Adapter, Connection, Response
from ...adapters.errors import AdapterError
from ..core.errors import CompilationError
from ..core.events import NodeExecuted, NodeSkipped
from ..core.results import NodeInfo, RunResult, Status
from ..manifest.nodes.hook_node import RunHook
from ..materializations.node_build import Outcome
from .node_result import Progress
from .node_run import NodeRun, run_by_itself
from .node_sql import compile_node
from .run_context import RunContext

THREAD_ID = "MainThread"
"""What results say of hooks: they run in no slot."""


class RunHooks:
    """The hooks of one type. Used once: `run() → skip_rest() → results`.

    Attributes:
        infos: what to call the hooks in events and results.
        results: the hooks that have ended, in their order.
        failure: the hook that failed, if one did.
        template_error: what its template has failed with, also in the database, if it was that.
        has_executed: whether a hook has sent anything to the database.
    """

    def __init__(self, hooks: Sequence[RunHook], context: RunContext) -> None:
        self.infos: tuple[NodeInfo, ...] = tuple(hook.info() for hook in hooks)
        self.results: list[RunResult] = []
        self.failure: RunResult | None = None
        self.template_error: CompilationError | AdapterError | None = None
        self.has_executed = False
        self._hooks = hooks
        self._context = context

    async def run(self, names: Callable[[], Mapping[str, Any]] = dict) -> None:
        """Run the hooks up to the first that fails.

        `names` makes what only their templates see, for each attempt anew: they may change it.

        A cancellation ends the hook's statement at the database, and travels on.
        """
        if not self._hooks:
            return

        async def execute(run: NodeRun) -> Outcome:
            await self._execute(run, names())
            return Outcome(Status.SUCCESS, Response(f"{run.info.display_name} passed"))

        async with SharedConnection(self._context.adapter) as shared:
            for index, (hook, info) in enumerate(zip(self._hooks, self.infos, strict=True), 1):
                run = NodeRun(
                    self._context, hook, info, Progress(THREAD_ID), shared.lease, hook.name
                )
                result = await run_by_itself(
                    run, execute, self.results.append, index, len(self.infos)
                )
                if result.status.is_failure:
                    self.failure = result
                    break
        if self.failure is not None:
            reason = f"Skipped: the hook {self.failure.node.display_name} before it failed"
            self.skip_rest(reason, because=self.failure.node.unique_id)

    def skip_rest(self, reason: str, because: str | None = None) -> None:
        """Give the hooks that were not started their final status."""
        total = len(self.infos)
        for index, info in enumerate(self.infos[len(self.results) :], len(self.results) + 1):
            result = RunResult(info, Status.SKIPPED, reason, because=because, thread_id=THREAD_ID)
            self.results.append(result)
            self._context.emit(NodeSkipped(result, index, total))

    async def _execute(self, run: NodeRun, names: Mapping[str, Any]) -> None:
        self.template_error = None  # it may be the second attempt
        async with run.connection() as connection:
            try:
                compiled = await compile_node(run, connection, names)
            except (CompilationError, AdapterError) as error:
                self.template_error = error
                raise
            # Whatever its template did on the connection counts as well.
            self.has_executed = True
            if compiled.sql.strip():
                path = run.progress.path_of(run.node)
                self._context.emit(NodeExecuted(run.info, path, compiled.sql))
                await connection.execute(compiled.sql)


class SharedConnection:
    """One connection for hooks that come after each other: `async with` it, then `lease()`s.

    What a hook sets, or begins, is there for the next one. After an error another connection
    takes its place, for what is tried again; not where something would be missing on that.
    """

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self._stack = AsyncExitStack()
        self._connection: Connection | None = None

    async def __aenter__(self) -> SharedConnection:
        return self

    async def __aexit__(self, *exc_info: Any) -> None:
        await self._stack.__aexit__(*exc_info)

    @asynccontextmanager
    async def lease(self, name: str) -> AsyncIterator[Connection]:
        """The connection, for the length of a block."""
        if self._connection is None:
            connection = await self._stack.enter_async_context(self._adapter.connection(name))
            self._connection = connection
        connection = self._connection
        connection.has_kept, connection.doubt = connection.carries_state, None
        try:
            yield connection
        except AdapterError:
            self._connection = None
            await self._stack.aclose()
            raise
