"""What the tests of the reporters share: nodes, results, and the events of a whole small run."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from headrace.engine.core.errors import Location
from headrace.engine.core.events import (
    Event,
    InvocationFinished,
    InvocationStarted,
    NodeCancelled,
    NodeCompiled,
    NodeExecuted,
    NodeFinished,
    NodeSkipped,
    NodeStarted,
    ProjectLoaded,
    RunFinished,
    RunStarted,
)
from headrace.engine.core.results import NodeError, NodeInfo, RunResult, Status, Timing

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
HARMFUL = "\x1b[2J\x9b31m\x07evil\r\n12:00:00 | 1 of 1 OK created table model main.forged\u202e"


def at_noon() -> datetime:
    return NOON


def model(name: str, materialized: str = "table") -> NodeInfo:
    return NodeInfo(
        unique_id=f"model.debug.{name}",
        name=name,
        resource_type="model",
        kind=f"{materialized} model",
        display_name=f"test_schema.{name}",
        path=f"models/{name}.sql",
        materialized=materialized,
        relation_name=f'"test_schema"."{name}"',
    )


def node(resource_type: str, name: str, kind: str, display_name: str, path: str) -> NodeInfo:
    unique_id = f"{resource_type}.debug.{name}"
    return NodeInfo(unique_id, name, resource_type, kind, display_name, path, resource_type)


def seed(name: str) -> NodeInfo:
    return node("seed", name, "seed file", f"test_schema.{name}", f"seeds/{name}.csv")


def check(name: str) -> NodeInfo:
    return node("test", name, "test", name, "models/schema.yml")


def hook(name: str) -> NodeInfo:
    return node("operation", name, "hook", name, "dbt_project.yml")


def succeeded(of: NodeInfo, message: str = "SELECT 4", seconds: float = 0.08) -> RunResult:
    return RunResult(
        of,
        Status.SUCCESS,
        message,
        seconds,
        thread_id="slot-1",
        timing=(
            Timing("compile", NOON, NOON + timedelta(milliseconds=5)),
            Timing("execute", NOON + timedelta(milliseconds=5), NOON + timedelta(seconds=seconds)),
        ),
        adapter_response={"rows_affected": 4},
        compiled=True,
        compiled_code="select 1 as id",
    )


def failed(
    of: NodeInfo, message: str = 'relation "nope" does not exist', seconds: float = 0.06
) -> RunResult:
    error = NodeError(
        f"Database Error in {of.resource_type} {of.name} ({of.path})",
        message,
        Location(of.path, 4),
        f"target/run/debug/{of.path}",
    )
    return RunResult(of, Status.ERROR, message, seconds, error=error)


def skipped(of: NodeInfo, because: NodeInfo | None = None, message: str = "") -> RunResult:
    cause = because.unique_id if because else None
    return RunResult(of, Status.SKIPPED, message, because=cause)


def cancelled(of: NodeInfo) -> RunResult:
    return RunResult(of, Status.CANCELLED, "Cancelled", 1.5)


def checked(of: NodeInfo, status: Status, failures: int | None = 0, message: str = "") -> RunResult:
    return RunResult(of, status, message, 0.02, failures=failures)


def invocation(arguments: Mapping[str, object] | None = None) -> InvocationStarted:
    return InvocationStarted("an-invocation", "run", "0.1.0", NOON, arguments or {})


def small_run() -> list[Event]:
    """Four models: one is built, one fails, one is cancelled, and one skipped by the failure."""
    nodes = [model(f"model_{number}") for number in range(1, 5)]
    first, second, third, fourth = nodes
    results = [
        succeeded(first),
        failed(second),
        cancelled(third),
        skipped(fourth, because=second),
    ]
    return [
        invocation({"threads": 4}),
        ProjectLoaded(((4, "models"), (1, "test")), "postgres"),
        RunStarted(tuple(nodes), 4, "dev"),
        NodeStarted(first, 1, 4, NOON),
        NodeCompiled(first, "debug/models/model_1.sql", "select 1 as id"),
        NodeExecuted(first, "debug/models/model_1.sql", "create table model_1 as select 1 as id"),
        NodeFinished(results[0], 1, 4),
        NodeStarted(second, 2, 4, NOON),
        NodeStarted(third, 3, 4, NOON),
        NodeFinished(results[1], 2, 4),
        NodeCancelled(results[2], 3, 4),
        NodeSkipped(results[3], 4, 4),
        RunFinished(tuple(results), 0.45),
        InvocationFinished(1, 0.5, NOON),
    ]


class FailingWrites:
    """An `os.write` for which the disk is full from the n-th call on; n counts from 1."""

    def __init__(self, first_failing: int) -> None:
        self._left = first_failing - 1

    def __call__(self, descriptor: int, content: bytes | memoryview) -> int:
        if self._left == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._left -= 1
        # Half at a time, as a nearly full disk takes it, so that a file needs several writes.
        return os.write(descriptor, content[: max(1, len(content) // 2)])
