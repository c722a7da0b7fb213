"""The `data` of a JSON log line: the fields that dbt's event of the same name has."""

from __future__ import annotations

from datetime import datetime

from msgspec import structs

from ...core.events import (
    BatchFinished,
    BatchSkipped,
    BatchStarted,
    Event,
    InvocationFailed,
    InvocationStarted,
    MessageLogged,
    NodeCancelled,
    NodeFinished,
    NodeSkipped,
    NodeStarted,
    NothingToDo,
    ProjectFound,
    ProjectLoaded,
    ReferencesDeferred,
    RunFinished,
    RunStarted,
    WarningRaised,
)
from ...core.results import NodeInfo, RunResult, Status
from ..text.freshness_lines import freshness_data
from ..text.line import Line, LineKind
from ..text.summary import counted
from ..text.tally import Tally
from .json_node import Data, group_data, node_data


def data_of(
    event: Event, line: Line, started_at: datetime | None, now: datetime, status: str = ""
) -> Data:
    """The fields of one line of an event.

    `started_at` is when the line's node started, `status` how far it has got.
    """
    match event:
        case NodeStarted(node=node):
            info = node_data(node, "started", started_at, None)
            return _started_data(event) | {"node_info": info}
        case (
            NodeFinished(result=result) | NodeSkipped(result=result) | NodeCancelled(result=result)
        ):
            finished_at = None if isinstance(event, NodeSkipped) else now
            info = node_data(result.node, result.status.value, started_at, finished_at)
            return _result_data(event) | {"node_info": info}
        case BatchStarted() | BatchFinished() | BatchSkipped():
            return _batch_data(event, line, started_at, now)
        case MessageLogged(node=NodeInfo() as node):
            info = node_data(node, status or "None", started_at, None)
            return {"msg": line.text, "node_info": info}
        case RunFinished():
            return _summary_data(event, line)
        case _:
            return _invocation_data(event, line)


_MESSAGES = {
    "RunResultFailure": LineKind("RunResultError", "Z024"),
    "RunResultWarning": LineKind("RunResultWarningMessage", "Z046"),
}


def with_partner(line: Line, *, tells_all: bool = False) -> list[Line]:
    """A line of a result at the end of a run, which dbt tells in two: what failed, and why.

    If it `tells_all` there is a third one behind them: the file with what was sent.
    """
    result = line.about
    if not isinstance(result, RunResult):
        return [line]
    node, kind = result.node, _MESSAGES.get(line.kind.name)
    place = _place_line(result) if tells_all else []
    if kind is not None:
        return [line, Line(kind, result.message, line.level, about=result), *place]
    if line.kind.name == "RunResultError":
        text = f"Failure in {node.resource_type} {node.name} ({node.path})"
        failed = Line(LineKind("RunResultFailure", "Z022"), text, line.level, about=result)
        return [failed, line, *place]
    return [line]


def _place_line(result: RunResult) -> list[Line]:
    path = result.error and result.error.compiled_path
    kind = LineKind("SQLCompiledPath", "Z026")
    return [Line(kind, f"  compiled code at {path}", about=result)] if path else []


def _started_data(event: NodeStarted) -> Data:
    node = event.node
    position: Data = {"index": event.index, "total": event.total}
    if node.resource_type == "operation":
        return {"statement": node.display_name} | position
    return {"description": f"{node.kind} {node.display_name}"} | position


def _batch_data(
    event: BatchStarted | BatchFinished | BatchSkipped,
    line: Line,
    started_at: datetime | None,
    now: datetime,
) -> Data:
    node = event.node
    error = event.error if isinstance(event, BatchFinished) else None
    if error is not None and line.kind.name == "GenericExceptionOnRun":
        told: Data = {"unique_id": node.unique_id, "exc": error.text, "build_path": ""}
        return told | {"node_info": node_data(node, "executing", started_at, None)}
    data: Data = {
        "description": f"batch {event.label} of {node.display_name}",
        "batch_index": event.index,
        "total_batches": event.total,
    }
    reached, ended = "started", None
    match event:
        case BatchFinished():
            reached, ended = ("error" if error else "success"), now
            data |= {"status": reached, "execution_time": event.seconds, **group_data(node)}
        case BatchSkipped():
            data |= {"status": "skipped", "execution_time": 0.0, **group_data(node)}
    return data | {"node_info": node_data(node, reached, started_at, ended)}


def _result_data(event: NodeFinished | NodeSkipped | NodeCancelled) -> Data:
    result = event.result
    node = result.node
    schema, _, relation = node.display_name.rpartition(".")
    position: Data = {"index": event.index, "total": event.total}
    match event:
        case NodeCancelled():
            return {"conn_name": node.unique_id}
        case NodeSkipped():
            why: Data = {"because": result.because or "", "message": result.message}
            names: Data = {"node_name": node.name, "schema": schema}
            kind: Data = {"resource_type": node.resource_type}
            return names | why | kind | position | group_data(node)
    status = result.status.value
    done: Data = {"execution_time": result.execution_time, "status": status} | position
    done |= group_data(node)
    match node.resource_type:
        case "test" | "unit_test":
            failures: Data = {"num_failures": result.failures or 0, "num_models": event.total}
            return (
                done
                | failures
                | {
                    "name": node.display_name,
                    "attached_node": node.details.attached_node,
                }
            )
        case "seed":
            return done | {
                "result_message": result.message,
                "schema": schema,
                "relation": relation,
            }
        case "snapshot":
            return done | {"result_message": result.message, "description": node.display_name}
        case "source":
            return done | freshness_data(result)
        case "operation":
            return done | {"statement": node.display_name}
    if result.status is Status.NO_OP:
        done["status"] = ""
    elif not result.status.is_failure and result.message:
        done["status"] = result.message
    return done | {"description": f"{node.kind} {node.display_name}"}


def _summary_data(event: RunFinished, line: Line) -> Data:
    match line.kind.name:
        case "FinishedRunningStats":
            return {
                "stat_line": counted(event.results),
                "execution": f" in {_spelled_out(event.elapsed)}",
                "execution_time": event.elapsed,
            }
        case "EndOfRunSummary":
            tally = Tally.of(event.results)
            return {
                "num_errors": tally.failed - tally.partial,
                "num_warnings": tally.warned,
                "num_partial_success": tally.partial,
                "keyboard_interrupt": event.interrupted,
            }
        case "StatsLine":
            return {"stats": _stats(Tally.of(event.results))}
    if not isinstance(line.about, RunResult):
        return {"msg": line.text}
    result = line.about
    if line.kind.name == "SQLCompiledPath":
        path = (result.error and result.error.compiled_path) or ""
        info = node_data(result.node, result.status.value, None, None)
        return {"path": path, "node_info": info}
    return {
        "msg": line.text,
        "node_name": result.node.name,
        "path": result.node.path,
        "resource_type": result.node.resource_type,
        "compiled_path": (result.error and result.error.compiled_path) or "",
        "node_info": node_data(result.node, result.status.value, None, None),
        **group_data(result.node),
    }


def _spelled_out(seconds: float) -> str:
    """`0 hours 1 minutes and 2.50 seconds`, as dbt has it."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours} hours {minutes} minutes and {rest:.2f} seconds"


def _stats(tally: Tally) -> dict[str, int]:
    return {
        "pass": tally.passed,
        "warn": tally.warned,
        "error": tally.failed,
        "skip": tally.skipped,
        "noop": tally.untouched,
        "total": tally.total,
    }


def _invocation_data(event: Event, line: Line) -> Data:
    if not line.text:
        return {"msg": ""}
    match event:
        case InvocationStarted(version=version):
            return {"log_version": 3, "version": f"={version}", "command": event.command}
        case ProjectFound(adapter_type=kind, adapter_version=version):
            return {"adapter_name": kind, "adapter_version": f"={version}"}
        case ProjectLoaded():
            return {"stat_line": line.text.removeprefix("Found ")}
        case RunStarted(nodes=nodes, threads=threads, target_name=target):
            return {"num_threads": threads, "target_name": target, "node_count": len(nodes)}
        case ReferencesDeferred(references=references, directory=directory):
            listed = [structs.asdict(reference) for reference in references]
            return {"msg": line.text, "directory": directory, "references": listed}
        case NothingToDo() | MessageLogged():
            return {"msg": line.text}
        case WarningRaised(location=location):
            place = str(location) if location else ""
            return {"msg": event.message, "location": place, **event.data}
        case InvocationFailed():
            return {"exc": line.text.removeprefix("Encountered an error:\n")}
        case _:
            return {}
