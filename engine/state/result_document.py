"""One node's entry in run_results.json, version 6."""

from __future__ import annotations

from ..core.encoding import mapped, scrubbed, utc_text
from ..core.plain_text import ARTIFACT_MESSAGE_LIMIT, Scrub, indented
from ..core.results import BatchResults, Doubt, NodeError, RunResult, Status
from .doubts import DOUBTS

_NEVER_COMPILED = frozenset({"seed", "source", "exposure", "saved_query"})


def result_document(result: RunResult, scrub: Scrub | None = None) -> dict[str, object]:
    """The entry's fields, in dbt's order, without secrets and with a message of bounded length."""
    response: object = dict(result.adapter_response)
    if result.doubts:
        response = {**result.adapter_response, DOUBTS: [_doubt(doubt) for doubt in result.doubts]}
    code, relation_name = result.compiled_code, result.node.relation_name
    return {
        "status": result.status.value,
        "timing": [
            {
                "name": phase.name,
                "started_at": utc_text(phase.started_at),
                "completed_at": utc_text(phase.completed_at),
            }
            for phase in result.timing
        ],
        "thread_id": result.recorded_thread,
        "execution_time": result.execution_time,
        "adapter_response": mapped(response, scrub) if scrub else response,
        "message": scrubbed(_message(result), scrub, ARTIFACT_MESSAGE_LIMIT) or None,
        "failures": result.failures,
        "unique_id": result.node.unique_id,
        "compiled": _compiled(result),
        "compiled_code": scrub(code) if scrub and code else code,
        "relation_name": scrub(relation_name) if scrub and relation_name else relation_name,
        "batch_results": _batches(result.batch_results),
    }


def _compiled(result: RunResult) -> bool | None:
    """Whether it was compiled; None of what dbt keeps no SQL of.

    Of a unit test, dbt has a node with SQL only once it is compiled.
    """
    kind = result.node.resource_type
    if kind in _NEVER_COMPILED or (kind == "unit_test" and not result.compiled):
        return None
    return result.compiled


def _doubt(doubt: Doubt) -> dict[str, object]:
    """A transaction to be asked for, as `state.doubts` reads it."""
    batch = [utc_text(time) for time in doubt.batch] if doubt.batch else None
    return {"transaction": doubt.transaction, "completes": doubt.completes, "batch": batch}


def _batches(batches: BatchResults | None) -> dict[str, object] | None:
    if batches is None:
        return None
    return {
        "successful": [[utc_text(start), utc_text(end)] for start, end in batches.successful],
        "failed": [[utc_text(start), utc_text(end)] for start, end in batches.failed],
    }


def _message(result: RunResult) -> str:
    # What a test found is short, and said the same as by dbt, for those who read it.
    if result.error and result.status not in (Status.FAIL, Status.WARN):
        return _error_message(result.error)
    if result.because and not result.message:
        return f"Skipped because of {result.because}"
    return result.message


def _error_message(error: NodeError) -> str:
    body = error.message.split("\n")
    if error.compiled_path:
        body.append(f"compiled SQL at {error.compiled_path}")
    return indented(error.title, body)
