"""The lines of level DEBUG: how a run goes, step by step, and what is sent to the database."""

from __future__ import annotations

from ....adapters.traffic import SessionBound, SessionClosed, StatementAnswered, StatementSent
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
from ...core.plain_text import Cleaner
from ...core.results import NodeInfo, RunResult
from ..process_use import ProcessUse
from .line import Level, Line, LineKind

_ARGUMENTS = LineKind("MainReportArgs", "A002")
_BEGAN = LineKind("NodeStart", "Q024")
_COMPILING = LineKind("NodeCompiling", "Q030")
_WRITING = LineKind("WritingInjectedSQLForNode", "Q029")
_EXECUTING = LineKind("NodeExecuting", "Q031")
_ENDED = LineKind("NodeFinished", "Q025")
_MARKED = LineKind("MarkSkippedChildren", "Z033")
_WRITTEN = LineKind("ArtifactWritten", "P001")
_RESULT = LineKind("EndRunResult", "Q037")
_REPORT = LineKind("ResourceReport", "Z051")
_COMPLETED = LineKind("CommandCompleted", "Q039")

_NEW = LineKind("NewConnection", "E005")
_REUSED = LineKind("ConnectionReused", "E006")
_CLOSED = LineKind("ConnectionClosed", "E010")
_USED = LineKind("ConnectionUsed", "E015")
_ROLLBACK = LineKind("Rollback", "E012")
_COMMIT = LineKind("SQLCommit", "E018")
_QUERY = LineKind("SQLQuery", "E016")
_STATUS = LineKind("SQLQueryStatus", "E017")

DETAILS: frozenset[type[Event]] = frozenset(
    {NodeCompiled, SessionBound, StatementSent, StatementAnswered, SessionClosed}
)
"""The kinds of event, of which a run has most, that nothing but debug lines is told of."""

Happening = SessionBound | StatementSent | StatementAnswered | SessionClosed


def with_debug_lines(event: Event, shown: list[Line], clean: Cleaner, command: str) -> list[Line]:
    """What is `shown` of an event at other levels, among what is told of it at this one."""
    match event:
        case SessionBound() | StatementSent() | StatementAnswered() | SessionClosed():
            return _traffic_lines(event, clean)
        case NodeStarted(node=node):
            before = _step(_BEGAN, "Began running node", node, clean)
            return [before, *shown, _step(_COMPILING, "Began compiling node", node, clean)]
        case NodeCompiled(node=node):
            written = f'Writing injected SQL for node "{clean.name(node.unique_id)}"'
            executing = _step(_EXECUTING, "Began executing node", node, clean)
            return [*shown, _line(_WRITING, written, node), executing]
        case NodeFinished(result=result) | NodeSkipped(result=result):
            return [*shown, _step(_ENDED, "Finished running node", result, clean)]
        case ArtifactWritten(artifact_type=kind, path=path):
            return [_line(_WRITTEN, f"Wrote artifact {kind} to {clean.name(str(path))}")]
        case InvocationStarted(arguments=arguments):
            texts = {name: str(value) for name, value in arguments.items()}
            told = clean.message(f"running headrace with arguments {texts}")
            return [*shown, _line(_ARGUMENTS, told)]
        case RunFinished():
            return [*shown, _line(_RESULT, "Command end result")]
        case InvocationFinished():
            return [*shown, *_closing_lines(event, command)]
        case _:
            return shown


def _traffic_lines(event: Happening, clean: Cleaner) -> list[Line]:
    name = clean.name(event.connection_name)
    match event:
        case SessionBound(adapter_type=kind, formerly=""):
            return [_line(_NEW, f"Acquiring new {kind} connection '{name}'")]
        case SessionBound(formerly=formerly):
            were = f"(formerly {clean.name(formerly)}, now {name})"
            return [_line(_REUSED, f"Re-using an available connection from the pool {were}")]
        case StatementSent(adapter_type=kind, sql=sql):
            using = _line(_USED, f'Using {kind} connection "{name}"')
            query = _line(_QUERY, f"On {name}: {clean.message(sql)}")
            if sql == "ROLLBACK":
                return [_line(_ROLLBACK, f"On {name}: ROLLBACK"), using, query]
            if sql.endswith("COMMIT"):
                return [_line(_COMMIT, f"On {name}: COMMIT"), using, query]
            return [using, query]
        case StatementAnswered(status=status, seconds=seconds):
            said = f"SQL status: {clean.name(status)} in {seconds:.3f} seconds"
            return [_line(_STATUS, said)]
        case SessionClosed():
            return [_line(_CLOSED, f"On {name}: Close")]


def _closing_lines(event: InvocationFinished, command: str) -> list[Line]:
    """What the command has taken, and that it is over."""
    use = ProcessUse.now()
    lines = []
    if use is not None:
        told = use.report(command, event)
        lines.append(_line(_REPORT, f"Resource report: {use.as_json(told)}"))
    outcome = "succeeded" if event.exit_code == 0 else "failed"
    at = f"{event.completed_at:%H:%M:%S.%f}"
    text = f"Command `headrace {command}` {outcome} at {at} after {event.elapsed:.2f} seconds"
    return [*lines, _line(_COMPLETED, text)]


def skipping_line(result: RunResult, clean: Cleaner) -> Line:
    """What is told of a node because of which others are skipped, before the first of them is."""
    text = (
        f"Marking all children of '{clean.name(result.node.unique_id)}' to be skipped because of "
        f"status '{result.status.value}'. "
    )
    if result.message:
        text += f" Reason: {clean.message(result.message)}."
    return _line(_MARKED, text, result)


def _step(kind: LineKind, text: str, about: NodeInfo | RunResult, clean: Cleaner) -> Line:
    node = about.node if isinstance(about, RunResult) else about
    return _line(kind, f"{text} {clean.name(node.unique_id)}", about)


def _line(kind: LineKind, text: str, about: NodeInfo | RunResult | None = None) -> Line:
    return Line(kind, text, Level.DEBUG, about=about)
