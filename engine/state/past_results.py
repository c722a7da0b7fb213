"""The results of an earlier run: what became of each node, and how old each source was."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

from ..core.errors import UsageError
from .artifact_files import read_artifact
from .journal_state import JOURNAL_NAME, read_journal

RUN_RESULTS_NAME = "run_results.json"
SOURCES_NAME = "sources.json"
NEWEST_RESULTS = 6
COULD_NOT_RUN = "could_not_run"
"""The argument that says in run_results.json that nothing was run, and why."""
_NEWEST_SOURCES = 3

_FAILED = "error"


class _OldNode(Struct):
    unique_id: str
    resource_type: str = ""


class _Result(Struct):
    unique_id: str | None = None
    status: Any = None
    node: _OldNode | None = None
    error: Any = None
    skip: Any = None
    fail: Any = None
    warn: Any = None


class _RunResults(Struct):
    results: list[_Result]
    args: dict[str, Any] = {}


class _Age(Struct):
    unique_id: str | None = None
    max_loaded_at: str | None = None


class _Sources(Struct):
    results: list[_Age] | None = None
    sources: dict[str, _Age] | None = None


def read_statuses(directory: Path) -> dict[str, str]:
    """The status of each node of `run_results.json`, by unique id.

    Where that is of an invocation which could not run, the journal beside it knows those of the
    run before.

    Raises:
        UsageError: it can't be read, isn't that, or there is nothing in it.
    """
    path = directory / RUN_RESULTS_NAME
    found = read_artifact(path, _RunResults, name="run-results", newest=NEWEST_RESULTS)
    reason = found.args.get(COULD_NOT_RUN)
    if reason is None:
        return dict(filter(None, map(_status, found.results)))
    journal = directory / JOURNAL_NAME
    first, _, _ = str(reason).partition("\n")
    if not os.path.isfile(journal):
        raise UsageError(
            f"{path} has no results: its invocation could not run ({first}). "
            "Give the artifacts of one that ran."
        )
    nodes = read_journal(journal).nodes.values()
    return {node.unique_id: node.status for node in nodes}


def _status(result: _Result) -> tuple[str, str] | None:
    if result.node is None:
        return (result.unique_id, str(result.status)) if result.unique_id else None
    # dbt 0.18 kept the whole node, and its status was the database's answer.
    return result.node.unique_id, _old_status(result, result.node)


def _old_status(result: _Result, node: _OldNode) -> str:
    if result.skip:
        return "skipped"
    is_test = node.resource_type == "test"
    if result.error:
        return _FAILED
    if result.fail:
        return "fail"
    if result.warn:
        return "warn"
    return "pass" if is_test else "success"


def read_ages(directory: Path) -> Mapping[str, datetime | None]:
    """When each source of `sources.json` was loaded last, by unique id; None where that failed.

    Raises:
        UsageError: it can't be read, or isn't that.
    """
    found = read_artifact(
        directory / SOURCES_NAME, _Sources, name="sources", newest=_NEWEST_SOURCES
    )
    entries = dict(found.sources or {})
    entries |= {age.unique_id: age for age in found.results or () if age.unique_id}
    return {unique_id: _moment(age.max_loaded_at) for unique_id, age in entries.items()}


def _moment(text: str | None) -> datetime | None:
    """A moment as the versions of dbt write it: with an offset, with a Z, with both."""
    try:
        moment = datetime.fromisoformat((text or "").removesuffix("Z"))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
