"""From an event to the lines that dbt's users know, without timestamp or stream.

Every reporter that shows lines shares this: pure functions, one event in, its lines out. The
forms are those of the `dbt run` documentation; kinds carry the names of dbt's JSON events.
"""

from __future__ import annotations

from ...core.errors import CompilationError, HeadraceError
from ...core.events import (
    BatchFinished,
    BatchSkipped,
    BatchStarted,
    Event,
    InvocationFailed,
    InvocationStarted,
    Manner,
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
from ...core.plain_text import Cleaner, indented
from ...core.results import NodeInfo, RunResult, Status
from ...settings.warning_codes import MESSAGE_CODES, WARNING_CODES
from .batch_lines import batch_lines
from .debug_lines import with_debug_lines
from .freshness_lines import freshness_word
from .line import BLANK, Level, Line, LineKind, Paint
from .operation_lines import is_about_an_operation, operation_lines
from .summary import summary_lines

UNMATCHED_CRITERION = "NoNodesForSelectionCriteria"
"""The warning that says all by itself: shown without its name, as in dbt."""

_DEFERRED = LineKind("ReferencesDeferred")
_MOST_DEFERRED = 50
"""How many deferred references are shown before the rest is left to the log file."""

_START = LineKind("LogStartLine", "Q011")
_HOOK_START = LineKind("LogHookStartLine", "Q032")
_SKIP = LineKind("SkippingDetails", "Q034")
_CANCEL = LineKind("LogCancelLine", "Q022")

_TAKEN = ("exposure", "saved_query")
"""What nothing is done for, and so isn't begun."""

_RESULT_KINDS = {
    "model": LineKind("LogModelResult", "Q012"),
    "seed": LineKind("LogSeedResult", "Q016"),
    "snapshot": LineKind("LogSnapshotResult", "Q015"),
    "test": LineKind("LogTestResult", "Q007"),
    "unit_test": LineKind("LogTestResult", "Q007"),
    "operation": LineKind("LogHookEndLine", "Q033"),
    "source": LineKind("LogFreshnessResult", "Q018"),
    **dict.fromkeys(_TAKEN, LineKind("LogNodeNoOpResult", "Q019")),
}
_OTHER_RESULT = LineKind("LogNodeResult", "Q008")

_VERBS = {
    "seed": ("OK loaded", "ERROR loading"),
    "snapshot": ("OK snapshotted", "ERROR snapshotting"),
    "operation": ("OK", "ERROR"),
}
_OTHER_VERBS = ("OK created", "ERROR creating")
_USUAL = Manner()

_TESTS = ("test", "unit_test")
_RELATIONS = ("model", "seed", "snapshot")


def lines_of(
    event: Event,
    clean: Cleaner,
    *,
    manner: Manner = _USUAL,
    debug: bool = False,
    command: str = "",
) -> list[Line]:
    """The lines that an event is worth; those of level DEBUG only if `debug`.

    `command` is the name of that which runs.
    """
    shown = _shown_lines(event, clean, manner, debug=debug)
    return with_debug_lines(event, shown, clean, command) if debug else shown


def _shown_lines(event: Event, clean: Cleaner, manner: Manner, *, debug: bool) -> list[Line]:
    """Those lines that are of no level of their own below INFO, but for what templates log.

    Of a `compile` or `show`, as in dbt, there is nothing to tell but what went wrong.
    """
    if manner.tells_failures_alone and _went_well(event):
        return []
    if manner.calls_macro and is_about_an_operation(event):
        return operation_lines(event, clean)
    match event:
        case NodeStarted(node=node):
            return [] if node.resource_type in _TAKEN else [_start_line(event, clean)]
        case NodeFinished():
            return [_result_line(event, clean, manner)]
        case NodeSkipped():
            return [_skip_line(event, clean)]
        case NodeCancelled(result=result):
            return [_cancel_line(result, clean)]
        case BatchStarted() | BatchFinished() | BatchSkipped():
            return batch_lines(event, clean)
        case InvocationStarted() | ProjectFound() | ProjectLoaded() | RunStarted() | NothingToDo():
            return _opening_lines(event, clean)
        case ReferencesDeferred():
            return _deferral_lines(event, clean, debug=debug)
        case WarningRaised():
            return [_warning_line(event, clean)]
        case MessageLogged(message=message, name=str(name), node=node) if name:
            kind = LineKind(name, MESSAGE_CODES.get(name, ""))
            return [Line(kind, clean.message(message), about=node)]
        case MessageLogged(is_print=False) if event.to_console or debug:
            return [_logged_line(event, clean)]
        case RunFinished():
            return summary_lines(event, clean, manner)
        case InvocationFailed(error=error):
            return [_failure_line(error, clean)]
        case _:
            return []


def _went_well(event: Event) -> bool:
    match event:
        case NodeStarted():
            return True
        case NodeFinished(result=result):
            return not _is_bad_news(result)
        case RunFinished(results=results, interrupted=interrupted):
            return not interrupted and not any(map(_is_bad_news, results))
        case _:
            return False


def _is_bad_news(result: RunResult) -> bool:
    """Whether a result is a failure. That of a query given with --inline ends the invocation."""
    return result.status.is_failure and result.node.resource_type != "sql_operation"


def _opening_lines(
    event: InvocationStarted | ProjectFound | ProjectLoaded | RunStarted | NothingToDo,
    clean: Cleaner,
) -> list[Line]:
    match event:
        case InvocationStarted(version=version):
            kind = LineKind("MainReportVersion", "A001")
            return [Line(kind, f"Running with headrace={clean.name(version)}")]
        case ProjectFound(adapter_type=kind, adapter_version=version):
            told = f"Registered adapter: {clean.name(kind)}={clean.name(version)}"
            return [Line(LineKind("AdapterRegistered", "E034"), told)] if kind else []
        case ProjectLoaded(counts=counts):
            found = ", ".join(f"{count} {noun}" for count, noun in counts)
            return [Line(LineKind("FoundStats", "W006"), f"Found {found}")]
        case RunStarted(threads=threads, target_name=target):
            text = f"Concurrency: {threads} threads (target='{clean.name(target)}')"
            return [BLANK, Line(LineKind("ConcurrencyLine", "Q027"), text), BLANK]
        case NothingToDo():
            # What matched nothing was said before, by a warning each.
            advice = "Nothing to do. Try checking your model configs and model specification args"
            return [Line(LineKind("NothingToDo", "Q035"), advice, Level.WARN)]


def _deferral_lines(event: ReferencesDeferred, clean: Cleaner, *, debug: bool) -> list[Line]:
    """What is read from elsewhere; of very many the rest is for the log file."""
    count = len(event.references)
    noun = "reference is" if count == 1 else "references are"
    head = f"{count} {noun} deferred to the state in {clean.name(event.directory)}:"
    texts = [
        f"  {clean.name(reference.name)} -> {clean.name(reference.relation_name)} "
        f"({reference.reason})"
        for reference in event.references
    ]
    if count > _MOST_DEFERRED and not debug:
        left_out = count - _MOST_DEFERRED
        texts[_MOST_DEFERRED:] = [f"  and {left_out} more, which the log file lists"]
    return [Line(_DEFERRED, text) for text in (head, *texts)]


def _start_line(event: NodeStarted, clean: Cleaner) -> Line:
    kind = _HOOK_START if event.node.resource_type == "operation" else _START
    text = f"{event.index} of {event.total} START {_described(event.node, clean)}"
    return Line(kind, text, status="RUN", about=event.node)


def _result_line(event: NodeFinished, clean: Cleaner, manner: Manner) -> Line:
    result = event.result
    if result.node.resource_type in _TESTS:
        done, status = _test_wording(result, clean)
    elif result.status is Status.NO_OP:
        status = "NO-OP"
        done = f"{status} {_described(result.node, clean)}"
    elif result.node.resource_type == "source":
        status = freshness_word(result)
        done = f"{status} {_described(result.node, clean)}"
    else:
        done, status = _build_wording(result, clean, manner)
    return Line(
        _RESULT_KINDS.get(result.node.resource_type, _OTHER_RESULT),
        f"{event.index} of {event.total} {done}",
        _level_of(result.status),
        status=status,
        seconds=result.execution_time,
        paint=_paint_of(result.status),
        about=result,
    )


def _build_wording(result: RunResult, clean: Cleaner, manner: Manner) -> tuple[str, str]:
    """What the line says, and what stands between its brackets."""
    node = result.node
    verbs = manner.verbs or _VERBS.get(node.resource_type, _OTHER_VERBS)
    succeeding, failing = verbs
    described = clean.name(node.display_name)
    if node.resource_type != "snapshot":
        described = _described(node, clean)
    if result.status is Status.PARTIAL_SUCCESS:
        return f"PARTIALLY created {described}", clean.name(result.message)
    if result.status.is_failure:
        return f"{failing} {described}", result.status.value.upper()
    outcome = clean.name(result.message) if node.resource_type != "operation" else ""
    return f"{succeeding} {described}", outcome or "OK"


def _test_wording(result: RunResult, clean: Cleaner) -> tuple[str, str]:
    outcome = result.status.value.upper()
    if result.status in (Status.FAIL, Status.WARN) and result.failures is not None:
        outcome = f"{outcome} {result.failures}"
    return f"{outcome} {clean.name(result.node.display_name)}", outcome


def _skip_line(event: NodeSkipped, clean: Cleaner) -> Line:
    node = event.result.node
    described = _described(node, clean)
    if node.resource_type in _RELATIONS:
        described = f"relation {clean.name(node.display_name)}"
    text = f"{event.index} of {event.total} SKIP {described}"
    return Line(_SKIP, text, status="SKIP", paint=Paint.YELLOW, about=event.result)


def _cancel_line(result: RunResult, clean: Cleaner) -> Line:
    text = f"CANCEL query {clean.name(result.node.unique_id)}"
    return Line(_CANCEL, text, Level.ERROR, status="CANCEL", paint=Paint.RED, about=result)


def _warning_line(event: WarningRaised, clean: Cleaner) -> Line:
    message = clean.message(event.message)
    if event.location:
        message = f"{clean.name(str(event.location))}: {message}"
    name = clean.name(event.name)
    kind = LineKind(name, WARNING_CODES.get(name, ""))
    if event.name == UNMATCHED_CRITERION:
        return Line(kind, message, Level.WARN)
    return Line(kind, f"[WARNING][{name}]: {message}", Level.WARN, paint=Paint.YELLOW)


def _logged_line(event: MessageLogged, clean: Cleaner) -> Line:
    text = clean.message(event.message)
    if event.to_console:
        return Line(LineKind("JinjaLogInfo", "I062"), text, about=event.node)
    return Line(LineKind("JinjaLogDebug", "I063"), text, Level.DEBUG, about=event.node)


def _failure_line(error: HeadraceError, clean: Cleaner) -> Line:
    """An invocation that could not run: heading, message, and the stack of a template."""
    body = clean.message(str(error)).split("\n")
    if isinstance(error, CompilationError) and error.stack:
        innermost, *callers = (clean.name(str(frame)) for frame in error.stack)
        body += ["", f"> in {innermost}", *(f"> called by {caller}" for caller in callers)]
    text = indented(f"Encountered an error:\n{error.title}", body)
    kind = LineKind("MainEncounteredError", "Z002")
    return Line(kind, text, Level.ERROR, paint=Paint.RED, is_block=True)


def _described(node: NodeInfo, clean: Cleaner) -> str:
    kind = "hook:" if node.resource_type == "operation" else clean.name(node.kind)
    return f"{kind} {clean.name(node.display_name)}"


def _level_of(status: Status) -> Level:
    if status.is_failure:
        return Level.ERROR
    return Level.WARN if status is Status.WARN else Level.INFO


def _paint_of(status: Status) -> Paint:
    if status.is_failure:
        return Paint.RED
    return Paint.YELLOW if status in (Status.WARN, Status.NO_OP) else Paint.GREEN
