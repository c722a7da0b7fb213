"""What is said of a node once it has ended: its error in words, and its result."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from ...adapters.base import Response
from ...adapters.errors import (
    AdapterError,
    ApproximateMatchError,
    CommitInDoubtError,
    DatabaseError,
)
from ...adapters.relation_cache import RelationCache
from ..core.errors import CompilationError, HeadraceError
from ..core.events import (
    Emitter,
    NodeCommitting,
    NodeExecuted,
    WarningRaised,
)
from ..core.results import (
    Doubt,
    NodeError,
    NodeInfo,
    RunResult,
    Status,
    Timing,
)
from ..manifest.nodes.node import Node
from ..materializations.node_build import NodeBuild, Outcome
from ..settings.warning_policy import RaisedWarningsError
from ..template.compiler import Compiled
from .blame import blamed_location
from .microbatch import Batch


class Progress(Struct):
    """How far a node got: what its result says of timing, attempts and SQL."""

    thread_id: str
    started: float = field(default_factory=time.perf_counter)
    compile_started: datetime = field(default_factory=lambda: datetime.now(UTC))
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


def explain(
    node: Node, failure: HeadraceError | AdapterError, progress: Progress, target_path: str
) -> NodeError:
    """Why a node failed, and where to look."""
    kind, where = node.resource_type.value, node.original_file_path
    if isinstance(failure, HeadraceError):
        title = f"{failure.title} in {kind} {node.name} ({where})"
        message = failure.problem
        if isinstance(failure, CompilationError) and failure.stack:
            message += "\n\n" + format_stack(failure)
        return NodeError(title, message, failure.location or node.location)
    titles = {DatabaseError: "Database Error", ApproximateMatchError: "Compilation Error"}
    what = next((text for kin, text in titles.items() if isinstance(failure, kin)), "Runtime Error")
    message = str(failure)
    if progress.attempts > 1:
        message += f"\n(attempt {progress.attempts}; it had been tried before)"
    return NodeError(
        f"{what} in {kind} {node.name} ({where})",
        message,
        blamed_location(str(failure), node, getattr(failure, "line", None)),
        _sent_path(node, progress, target_path),
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


def doubtful_outcome(node: Node, progress: Progress, target_path: str) -> Outcome | None:
    """The outcome of a node that was cancelled while nobody could say whether it is through."""
    if progress.build is None or progress.build.doubt is None:
        return None
    error = explain(node, progress.build.doubt, progress, target_path)
    return Outcome(Status.ERROR, Response(error.text), error=error)


def late_error(node: Node, progress: Progress, target_path: str) -> NodeError | None:
    """Why a node has failed although its work is done, where it has."""
    if not progress.late_warnings:
        return None
    return explain(node, RaisedWarningsError(progress.late_warnings), progress, target_path)


def timed_out(
    node: Node, seconds: float, progress: Progress, target_path: str
) -> tuple[Outcome, NodeError]:
    """The outcome of a node that took longer than it may. Its query has ended."""
    message = (
        f"it took longer than its timeout of {seconds:g} s, and was cancelled. Make it faster, or "
        "raise `timeout` in its config."
    )
    title = f"Timeout in {node.resource_type.value} {node.name} ({node.original_file_path})"
    error = NodeError(title, message, node.location, _sent_path(node, progress, target_path))
    return Outcome(Status.TIMEOUT, Response(error.text)), error


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


def finding(node: Node, outcome: Outcome, target_path: str) -> NodeError | None:
    """What a test that found something says for itself, and where its query is."""
    if outcome.status not in (Status.FAIL, Status.WARN):
        return None
    word = "Failure" if outcome.status is Status.FAIL else "Warning"
    message = outcome.response.message
    if outcome.stored is not None:
        rule = "-" * len(outcome.stored)
        message += f"\n\nSee test failures:\n{rule}\n{outcome.stored}\n{rule}"
    return NodeError(
        f"{word} in {node.resource_type.value} {node.name} ({node.original_file_path})",
        message,
        node.location,
        f"{target_path}/compiled/{node.build_path}",
    )


def result_of(
    info: NodeInfo, outcome: Outcome, error: NodeError | None, progress: Progress
) -> RunResult:
    """The result of a node that has ended now."""
    response = outcome.response
    answer: dict[str, object] = {}
    if outcome.status is Status.SUCCESS:
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
        error=error,
        doubts=tuple(progress.doubts),
    )


def answer_of(response: Any) -> dict[str, object]:
    """What the database said, as artifacts have it; of a response that may lack a part."""
    answer: dict[str, object] = {"_message": getattr(response, "message", str(response))}
    for key in ("code", "rows_affected"):
        if getattr(response, key, None) is not None:
            answer[key] = getattr(response, key)
    return answer


def format_stack(error: CompilationError) -> str:
    """The stack of a template error, innermost first, as dbt prints it."""
    lines = [f"> in {error.stack[0]}"]
    lines += [f"> called by {frame}" for frame in error.stack[1:]]
    return "\n".join(lines)


def _sent_path(node: Node, progress: Progress, target_path: str) -> str | None:
    """The file with the SQL that was sent, or else with what it was going to be."""
    build = progress.build
    if build is not None and (build.executed or build.swapped.statements):
        return f"{target_path}/run/{progress.path_of(node)}"
    if progress.compiled is not None:
        return f"{target_path}/compiled/{progress.path_of(node)}"
    return None
