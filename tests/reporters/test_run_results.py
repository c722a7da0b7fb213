"""run_results.json, version 6, as dbt 1.10 writes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from headrace.engine.core.events import (
    NodeFinished,
    NodeStarted,
    RunEmpty,
    RunFinished,
    RunStarted,
)
from headrace.engine.core.results import Status
from headrace.engine.reporters.artifacts.run_results import RunResultsWriter, run_results_document
from headrace.engine.state.journal import Journal
from headrace.engine.state.journal_state import JournalState, read_journal
from msgspec import structs

from .support import (
    NOON,
    FailingWrites,
    at_noon,
    check,
    checked,
    failed,
    invocation,
    model,
    seed,
    small_run,
    succeeded,
)

# The keys of a file that dbt-core 1.10 wrote.
DBT_KEYS = {"metadata", "results", "elapsed_time", "args"}
DBT_METADATA_KEYS = {
    "dbt_schema_version",
    "dbt_version",
    "generated_at",
    "invocation_id",
    "invocation_started_at",
    "env",
}
DBT_RESULT_KEYS = [
    "status",
    "timing",
    "thread_id",
    "execution_time",
    "adapter_response",
    "message",
    "failures",
    "unique_id",
    "compiled",
    "compiled_code",
    "relation_name",
    "batch_results",
]


def written(tmp_path: Path, upto: int | None = None) -> dict[str, Any]:
    """The file that a run leaves whose events end early."""
    journal = Journal(tmp_path / "run_results.jsonl")
    path = tmp_path / "run_results.json"
    environ = {"DBT_ENV_CUSTOM_ENV_TEAM": "finance", "HOME": "/home"}
    writer = RunResultsWriter(
        path, journal.state, dbt_version="1.10.0", environ=environ, clock=at_noon
    )
    for event in small_run()[:upto]:
        journal.record(event)
        writer.handle(event)
    journal.close()
    writer.close()
    assert not writer.problems
    document: dict[str, Any] = json.loads(path.read_bytes())
    return document


def test_file_has_the_keys_of_dbt(tmp_path: Path) -> None:
    document = written(tmp_path)

    assert set(document) == DBT_KEYS
    assert set(document["metadata"]) == DBT_METADATA_KEYS
    assert [list(result) for result in document["results"]] == [DBT_RESULT_KEYS] * 4


def test_metadata_says_whose_results_these_are(tmp_path: Path) -> None:
    document = written(tmp_path)

    assert document["metadata"] == {
        "dbt_schema_version": "https://schemas.getdbt.com/dbt/run-results/v6.json",
        "dbt_version": "1.10.0",
        "generated_at": "2026-11-23T12:00:00.000000Z",
        "invocation_id": "an-invocation",
        "invocation_started_at": "2026-11-23T12:00:00.000000Z",
        "env": {"TEAM": "finance"},
    }
    assert document["args"] == {"which": "run", "threads": 4}
    assert document["elapsed_time"] == 0.45


def test_entry_of_a_built_model(tmp_path: Path) -> None:
    first, *_ = written(tmp_path)["results"]

    assert first == {
        "status": "success",
        "timing": [
            {
                "name": "compile",
                "started_at": "2026-11-23T12:00:00.000000Z",
                "completed_at": "2026-11-23T12:00:00.005000Z",
            },
            {
                "name": "execute",
                "started_at": "2026-11-23T12:00:00.005000Z",
                "completed_at": "2026-11-23T12:00:00.080000Z",
            },
        ],
        "thread_id": "slot-1",
        "execution_time": 0.08,
        "adapter_response": {"rows_affected": 4},
        "message": "SELECT 4",
        "failures": None,
        "unique_id": "model.debug.model_1",
        "compiled": True,
        "compiled_code": "select 1 as id",
        "relation_name": '"test_schema"."model_1"',
        "batch_results": None,
    }


def test_messages_say_why(tmp_path: Path) -> None:
    results = written(tmp_path)["results"]

    assert [(result["status"], result["message"]) for result in results[1:]] == [
        (
            "error",
            "Database Error in model model_2 (models/model_2.sql)\n"
            '  relation "nope" does not exist\n'
            "  compiled SQL at target/run/debug/models/model_2.sql",
        ),
        ("cancelled", "Cancelled"),
        ("skipped", "Skipped because of model.debug.model_2"),
    ]


@pytest.mark.parametrize("upto", range(3, 14))
def test_run_that_ends_early_has_every_node(tmp_path: Path, upto: int) -> None:
    results = written(tmp_path, upto)["results"]

    assert [result["unique_id"] for result in results] == [
        "model.debug.model_1",
        "model.debug.model_2",
        "model.debug.model_3",
        "model.debug.model_4",
    ]
    assert [list(result) for result in results] == [DBT_RESULT_KEYS] * 4


def test_killed_run_is_told_by_its_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    for event in small_run()[:8]:
        journal.record(event)
    journal.close()

    document = run_results_document(
        read_journal(tmp_path / "journal"), dbt_version="1.10.0", generated_at=NOON
    )

    results: Any = document["results"]
    assert [(result["status"], result["message"]) for result in results] == [
        ("success", "SELECT 4"),
        ("error", "It was started, and the process ended before it did."),
        ("skipped", "The run ended before its turn."),
        ("skipped", "The run ended before its turn."),
    ]


def test_what_is_never_compiled_has_no_state_of_that_and_test_its_failures(tmp_path: Path) -> None:
    raw, unique = seed("raw"), check("unique_x")
    board = structs.replace(raw, unique_id="exposure.shop.board", resource_type="exposure")
    journal = Journal(tmp_path / "journal")
    journal.record(RunStarted((raw, unique, board), 1, "dev"))
    journal.record(NodeFinished(succeeded(raw, "INSERT 1"), 1, 3))
    journal.record(NodeFinished(checked(unique, Status.PASS, 0), 2, 3))
    journal.record(NodeFinished(succeeded(board, "NO-OP"), 3, 3))
    journal.close()

    document = run_results_document(journal.state, dbt_version="1.10.0", generated_at=NOON)

    results: Any = document["results"]
    assert results[0]["compiled"] is results[2]["compiled"] is None
    assert (results[1]["failures"], results[1]["message"]) == (0, None)


def test_unit_test_has_the_state_of_its_sql_only_where_there_is_one(tmp_path: Path) -> None:
    broken, done = (
        structs.replace(
            check(name), unique_id=f"unit_test.shop.m.{name}", resource_type="unit_test"
        )
        for name in ("broken", "done")
    )
    journal = Journal(tmp_path / "journal")
    journal.record(RunStarted((broken, done), 1, "dev"))
    journal.record(NodeFinished(failed(broken, "no such input"), 1, 2))
    passed = structs.replace(checked(done, Status.PASS, 0), compiled=True)
    journal.record(NodeFinished(passed, 2, 2))
    journal.close()

    document = run_results_document(journal.state, dbt_version="1.10.0", generated_at=NOON)

    results: Any = document["results"]
    assert [result["compiled"] for result in results] == [None, True]


def test_command_that_runs_nothing_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "run_results.json").write_text("old")
    writer = RunResultsWriter(
        tmp_path / "run_results.json", JournalState(), dbt_version="1.10.0", environ={}
    )

    writer.handle(invocation())
    writer.close()

    assert (tmp_path / "run_results.json").read_text() == "old"


def test_selection_of_nothing_has_no_results(tmp_path: Path) -> None:
    path = tmp_path / "run_results.json"
    path.write_text("old")
    writer = RunResultsWriter(path, JournalState(), dbt_version="1.10.0", environ={})

    for event in (invocation(), RunEmpty()):
        writer.handle(event)

    document = json.loads(path.read_text())
    assert (document["results"], "could_not_run" in document["args"]) == ([], False)


@pytest.mark.parametrize("nth", range(1, 9))
def test_disk_full_on_the_nth_write_leaves_the_old_file(tmp_path: Path, nth: int) -> None:
    path = tmp_path / "run_results.json"
    path.write_text("old")
    writer = RunResultsWriter(
        path, JournalState(), dbt_version="1.10.0", environ={}, write=FailingWrites(nth)
    )

    writer.handle(RunStarted((model("m"),), 1, "dev"))
    writer.handle(RunFinished((), 0.1))

    (problem,) = writer.problems
    assert path.read_text() == "old"
    assert problem.message.startswith(
        f"{path}: the results could not be written (No space left on device)"
    )


def test_results_are_written_once(tmp_path: Path) -> None:
    path = tmp_path / "run_results.json"
    writer = RunResultsWriter(path, JournalState(), dbt_version="1.10.0", environ={})
    writer.handle(RunStarted((model("m"),), 1, "dev"))
    writer.handle(RunFinished((), 0.1))
    # Whoever reads them may have taken them away by now.
    path.unlink()

    writer.close()

    assert not path.exists()


def test_values_that_json_lacks_are_written_as_text(tmp_path: Path) -> None:
    odd = model("odd")
    result = succeeded(odd, "SELECT \ud800")
    journal = Journal(tmp_path / "journal")
    journal.record(invocation({"profiles_dir": Path("profiles"), "vars": {1: {"a"}}}))
    journal.record(RunStarted((odd,), 1, "dev"))
    journal.record(NodeStarted(odd, 1, 1, NOON))
    journal.record(NodeFinished(result, 1, 1))
    journal.close()

    state = read_journal(tmp_path / "journal")

    assert state.header["args"] == {"profiles_dir": "profiles", "vars": {"1": ["a"]}}
    assert (state.nodes["model.debug.odd"].result or {})["message"] == "SELECT \\ud800"
