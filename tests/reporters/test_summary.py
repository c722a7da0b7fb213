"""The end of the log leaves nothing out, and adds up."""

from __future__ import annotations

import re

from headrace.engine.core.errors import Location
from headrace.engine.core.events import RunFinished
from headrace.engine.core.plain_text import Cleaner
from headrace.engine.core.results import NodeError, RunResult, Status
from headrace.engine.reporters.text.line import Level, render
from headrace.engine.reporters.text.summary import elapsed_text, summary_lines
from headrace.engine.reporters.text.tally import Tally
from hypothesis import given
from hypothesis import strategies as st

from .support import (
    HARMFUL,
    cancelled,
    check,
    checked,
    failed,
    model,
    node,
    seed,
    skipped,
    succeeded,
)


def summary(*results: RunResult, elapsed: float = 0.45, interrupted: bool = False) -> list[str]:
    lines = summary_lines(RunFinished(results, elapsed, interrupted), Cleaner())
    return [row for line in lines for row in render(line)]


def test_run_without_failure() -> None:
    rows = summary(
        succeeded(model("a")), succeeded(model("b")), succeeded(model("c", "view")), elapsed=0.451
    )

    assert rows == [
        "",
        "Finished running 2 table models, 1 view model in 0.45s.",
        "",
        "Completed successfully",
        "",
        "Done. PASS=3 WARN=0 ERROR=0 SKIP=0 NO-OP=0 TOTAL=3",
    ]


def test_what_is_many_has_its_plural() -> None:
    kinds = {"analysis": "analysis", "saved_query": "saved_query", "seed": "seed"}
    results = [
        succeeded(node(kind, name, noun, name, "x"))
        for kind, noun in kinds.items()
        for name in ("a", "b")
    ]

    assert summary(*results)[1] == "Finished running 2 analyses, 2 saved queries, 2 seeds in 0.45s."


def test_run_with_failures_tells_each_in_full_and_what_it_skipped() -> None:
    first = model("model_1")
    rows = summary(
        failed(first, 'relation "nope" does not exist\nLINE 1: select * from nope'),
        skipped(model("model_2"), because=first),
        skipped(model("model_3"), because=first),
        succeeded(seed("raw")),
    )

    assert rows == [
        "",
        "Finished running 1 seed, 3 table models in 0.45s.",
        "",
        "Completed with 1 error, 0 partial successes, and 0 warnings:",
        "",
        "Database Error in model model_1 (models/model_1.sql)",
        '  relation "nope" does not exist',
        "  LINE 1: select * from nope",
        "  at models/model_1.sql:4",
        "  compiled SQL at target/run/debug/models/model_1.sql",
        "",
        "Skipped because of model.debug.model_1:",
        "  test_schema.model_2",
        "  test_schema.model_3",
        "",
        "Done. PASS=1 WARN=0 ERROR=1 SKIP=2 NO-OP=0 TOTAL=4",
    ]


def test_tests_that_failed_and_warned_are_told() -> None:
    rows = summary(
        checked(check("not_null_x"), Status.FAIL, 2, "Got 2 results, configured to fail if != 0"),
        checked(check("unique_x"), Status.WARN, 1, "Got 1 result, configured to warn if != 0"),
    )

    assert rows == [
        "",
        "Finished running 2 tests in 0.45s.",
        "",
        "Completed with 1 error, 0 partial successes, and 1 warning:",
        "",
        "Failure in test not_null_x (models/schema.yml)",
        "  Got 2 results, configured to fail if != 0",
        "",
        "Warning in test unique_x (models/schema.yml)",
        "  Got 1 result, configured to warn if != 0",
        "",
        "Done. PASS=0 WARN=1 ERROR=1 SKIP=0 NO-OP=0 TOTAL=2",
    ]


def test_warnings_alone_are_no_error() -> None:
    rows = summary(checked(check("unique_x"), Status.WARN, 1, "Got 1 result"))

    assert "Completed with 1 warning:" in rows


def test_fail_fast_says_what_it_stopped() -> None:
    rows = summary(
        failed(model("a")),
        cancelled(model("b")),
        skipped(model("c"), message="Skipping due to fail_fast"),
    )

    assert rows[3] == "Completed with 2 errors, 0 partial successes, and 0 warnings:"
    assert rows[-8:] == [
        "",
        "Skipping due to fail_fast:",
        "  test_schema.c",
        "",
        "Cancelled in flight:",
        "  test_schema.b",
        "",
        "Done. PASS=0 WARN=0 ERROR=2 SKIP=1 NO-OP=0 TOTAL=3",
    ]


def test_interrupted_run_says_what_is_left() -> None:
    rows = summary(
        succeeded(model("a")), cancelled(model("b")), skipped(model("c")), interrupted=True
    )

    assert rows[3] == "Stopped before the end: 0 errors, 1 cancelled, 1 not run."


def test_long_list_of_skipped_nodes_is_cut_with_their_number() -> None:
    cause = model("cause")
    rows = summary(*(skipped(model(f"m{number}"), because=cause) for number in range(15)))

    assert rows[-4:] == ["  test_schema.m9", "  and 5 more", "", rows[-1]]


def test_place_that_the_message_names_already_is_not_repeated() -> None:
    error = NodeError("Compilation Error", "models/a.sql:4: no such", Location("models/a.sql", 4))
    rows = summary(RunResult(model("a"), Status.ERROR, error=error))

    assert [row for row in rows if "models/a.sql:4" in row] == ["  models/a.sql:4: no such"]


def test_forged_line_in_a_message_stays_inside_the_block() -> None:
    forged = "oops\nDone. PASS=1 WARN=0 ERROR=0 SKIP=0 NO-OP=0 TOTAL=1\x1b[2K"

    rows = summary(failed(model(HARMFUL), forged))

    assert [row for row in rows if row.startswith("Done.")] == [
        "Done. PASS=0 WARN=0 ERROR=1 SKIP=0 NO-OP=0 TOTAL=1"
    ]
    assert all(row.isprintable() for row in rows)


def test_huge_message_is_cut() -> None:
    rows = summary(failed(model("a"), "x" * 1_000_000))

    assert max(map(len, rows)) < 11_000
    assert any("of 1,000,000 characters" in row for row in rows)


def test_quiet_keeps_what_failed_whole() -> None:
    lines = summary_lines(RunFinished((failed(model("a")),), 1.0), Cleaner())

    (error,) = [line for line in lines if line.level >= Level.ERROR]

    assert "compiled SQL at target/run/debug/models/a.sql" in error.text


def test_elapsed_time_from_a_minute_on_is_told_in_hours_and_minutes() -> None:
    assert elapsed_text(59.99) == "59.99s"
    assert elapsed_text(3725.5) == "1 hours 2 minutes and 5.50 seconds (3725.50s)"


@given(st.lists(st.sampled_from(Status)))
def test_counts_of_the_summary_add_up(statuses: list[Status]) -> None:
    results = [RunResult(model("m"), status) for status in statuses]

    numbers = {
        key: int(value) for key, value in re.findall(r"([A-Z-]+)=(\d+)", str(Tally.of(results)))
    }

    total = numbers.pop("TOTAL")
    assert sum(numbers.values()) == total == len(statuses)


def test_partial_successes_alone_are_no_errors() -> None:
    partly = RunResult(model("b"), Status.PARTIAL_SUCCESS, "PARTIAL SUCCESS (1/2)")

    rows = summary(succeeded(model("a")), partly)

    assert "Completed with 1 partial success and 0 warnings" in rows
    assert rows[-1] == "Done. PASS=1 WARN=0 ERROR=1 SKIP=0 NO-OP=0 TOTAL=2"
