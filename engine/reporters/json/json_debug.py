"""The `data` of the records that are told at level debug alone, as dbt's events have it."""

from __future__ import annotations

import json
from datetime import datetime

from ....adapters.traffic import SessionBound, SessionClosed, StatementAnswered, StatementSent
from ...core.encoding import utc_text
from ...core.events import (
    ArtifactWritten,
    Event,
    InvocationFinished,
    InvocationStarted,
    NodeCompiled,
    NodeFinished,
    NodeSkipped,
    NodeStarted,
    RunFinished,
)
from ...core.results import NodeInfo, RunResult, Status
from ..in_flight import InFlight
from ..text.line import Level, Line
from .json_node import Data, node_data, run_result_data

_REACHED = {
    "NodeStart": "started",
    "NodeCompiling": "compiling",
    "NodeExecuting": "executing",
    "WritingInjectedSQLForNode": "compiling",
}


def debug_data(
    event: Event, line: Line, in_flight: InFlight, now: datetime, command: str
) -> Data | None:
    """The fields of a line of level debug; None for one that is told at other levels as well."""
    if line.level is not Level.DEBUG:
        return None
    match event:
        case SessionBound() | StatementSent() | StatementAnswered() | SessionClosed():
            return _traffic_data(event, line, in_flight)
        case NodeStarted(node=node) | NodeCompiled(node=node):
            return _of_node(node, _REACHED[line.kind.name], in_flight)
        case NodeSkipped() if line.kind.name == "MarkSkippedChildren":
            return _failure_data(line)
        case NodeFinished(result=result) | NodeSkipped(result=result):
            node, ended = result.node, None if result.status is Status.SKIPPED else now
            began = in_flight.started_at(node.unique_id)
            info = node_data(node, result.status.value, began, ended)
            return {"node_info": info, "run_result": run_result_data(result)}
        case ArtifactWritten(artifact_type=kind, path=path):
            return {"artifact_type": kind, "artifact_path": str(path)}
        case InvocationStarted(arguments=arguments):
            return {"args": {name: str(value) for name, value in arguments.items()}}
        case RunFinished():
            return _end_data(event, now)
        case InvocationFinished():
            return _closing_data(event, line, command)
        case _:
            return None


def _of_node(node: NodeInfo, status: str, in_flight: InFlight) -> Data:
    return {"node_info": node_data(node, status, in_flight.started_at(node.unique_id), None)}


def _failure_data(line: Line) -> Data:
    """That because of which others are skipped."""
    if not isinstance(line.about, RunResult):
        return {}
    result = line.about
    names: Data = {"unique_id": result.node.unique_id, "status": result.status.value}
    return names | {"run_result": run_result_data(result)}


def _traffic_data(
    event: SessionBound | StatementSent | StatementAnswered | SessionClosed,
    line: Line,
    in_flight: InFlight,
) -> Data:
    name = event.connection_name
    data: Data = {"conn_name": name}
    match event:
        case SessionBound(formerly=""):
            data["conn_type"] = event.adapter_type
        case SessionBound(formerly=formerly):
            data["orig_conn_name"] = formerly
        case StatementSent() if line.kind.name == "ConnectionUsed":
            data["conn_type"] = event.adapter_type
        case StatementSent(sql=sql) if line.kind.name == "SQLQuery":
            data["sql"] = sql
        case StatementAnswered():
            data = {"status": event.status, "elapsed": event.seconds, "query_id": ""}
    node = in_flight.node(name)
    return data if node is None else data | _of_node(node, in_flight.reached(name), in_flight)


def _end_data(event: RunFinished, now: datetime) -> Data:
    def has_gone_well(result: RunResult) -> bool:
        return not result.status.is_failure and result.status is not Status.SKIPPED

    return {
        "results": [run_result_data(result) for result in event.results],
        "elapsed_time": event.elapsed,
        "generated_at": utc_text(now),
        "success": all(map(has_gone_well, event.results)),
    }


def _closing_data(event: InvocationFinished, line: Line, command: str) -> Data:
    if line.kind.name == "ResourceReport":
        report: Data = json.loads(line.text.partition(":")[2])
        return report
    return {
        "command": f"headrace {command}",
        "exit_code": event.exit_code,
        "success": event.exit_code == 0,
        "completed_at": utc_text(event.completed_at),
        "elapsed": event.elapsed,
    }
