"""Runs a plan: the most urgent node first, a bounded number at a time, one final status each."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from heapq import heappop, heappush
from types import MappingProxyType
from typing import NamedTuple

from anyio import Semaphore, create_memory_object_stream, create_task_group, get_cancelled_exc_class
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from msgspec import Struct
from msgspec.structs import replace

from ..core.events import NodeCancelled, NodeFinished, NodeSkipped, NodeStarted
from ..core.reporter import Emitter
from ..core.results import NodeError, NodeInfo, RunResult, Status
from .plan import Plan

Build = Callable[[str, int], Awaitable[RunResult]]
"""Builds one node, by its id, in a numbered slot (from 1), and says how it went.

An expected failure is a result, an exception is a bug. A cancellation travels once the node's
query has ended at the database. If the work turned out to be complete by then (its COMMIT was
through), the result is returned instead, and stands.
"""


class _Job(NamedTuple):
    """A node to build, and the slot that it has."""

    node: str
    slot: int


class _Report(NamedTuple):
    """How a build ended, and when. A cancellation, or a bug, is the exception itself."""

    job: _Job
    outcome: RunResult | BaseException
    ended_at: datetime


class _Stop(Struct, frozen=True):
    """Why no further node is started. `because` is the node that caused it, if one did."""

    cancelled: str
    skipped: str
    because: str | None = None


_INTERRUPTED = _Stop("Cancelled: the run was interrupted", "Skipped: the run was interrupted")


utc_now = partial(datetime.now, UTC)
"""The wall clock, as events and results have it: aware, in UTC."""


class Scheduler:
    """Feeds a plan's ready nodes to `build`, at most `threads` of them at a time.

    Used once: `Scheduler(…) → run() → results`. Each node gets one final status and the event
    that says so: NodeStarted, then NodeFinished or NodeCancelled, or NodeSkipped alone.

    A slot is taken first and the node chosen then, so that priorities are those of the moment
    when a slot frees. The node goes to a worker: a task that builds one node after the other,
    and is started when there is none idle, so that there are never more than `threads`. (A task
    for each node would cost twice the CPU in all.) Workers only report; `run` alone changes the
    plan and emits these events.
    """

    def __init__(
        self,
        plan: Plan,
        nodes: Mapping[str, NodeInfo],
        build: Build,
        *,
        threads: int,
        fail_fast: bool,
        emit: Emitter,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """Get ready. Nothing is started.

        Args:
            plan: a fresh plan.
            nodes: what to call each of the plan's nodes in events and results.
            build: builds one node.
            threads: how many nodes may be in flight at a time, 1 or more.
            fail_fast: whether the first failure stops the run.
            emit: takes the events. It is called in `run`'s own task and must not block.
            clock: says when a node is started, and when it ended.

        Raises:
            ValueError: `threads` is below 1, or `nodes` lacks a node of the plan.
        """
        if threads < 1:
            raise ValueError(f"threads is {threads}, and has to be at least 1")
        nameless = [node for node in plan.order if node not in nodes]
        if nameless:
            raise ValueError(f"nodes lacks {nameless[0]!r}, which is in the plan")
        self._plan = plan
        self._nodes = nodes
        self._build = build
        self._fail_fast = fail_fast
        self._emit = emit
        self._clock = clock
        self._threads = threads
        self._slots = Semaphore(threads, fast_acquire=True)
        self._free_numbers = list(range(1, threads + 1))
        self._taken_slots = self._worker_count = 0
        self._in_flight: dict[int, NodeStarted] = {}
        self._reports: deque[_Report] = deque()
        self._stop: _Stop | None = None
        self._failed_fast: NodeInfo | None = None
        self._index = 0
        self._results: dict[str, RunResult] = {}

    @property
    def results(self) -> Mapping[str, RunResult]:
        """The final result of each node by id, in the order in which they came to be known.

        When `run` has ended, in whatever way, it holds every node of the plan.
        """
        return MappingProxyType(self._results)

    @property
    def failed_fast(self) -> NodeInfo | None:
        """The node whose failure has stopped the run, under `fail_fast`."""
        return self._failed_fast

    async def run(self) -> None:
        """Run the plan to its end, or until something stops it.

        What stops it early cancels what is in flight, waits until that has really ended, and
        skips the rest. It can be the first failure (with `fail_fast`: returns normally), a
        cancellation from outside (raised again), or an exception that `build` should not have
        raised (raised as it is; if there are several, as their group).
        """
        bug: BaseException | None = None
        jobs, inbox = create_memory_object_stream[_Job](self._threads)
        try:
            with inbox:
                async with create_task_group() as workers:
                    with jobs:  # once it is closed, idle workers end
                        while self._plan.active and self._stop is None:
                            await self._slots.acquire()
                            self._taken_slots += 1
                            self._settle_reports()
                            self._hand_out(jobs, workers, inbox)
        except BaseExceptionGroup as group:
            bug = group.exceptions[0] if len(group.exceptions) == 1 else group
        except get_cancelled_exc_class():
            self._stop = self._stop or _INTERRUPTED
            raise
        finally:
            self._settle_everything()
        if bug is not None:
            raise bug

    def _hand_out(
        self,
        jobs: MemoryObjectSendStream[_Job],
        workers: TaskGroup,
        inbox: MemoryObjectReceiveStream[_Job],
    ) -> None:
        """Choose nodes for the slots that are taken, or stop those in flight.

        A slot for which nothing is ready stays taken. So who takes the next one waits for a
        report, which is the only thing that can make a node ready.
        """
        if self._stop is not None:
            workers.cancel_scope.cancel()
            return
        while self._taken_slots and (node := self._plan.pop_ready()) is not None:
            self._taken_slots -= 1
            jobs.send_nowait(self._start(node))
            if self._worker_count < len(self._in_flight):
                self._worker_count += 1
                workers.start_soon(self._work, inbox, name=f"slot {self._worker_count}")

    async def _work(self, inbox: MemoryObjectReceiveStream[_Job]) -> None:
        """Build nodes, one after the other, and report on each. The body of a worker."""
        outcome: RunResult | BaseException
        async for job in inbox:
            try:
                outcome = await self._build(job.node, job.slot)
            except get_cancelled_exc_class() as cancelled:
                # Not raised again: if the run is stopped, the next await raises it anew, and if
                # somebody cancelled this one build, that must not take the others with it.
                outcome = cancelled
            except BaseException as bug:
                outcome = bug
                raise
            finally:
                self._reports.append(_Report(job, outcome, self._clock()))
                self._slots.release()

    def _start(self, node: str) -> _Job:
        slot = heappop(self._free_numbers)
        index, total = self._next_index(), len(self._plan)
        started = NodeStarted(self._nodes[node], index, total, self._clock(), f"Thread-{slot}")
        self._in_flight[slot] = started
        self._emit(started)
        return _Job(node, slot)

    def _settle_reports(self) -> None:
        while self._reports:
            self._settle(self._reports.popleft())

    def _settle(self, report: _Report) -> None:
        """Give a node that was in flight its final status, and those that it takes along."""
        started = self._in_flight.pop(report.job.slot)
        node = started.node
        heappush(self._free_numbers, report.job.slot)
        match report.outcome:
            case RunResult() as result:
                pass
            case Exception() as bug:
                result = _result_of_bug(started, report, bug)
                self._stop = self._stop or _stop_for_bug(node)
            case _:
                reason = self._stop.cancelled if self._stop else "Cancelled"
                result = _result_of_cancellation(started, report, reason)
        if self._fail_fast and result.status.is_failure and self._stop is None:
            self._stop, self._failed_fast = _stop_for_failure(node), node
        self._finish(started, result)
        skipped = self._plan.done(node.unique_id, result.status)
        if skipped and self._stop is None:  # or else they share the others' reason, at the end
            reason = f"Skipped: it depends on {node.unique_id}, which {_ended(result.status)}"
            for child in skipped:
                self._skip(child, reason, because=node.unique_id)

    def _settle_everything(self) -> None:
        """Once all tasks have ended, see to it that every node has its final status."""
        self._settle_reports()
        # Whoever was handed a node too late to begin with it has not reported.
        for slot, started in sorted(self._in_flight.items()):
            job = _Job(started.node.unique_id, slot)
            self._settle(_Report(job, get_cancelled_exc_class()(), self._clock()))
        stop = self._stop or _INTERRUPTED
        self._plan.skip_rest()
        for node in self._plan.order:
            if node not in self._results:
                self._skip(node, stop.skipped, because=stop.because)

    def _finish(self, started: NodeStarted, result: RunResult) -> None:
        self._results[started.node.unique_id] = result
        index, total = started.index, started.total
        match result.status:
            case Status.CANCELLED:
                self._emit(NodeCancelled(result, index, total))
            case Status.SKIPPED:
                self._emit(NodeSkipped(result, index, total))
            case _:
                self._emit(NodeFinished(result, index, total))

    def _skip(self, node: str, reason: str, *, because: str | None) -> None:
        result = RunResult(self._nodes[node], Status.SKIPPED, reason, because=because)
        self._results[node] = result
        self._emit(NodeSkipped(result, self._next_index(), len(self._plan)))

    def _next_index(self) -> int:
        self._index += 1
        return self._index


def _stop_for_failure(node: NodeInfo) -> _Stop:
    return _Stop("Cancelled due to fail_fast", "Skipping due to fail_fast", node.unique_id)


def _stop_for_bug(node: NodeInfo) -> _Stop:
    cause = f"there was an internal error in {node.unique_id}"
    return _Stop(f"Cancelled: {cause}", f"Skipped: {cause}", node.unique_id)


def _ended(status: Status) -> str:
    match status:
        case Status.SKIPPED:
            return "was skipped"
        case Status.CANCELLED:
            return "was cancelled"
        case _:
            return "failed"


def _result_of_bug(started: NodeStarted, report: _Report, bug: Exception) -> RunResult:
    # Not the exception's own text, in which there may be anything. The exception travels.
    node = started.node
    kind = type(bug).__name__
    error = NodeError(
        f"Internal Error in {node.resource_type} {node.name} ({node.path})",
        f"{kind}: a fault in headrace, not in the project. --debug shows where it happened.",
    )
    cut_short = _result_of_cancellation(started, report, f"Internal error: {kind}")
    return replace(cut_short, status=Status.ERROR, error=error)


def _result_of_cancellation(started: NodeStarted, report: _Report, reason: str) -> RunResult:
    return RunResult(
        started.node,
        Status.CANCELLED,
        reason,
        execution_time=(report.ended_at - started.started_at).total_seconds(),
        thread_id=f"Thread-{report.job.slot}",
    )
