"""What the last run has left to be done, out of what it left in its target directory."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from headrace import Options
from headrace.engine.core.errors import UsageError
from headrace.engine.project.event_time import EventWindow
from headrace.engine.state.unfinished import FailedBatches, UnfinishedRun, find_unfinished

STARTED = "2026-11-23T12:00:00Z"


def result(name: str, status: str, **more: Any) -> dict[str, Any]:
    return {"unique_id": f"model.shop.{name}", "status": status, **more}


def write_journal(directory: Path, *results: dict[str, Any], **header: Any) -> Path:
    """The journal of a run with these results, after which `model.shop.waiting` was to come."""
    head = {
        "event": "header",
        "format": 1,
        "invocation_id": "one",
        "command": "build",
        "started_at": STARTED,
        "args": {},
        **header,
    }
    ids = [*(one["unique_id"] for one in results), "model.shop.waiting"]
    planned = [{"event": "planned", "unique_id": unique_id} for unique_id in ids]
    ended = [{"event": "result", "result": one} for one in results]
    path = directory / "run_results.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in (head, *planned, *ended)))
    return path


def write_results(directory: Path, *results: dict[str, Any], **metadata: Any) -> Path:
    """dbt's own results."""
    document = {
        "metadata": {
            "dbt_schema_version": "https://schemas.getdbt.com/dbt/run-results/v6.json",
            "invocation_id": "other",
            "generated_at": STARTED,
            **metadata,
        },
        "args": {"which": "run"},
        "results": list(results),
    }
    path = directory / "run_results.json"
    path.write_text(json.dumps(document))
    return path


def unfinished(directory: Path, *, retries_warnings: bool = False, **given: Any) -> UnfinishedRun:
    return find_unfinished(
        directory,
        Options(command="retry", **given),
        retries_warnings=retries_warnings,
        macro_commands={"run-operation"},
    )


@pytest.mark.parametrize("retries_warnings", [False, True])
@pytest.mark.parametrize(
    ("status", "is_left"),
    [
        ("success", False),
        ("pass", False),
        ("no-op", False),
        ("warn", None),
        ("error", True),
        ("fail", True),
        ("skipped", True),
        ("cancelled", True),
        ("timeout", True),
        ("partial success", True),
        ("runtime error", True),
    ],
)
def test_what_has_not_succeeded_is_left(
    tmp_path: Path, status: str, is_left: bool | None, retries_warnings: bool
) -> None:
    write_journal(tmp_path, result("a", status))

    found = unfinished(tmp_path, retries_warnings=retries_warnings)

    a = ["model.shop.a"] if (retries_warnings if is_left is None else is_left) else []
    assert list(found.nodes) == [*a, "model.shop.waiting"]
    assert found.planned == {"model.shop.a", "model.shop.waiting"}
    assert found.options.command == "build"
    assert found.started_at == datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert len(found.records) == 3


@pytest.mark.parametrize(("command", "is_kept"), [("build", False), ("run-operation", True)])
def test_hook_is_no_node_to_retry_and_an_operation_is(
    tmp_path: Path, command: str, is_kept: bool
) -> None:
    hook = {"unique_id": "operation.shop.end", "status": "error"}
    write_journal(tmp_path, hook, command=command)

    found = unfinished(tmp_path)

    assert ("operation.shop.end" in found.nodes) == is_kept
    assert ("operation.shop.end" in found.planned) == is_kept


def test_nothing_to_retry_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Could not find previous run in"):
        unfinished(tmp_path)


def test_results_count_where_there_is_no_journal(tmp_path: Path) -> None:
    write_results(tmp_path, result("a", "error"), result("b", "success"))

    found = unfinished(tmp_path)

    assert (found.options.command, found.nodes) == ("run", ("model.shop.a",))
    assert found.started_at == datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("invocation", "age", "names", "expected"),
    [
        ("other", 1, ["a"], "results"),
        ("other", -1, ["a"], "journal"),
        ("one", 1, ["a"], "journal"),
        ("other", 1, [], "journal"),
    ],
)
def test_later_results_of_another_run_count_if_it_had_something_to_do(
    tmp_path: Path, invocation: str, age: int, names: list[str], expected: str
) -> None:
    journal = write_journal(tmp_path, result("a", "success"))
    results = write_results(
        tmp_path, *(result(name, "error") for name in names), invocation_id=invocation
    )
    at = journal.stat().st_mtime
    os.utime(results, (at + age, at + age))

    found = unfinished(tmp_path)

    assert found.nodes == (("model.shop.a",) if expected == "results" else ("model.shop.waiting",))


def test_options_of_the_run_count_under_those_given_now(tmp_path: Path) -> None:
    arguments = {
        "full_refresh": True,
        "fail_fast": True,
        "threads": 7,
        "vars": {"a": 1},
        "select": ["x"],
        "log_format": "json",
        "state": "old",
        "empty": None,
    }
    write_journal(tmp_path, args=arguments)

    options = unfinished(tmp_path, threads=2, state=Path("given")).options

    assert (options.full_refresh, options.fail_fast, options.threads) == (True, True, 2)
    assert (options.vars, options.select) == ({"a": 1}, ("x",))
    assert options.state == Path("old")
    assert options.empty == Options().empty


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"vars": {"a": "*****"}}, "--vars of the run held a secret"),
        ({"threads": "many"}, "--threads of the run can't be used again"),
        ({"full_refresh": ["x"]}, "--full-refresh of the run can't be used again"),
    ],
)
def test_option_that_was_not_kept_must_be_given_again(
    tmp_path: Path, arguments: dict[str, object], problem: str
) -> None:
    write_journal(tmp_path, args=arguments)

    with pytest.raises(UsageError, match=problem):
        unfinished(tmp_path)


DAYS = [["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"], ["2026-01-02", "2026-01-03"]]


def window(first: int, last: int) -> EventWindow:
    return EventWindow(datetime(2026, 1, first, tzinfo=UTC), datetime(2026, 1, last, tzinfo=UTC))


@pytest.mark.parametrize(
    ("batches", "expected"),
    [
        (
            {"successful": [DAYS[0]], "failed": [["2026-01-02T00:00:00", "2026-01-03T00:00:00"]]},
            FailedBatches((window(2, 3),), (window(1, 2),)),
        ),
        ({"successful": [], "failed": [DAYS[0]]}, None),
        ({"successful": [DAYS[0]], "failed": []}, None),
        ({"successful": [DAYS[0]], "failed": [["never", "ever"]]}, None),
        (None, None),
    ],
)
def test_batches_that_failed_are_left_where_others_were_built(
    tmp_path: Path, batches: object, expected: FailedBatches | None
) -> None:
    write_journal(tmp_path, result("a", "partial success", batch_results=batches))

    found = unfinished(tmp_path)

    assert found.batches == ({} if expected is None else {"model.shop.a": expected})


@pytest.mark.parametrize("text", ["never", None, ""])
def test_moment_that_is_none_is_not_known(tmp_path: Path, text: object) -> None:
    write_journal(tmp_path, started_at=text)

    assert unfinished(tmp_path).started_at is None


def test_moment_without_a_zone_is_utc(tmp_path: Path) -> None:
    write_journal(tmp_path, started_at="2026-11-23T12:00:00")

    assert unfinished(tmp_path).started_at == datetime(2026, 11, 23, 12, tzinfo=UTC)
