"""What is said of a source whose freshness was checked, in dbt's words."""

from __future__ import annotations

from ...core.results import RunResult, Status


def freshness_status(result: RunResult) -> str:
    """`pass`, `warn`, `error` for one that is too old, or `runtime error`."""
    if result.status in (Status.PASS, Status.WARN):
        return result.status.value
    return "error" if result.source_age is not None else "runtime error"


def freshness_word(result: RunResult) -> str:
    """The status as the log line has it."""
    stale = result.status is Status.ERROR and result.source_age is not None
    return "ERROR STALE" if stale else result.status.value.upper()


def freshness_data(result: RunResult) -> dict[str, object]:
    """The fields of dbt's LogFreshnessResult that others don't have."""
    source_name, _, table_name = result.node.display_name.partition(".")
    return {
        "status": freshness_status(result),
        "source_name": source_name,
        "table_name": table_name,
    }
