"""The end of the log: what ran, what failed and why, what that skipped, how it adds up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from ...core.events import Kept, Manner, RunFinished
from ...core.plain_text import Cleaner, indented
from ...core.results import NodeInfo, RunResult, Status
from .line import BLANK, BLANK_BEFORE_BLOCK, Level, Line, LineKind, Paint
from .tally import Tally

NAMES_SHOWN = 10
"""How many names a list of skipped or cancelled nodes shows before "and 5 more"."""

_NOTE = LineKind("Note", "Z050")
_FAILED_FAST = LineKind("FailFast")
_ERROR = LineKind("RunResultError", "Z024")
_FAILURE = LineKind("RunResultFailure", "Z022")
_WARNING = LineKind("RunResultWarning", "Z021")

_CHECKED = Line(LineKind("FreshnessCheckComplete", "Q003"), "Done.")

_NOUNS = {
    "operation": "project hook",
    "saved_query": "saved query",
    "unit_test": "unit test",
}


_USUAL = Manner()


def summary_lines(event: RunFinished, clean: Cleaner, manner: Manner = _USUAL) -> list[Line]:
    """All that a person reads once the last node is done, with a blank line between the parts."""
    tally = Tally.of(event.results)
    # As in dbt, a check of sources is no run that could have been completed.
    is_check = manner.keeps is Kept.SOURCES and not event.interrupted
    finished = LineKind("FinishedRunningStats", "E047")
    ran = f"Finished running {counted(event.results)} in {elapsed_text(event.elapsed)}."
    parts = [
        Line(finished, ran),
        *(() if is_check else (_completion_line(tally, event.interrupted),)),
        *(_failure_block(r, clean) for r in event.results if _wants_a_block(r)),
        *_fail_fast_lines(event.failed_fast, clean),
        *_skip_lines(event.results, clean),
        *_cancelled_lines(event.results, clean),
        _CHECKED if is_check else Line(LineKind("StatsLine", "Z023"), f"Done. {tally}"),
    ]
    return [
        line for part in parts for line in (BLANK_BEFORE_BLOCK if part.is_block else BLANK, part)
    ]


def counted(results: Iterable[RunResult]) -> str:
    """`2 table models, 2 view models`, in the order of the nouns."""
    nouns = Counter(_noun(result.node) for result in results)
    return ", ".join(plural(count, noun) for noun, count in sorted(nouns.items())) or "nothing"


def elapsed_text(seconds: float) -> str:
    """`0.45s`; from a minute on also in hours and minutes."""
    if seconds < 60:
        return f"{seconds:.2f}s"
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours} hours {minutes} minutes and {rest:.2f} seconds ({seconds:.2f}s)"


def plural(count: int, noun: str, nouns: str = "") -> str:
    """`1 error`, `2 errors`; `2 analyses`, `2 saved queries`."""
    if count == 1:
        return f"1 {noun}"
    ends = {"sis": (2, "es"), "ery": (1, "ies")}
    cut, end = ends.get(noun[-3:], (0, "s"))
    regular = noun[: len(noun) - cut] + end
    return f"{count} {nouns or regular}"


def _noun(node: NodeInfo) -> str:
    if node.resource_type == "model":
        return node.kind
    return _NOUNS.get(node.resource_type, node.resource_type)


def _completion_line(tally: Tally, interrupted: bool) -> Line:
    kind = LineKind("EndOfRunSummary", "Z030")
    if interrupted:
        failed = tally.failed - tally.cancelled
        text = (
            f"Stopped before the end: {plural(failed, 'error')}, {tally.cancelled} cancelled,"
            f" {tally.skipped} not run."
        )
        return Line(kind, text, paint=Paint.YELLOW)
    warnings = plural(tally.warned, "warning")
    if tally.failed:
        partial = plural(tally.partial, "partial success", "partial successes")
        if tally.failed == tally.partial:
            return Line(kind, f"Completed with {partial} and {warnings}", paint=Paint.YELLOW)
        errors = plural(tally.failed - tally.partial, "error")
        text = f"Completed with {errors}, {partial}, and {warnings}:"
        return Line(kind, text, paint=Paint.RED)
    if tally.warned:
        return Line(kind, f"Completed with {warnings}:", paint=Paint.YELLOW)
    return Line(kind, "Completed successfully", paint=Paint.GREEN)


_WITH_BLOCK = (
    Status.ERROR,
    Status.FAIL,
    Status.WARN,
    Status.TIMEOUT,
    Status.PARTIAL_SUCCESS,
)


def _wants_a_block(result: RunResult) -> bool:
    return result.status in _WITH_BLOCK


def _failure_block(result: RunResult, clean: Cleaner) -> Line:
    """Heading, message, the place in the source, and the file with what was sent."""
    error = result.error
    body = clean.message(error.message if error else result.message).split("\n")
    if error and error.location and error.location.line and str(error.location) not in body[0]:
        body.append(f"at {clean.name(str(error.location))}")
    if error and error.compiled_path:
        body.append(f"compiled SQL at {clean.name(error.compiled_path)}")
    heading = clean.name(error.title if error else _default_heading(result))
    text = indented(heading, body)
    match result.status:
        case Status.WARN:
            kind, level, paint = _WARNING, Level.WARN, Paint.YELLOW
        case Status.FAIL:
            kind, level, paint = _FAILURE, Level.ERROR, Paint.RED
        case _:
            kind, level, paint = _ERROR, Level.ERROR, Paint.RED
    return Line(kind, text, level, paint=paint, about=result, is_block=True)


def _fail_fast_lines(failed: NodeInfo | None, clean: Cleaner) -> list[Line]:
    """That the first failure has ended the run, as dbt's documentation has it."""
    if failed is None:
        return []
    title = f"FailFast Error in {failed.resource_type} {failed.name} ({failed.path})"
    why = "Failing early due to test failure or runtime error"
    text = indented(f"Encountered an error:\n{clean.name(title)}", [why])
    return [Line(_FAILED_FAST, text, Level.ERROR, paint=Paint.RED, about=failed, is_block=True)]


def _default_heading(result: RunResult) -> str:
    node = result.node
    word = {Status.FAIL: "Failure", Status.WARN: "Warning"}.get(result.status, "Error")
    return f"{word} in {node.resource_type} {node.name} ({node.path})"


def _skip_lines(results: Sequence[RunResult], clean: Cleaner) -> list[Line]:
    """For each reason, what it kept from running."""
    by_reason: dict[str, list[str]] = {}
    for result in results:
        if result.status is Status.SKIPPED:
            reason = f"Skipped because of {result.because}" if result.because else result.message
            by_reason.setdefault(reason or "Skipped", []).append(result.node.display_name)
    return [
        Line(_NOTE, indented(f"{clean.name(reason)}:", _listed(names, clean)), is_block=True)
        for reason, names in by_reason.items()
    ]


def _cancelled_lines(results: Sequence[RunResult], clean: Cleaner) -> list[Line]:
    names = [r.node.display_name for r in results if r.status is Status.CANCELLED]
    if not names:
        return []
    text = indented("Cancelled in flight:", _listed(names, clean))
    return [Line(_NOTE, text, is_block=True)]


def _listed(names: Sequence[str], clean: Cleaner) -> list[str]:
    shown = [clean.name(name) for name in names[:NAMES_SHOWN]]
    more = len(names) - NAMES_SHOWN
    return [*shown, f"and {more} more"] if more > 0 else shown
