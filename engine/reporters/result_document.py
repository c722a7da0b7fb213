"""One node's entry in run_results.json, version 6."""

from __future__ import annotations

from ..project.secrets import mapped
from ..results import BatchResults, NodeError, RunResult, Status
from .encoding import scrubbed, utc_text
from .plain_text import ARTIFACT_MESSAGE_LIMIT, Scrub, indented


def result_document(result: RunResult, scrub: Scrub | None = None) -> dict[str, object]:
    """The entry's fields, in dbt's order, without secrets and with a message of bounded length."""
    response: object = dict(result.adapter_response)
    code = result.compiled_code
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
        "thread_id": result.thread_id,
        "execution_time": result.execution_time,
        "adapter_response": mapped(response, scrub) if scrub else response,
        "message": scrubbed(_message(result), scrub, ARTIFACT_MESSAGE_LIMIT) or None,
        "failures": result.failures,
        "unique_id": result.node.unique_id,
        "compiled": None if result.node.resource_type == "seed" else result.compiled,
        "compiled_code": scrub(code) if scrub and code else code,
        "relation_name": result.node.relation_name,
        "batch_results": _batches(result.batch_results),
    }


def unfinished_document(
    unique_id: str, status: str, message: str, relation_name: object
) -> dict[str, object]:
    """The entry of a node that has no result: the run ended before."""
    return {
        "status": status,
        "timing": [],
        "thread_id": "",
        "execution_time": 0.0,
        "adapter_response": {},
        "message": message,
        "failures": None,
        "unique_id": unique_id,
        "compiled": False,
        "compiled_code": None,
        "relation_name": relation_name,
        "batch_results": None,
    }


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
