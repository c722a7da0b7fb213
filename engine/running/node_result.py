"""How far a node has got, and its result once it has ended."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from ...adapters.errors import AdapterError, CommitInDoubtError
from ...adapters.relation_cache import RelationCache
from ..core.events import NodeCommitting, NodeExecuted, WarningRaised
from ..core.reporter import Emitter
from ..core.results import Doubt, NodeInfo, RunResult, Status, Timing
from ..manifest.nodes.node import Node
from ..materializations.node_build import NodeBuild, Outcome
from ..settings.warning_policy import RaisedWarningsError
from ..template.compiler import Compiled
from .microbatch import Batch


class Progress(Struct):
    """How far a node got: what its result says of timing, attempts and SQL."""

    thread_id: str
    started: float = field(default_factory=time.perf_counter)
    compile_started: datetime = field(default_factory=partial(datetime.now, UTC))
    compile_ended: datetime | None = None
    compiled: Compiled | None = None
    build: NodeBuild | None = None
    attempts: int = 1
    batch: Batch | None = None
    late_warnings: list[WarningRaised] = field(default_factory=list)
    """Warnings that count as errors, and came when the work was done."""
    has_kept: bool = False
    """Whether its SQL has made something durable outside of the node's transaction."""
    hooks_done: set[int] = field(default_factory=set)
    """The places of the hooks before BEGIN that need not be run again."""
    doubt: CommitInDoubtError | None = None
    """Why nobody can say whether a COMMIT in its own SQL is durable, where that is so."""
    doubts: list[Doubt] = field(default_factory=list)

    def path_of(self, node: Node) -> str:
        """Where the node's SQL goes, below target/compiled and target/run."""
        if self.batch is None:
            return node.build_path
        path = PurePosixPath(node.build_path)
        return str(path.with_suffix("") / f"{path.stem}_{self.batch.label}{path.suffix}")

    def begin_again(self) -> None:
        """Count another attempt, of which nothing has been done."""
        self.attempts += 1
        self.compile_started, self.compile_ended = datetime.now(UTC), None
        self.compiled = self.build = None

    def timings(self, now: datetime) -> tuple[Timing, ...]:
        if self.compile_ended is None:
            return (Timing("compile", self.compile_started, now),)
        return (
            Timing("compile", self.compile_started, self.compile_ended),
            Timing("execute", self.compile_ended, now),
        )


def note_executed(info: NodeInfo, node: Node, progress: Progress, emit: Emitter) -> None:
    """Tell what was sent for a node."""
    build = progress.build
    if build is not None and (build.executed or build.swapped.statements):
        sql = ";\n\n".join([*build.executed, *build.swapped.statements]) + "\n"
        emit(NodeExecuted(info, progress.path_of(node), sql))


def note_dropped(node: Node, progress: Progress, cache: RelationCache, emit: Emitter) -> None:
    """Say which views had to go, and forget them: they come back when they are built.

    Where that is an error, it is kept for the result: a cancellation may be on its way.
    """
    build = progress.build
    if build is None or not build.committed:
        return
    for relation in build.swapped.dropped:
        cache.drop(relation)
        warning = WarningRaised(
            "DependentViewDropped",
            f"the view {relation.display_name} no longer fitted {node.name} and was "
            "dropped. Run its model to have it again.",
            node.location,
        )
        try:
            emit(warning)
        except RaisedWarningsError:
            progress.late_warnings.append(warning)


def note_transaction(
    info: NodeInfo, batch: Batch | None, emit: Emitter, name: str, completes: bool
) -> None:
    """Tell the name of a transaction that is about to be committed."""
    times = (batch.window.start, batch.window.end) if batch is not None else None
    emit(NodeCommitting(info, name, completes, times))


def note_doubt(progress: Progress, failure: AdapterError | None = None) -> None:
    """Keep what the database has to be asked before the node is run again, if anything has to."""
    build, batch = progress.build, progress.batch
    times = (batch.window.start, batch.window.end) if batch is not None else None
    if build is not None and build.doubt is not None:
        name, completes = build.doubt.transaction, build.would_complete
        progress.doubts.append(Doubt(name, completes, times))
    elif isinstance(failure, CommitInDoubtError):
        progress.doubts.append(Doubt(failure.transaction, batch=times))


def committed_outcome(build: NodeBuild | None) -> Outcome | None:
    """What a node that was cancelled has achieved all the same: the database holds it.

    Hooks that come after COMMIT have not all been run then, which is said.
    """
    if build is None or build.outcome is None:
        return None
    outcome = build.outcome
    if any(not hook.transaction for hook in build.node.config.post_hook):
        message = f"{outcome.response.message} (cancelled before its hooks behind COMMIT were done)"
        return replace(outcome, response=replace(outcome.response, message=message))
    return outcome


def result_of(info: NodeInfo, outcome: Outcome, progress: Progress) -> RunResult:
    """The result of a node that has ended now."""
    response = outcome.response
    answer: dict[str, object] = {}
    # What the database said to a batch is no answer for all of them.
    if outcome.status is Status.SUCCESS and response.message and outcome.batches is None:
        answer = answer_of(response)
    elif outcome.answer is not None:
        answer = answer_of(outcome.answer.response)
    if progress.attempts > 1:
        answer["attempts"] = progress.attempts
    return RunResult(
        node=info,
        status=outcome.status,
        message=response.message,
        execution_time=time.perf_counter() - progress.started,
        thread_id=progress.thread_id,
        timing=progress.timings(datetime.now(UTC)),
        adapter_response=answer,
        failures=outcome.failures,
        batch_results=outcome.batches,
        compiled=progress.compiled is not None,
        compiled_code=progress.compiled.sql if progress.compiled else None,
        error=outcome.error,
        source_age=outcome.source_age,
        doubts=tuple(progress.doubts),
    )


def answer_of(response: Any) -> dict[str, object]:
    """What the database said, as artifacts have it; of a response that may lack a part."""
    answer: dict[str, object] = {"_message": getattr(response, "message", str(response))}
    # A driver's answer counts as dbt's drivers do; one that a macro has given says it itself.
    count, code = getattr(response, "rows_affected", None), getattr(response, "code", None)
    if code is not None:
        answer["code"] = code
        count = getattr(response, "driver_count", None) if count is None else count
    if count is not None:
        answer["rows_affected"] = count
    return answer
