"""The life of all that runs against the database as a node, from its first attempt to its result.

Models, seeds, snapshots, tests, batches, hooks, operations and looks at freshness differ in the
work that is done with them. What is the same is here: attempts, the timeout, and what is known
to be durable, or in doubt, however it ended.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime

import anyio
from msgspec import Struct
from msgspec.structs import replace

from ...adapters.backoff import Backoff
from ...adapters.base import Connection, Response
from ...adapters.errors import AdapterError, RelationChangedError
from ..core.errors import HeadraceError
from ..core.events import NodeCancelled, NodeFinished, NodeStarted, WarningRaised
from ..core.results import NodeInfo, RunResult, Status
from ..manifest.nodes.node import Node
from ..manifest.nodes.operation_node import Operation
from ..materializations.node_build import NodeBuild, Outcome
from .node_error import FINDINGS, doubtful_outcome, failed_outcome, timed_out, with_findings
from .node_result import (
    Progress,
    committed_outcome,
    note_doubt,
    note_dropped,
    note_executed,
    result_of,
)
from .run_context import RunContext
from .scheduler import Build

LONGEST_PAUSE_SECONDS = 5.0
OVERTAKEN_AT_MOST = 3
"""How often a node is built again because its relation was made or changed by somebody else."""

Lease = Callable[[str], AbstractAsyncContextManager[Connection]]
"""Gives a connection for the length of a block, by the name of what it is for."""


class NodeRun(Struct, frozen=True):
    """One node that runs: `await run(work)`, once.

    Attributes:
        progress: how far it has got, and in which slot.
        lease: where its connection comes from, if not from the adapter's pool.
        connection_name: what its connection is for, if that has another name than the node.
    """

    context: RunContext
    node: Node
    info: NodeInfo
    progress: Progress
    lease: Lease | None = None
    connection_name: str = ""

    async def run(self, work: Work) -> RunResult:
        """Have the work done, again after an error that may pass, within the node's timeout.

        An expected failure is a result; anything else is a bug of ours and travels. A
        cancellation ends the node's query and travels on, unless its transaction had committed
        by then, or nobody can say: in that case the result says what the database holds.
        """
        node, progress, target_path = self.node, self.progress, self.context.target_path
        seconds = node.config.timeout if progress.batch is None else None  # that of the whole
        outcome: Outcome | None = None
        try:
            with anyio.move_on_after(seconds):
                while outcome is None:
                    try:
                        outcome = await work(self)
                    except AdapterError as failure:
                        if not await self._begins_again(failure):
                            raise
                    except anyio.get_cancelled_exc_class():
                        note_doubt(progress, progress.doubt)
                        outcome = committed_outcome(progress.build) or doubtful_outcome(
                            node, progress, target_path
                        )
                        if outcome is None:
                            raise
        except (HeadraceError, AdapterError) as failure:
            outcome = failed_outcome(node, failure, progress, target_path)
        finally:
            note_executed(self.info, node, progress, self.context.emit)
            build = progress.build
            if build is not None and (build.swapped.dropped or build.swapped.foreign_keys):
                self._note_swapped(build)
        if outcome is None:
            outcome = timed_out(node, seconds or 0.0, progress, target_path)
        if outcome.error is None and (outcome.status in FINDINGS or progress.late_warnings):
            outcome = with_findings(node, outcome, progress, target_path)
        return result_of(self.info, outcome, progress)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """The connection of one attempt. What is made durable on it is noted."""
        context, progress = self.context, self.progress
        if progress.attempts > 1:
            # Who was in our way may have built something.
            await context.cache.refresh(context.templates.relations.of(self.node).namespace)
        name = self.connection_name or self.node.unique_id
        about = None if isinstance(self.node, Operation) else self.node
        async with (self.lease or context.adapter.connection)(name) as connection:
            try:
                connection.comment = await context.comments.of(connection, name, about)
                yield connection
            finally:
                progress.has_kept |= connection.has_kept
                progress.doubt = connection.doubt

    async def _begins_again(self, failure: AdapterError) -> bool:
        """Wait for the next attempt; or say that there is none, and what has to be asked."""
        progress, adapter = self.progress, self.context.adapter
        may_pass = may_retry(failure, progress, adapter.retries)
        if not (may_pass or await was_overtaken(failure, progress)):
            note_doubt(progress, failure)
            return False
        pause = pause_after(progress.attempts, adapter.retry_backoff)
        text = retry_text(self.node, failure, progress, pause)
        self.context.emit(WarningRaised("NodeRetried", text))
        progress.begin_again()
        await anyio.sleep(pause)
        return True

    def _note_swapped(self, build: NodeBuild) -> None:
        if not build.committed:
            return
        context, swapped = self.context, build.swapped
        note_dropped(self.node, self.progress, context.cache, context.emit)
        context.own_tables.note(filter(build.comes_anew, swapped.foreign_keys))


Work = Callable[[NodeRun], Awaitable[Outcome]]
"""What is done with a node: on `connection()`, if it takes one."""


def in_slots(
    context: RunContext, nodes: Mapping[str, Node], infos: Mapping[str, NodeInfo], work: Work
) -> Build:
    """What a scheduler is to do: have the work done with a node, by its id, in a slot."""

    def run(unique_id: str, slot: int) -> Awaitable[RunResult]:
        progress = Progress(f"Thread-{slot}")
        return NodeRun(context, nodes[unique_id], infos[unique_id], progress).run(work)

    return run


async def run_by_itself(
    run: NodeRun, work: Work, note: Callable[[RunResult], None], index: int = 1, total: int = 1
) -> RunResult:
    """Run a hook or an operation, which no scheduler does, and tell its start and its end.

    `note` takes the result, also that of a cancellation, which travels on.
    """
    emit, progress = run.context.emit, run.progress
    emit(NodeStarted(run.info, index, total, datetime.now(UTC), progress.thread_id))
    try:
        result = _without_answer(await run.run(work))
    except anyio.get_cancelled_exc_class():
        outcome = Outcome(Status.CANCELLED, Response("Cancelled: the run was interrupted"))
        result = result_of(run.info, outcome, progress)
        note(result)
        emit(NodeCancelled(result, index, total))
        raise
    note(result)
    emit(NodeFinished(result, index, total))
    return result


def _without_answer(result: RunResult) -> RunResult:
    """The result of a hook, as in dbt: a failure counts as one, and the answer isn't told."""
    ours = {key: value for key, value in result.adapter_response.items() if key == "attempts"}
    return replace(result, adapter_response=ours, failures=int(result.status.is_failure))


def may_retry(failure: AdapterError, progress: Progress, retries: int) -> bool:
    """Whether to run a node again after an error, which may have been in any of its steps.

    Once its transaction is through, what failed were hooks behind it; to build again would do
    what is done already a second time. So it would with what its SQL has made durable by itself.
    """
    is_through = progress.build is not None and progress.build.committed
    is_harmless = not is_through and not progress.has_kept
    return failure.may_pass and is_harmless and progress.attempts <= retries


async def was_overtaken(failure: AdapterError, progress: Progress) -> bool:
    """Whether a node failed because somebody else has made or changed its relation meanwhile.

    Two first runs at once both find that there is none. The second to build it goes on from what
    the first has made, as a run that had come later would. Lists the relation's schema again.
    """
    build = progress.build
    if (
        build is None
        or build.committed
        or progress.has_kept
        or not isinstance(failure, RelationChangedError)
        or progress.attempts > OVERTAKEN_AT_MOST
    ):
        return False
    believed = await build.cache.find(build.relation)
    await build.cache.refresh(build.relation.namespace)
    found = await build.cache.find(build.relation)
    return (believed and believed.type) is not (found and found.type)


def pause_after(attempt: int, first: float) -> float:
    """Seconds to wait after the given attempt: longer each time, and never twice the same.

    Two nodes that were in each other's way are not to meet again.
    """
    return Backoff(first, LONGEST_PAUSE_SECONDS, jitter=(0.5, 1.0)).after(attempt)


def retry_text(node: Node, failure: AdapterError, progress: Progress, pause: float) -> str:
    """What is said of an attempt that failed."""
    why = str(failure).split("\n", 1)[0]
    return (
        f"attempt {progress.attempts} at {node.resource_type.value} {node.name} failed ({why}); "
        f"the next one comes in {pause:.1f} s."
    )
