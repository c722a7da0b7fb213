"""The log lines of dbt's documentation, whole."""

from __future__ import annotations

import pytest
from headrace.adapters.traffic import StatementSent
from headrace.engine.commands import compile
from headrace.engine.core.errors import CompilationError, Frame, Location
from headrace.engine.core.events import (
    Event,
    InvocationFailed,
    InvocationFinished,
    InvocationStarted,
    MessageLogged,
    NodeCancelled,
    NodeFinished,
    NodeSkipped,
    NodeStarted,
    NothingToDo,
    OutputProduced,
    ProjectLoaded,
    RunFinished,
    RunStarted,
    WarningRaised,
)
from headrace.engine.core.plain_text import Cleaner
from headrace.engine.core.results import NodeInfo, RunResult, Status
from headrace.engine.reporters.text.line import Level, fitted, render
from headrace.engine.reporters.text.lines import lines_of

from .support import (
    HARMFUL,
    NOON,
    cancelled,
    check,
    checked,
    failed,
    hook,
    model,
    node,
    seed,
    skipped,
    succeeded,
)

SNAPSHOT = node("snapshot", "sn", "snapshot", "snaps.sn", "snapshots/sn.sql")
BOARD = node("exposure", "board", "exposure", "board", "models/boards.yml")


def rendered(event: Event, width: int = 69, *, debug: bool = False) -> list[str]:
    lines = lines_of(event, Cleaner(), debug=debug)
    return [row for line in lines for row in render(line, width)]


@pytest.mark.parametrize(
    ("started", "line"),
    [
        (
            model("model_1"),
            "1 of 4 START table model test_schema.model_1 ........................ [RUN]",
        ),
        (
            seed("raw"),
            "1 of 4 START seed file test_schema.raw .............................. [RUN]",
        ),
        (
            check("not_null_x"),
            "1 of 4 START test not_null_x ........................................ [RUN]",
        ),
        (
            SNAPSHOT,
            "1 of 4 START snapshot snaps.sn ...................................... [RUN]",
        ),
        (
            hook("debug.on-run-start.0"),
            "1 of 4 START hook: debug.on-run-start.0 ............................. [RUN]",
        ),
    ],
)
def test_start_line(started: NodeInfo, line: str) -> None:
    assert rendered(NodeStarted(started, 1, 4, NOON)) == [line]


@pytest.mark.parametrize(
    ("result", "line"),
    [
        (
            succeeded(model("model_1")),
            "1 of 4 OK created table model test_schema.model_1 ......... [SELECT 4 in 0.08s]",
        ),
        (
            succeeded(model("model_1"), message=""),
            "1 of 4 OK created table model test_schema.model_1 ......... [OK in 0.08s]",
        ),
        (
            failed(model("model_1")),
            "1 of 4 ERROR creating table model test_schema.model_1 ..... [ERROR in 0.06s]",
        ),
        (
            succeeded(seed("raw"), "INSERT 100", 0.01),
            "1 of 4 OK loaded seed file test_schema.raw ................ [INSERT 100 in 0.01s]",
        ),
        (
            failed(seed("raw")),
            "1 of 4 ERROR loading seed file test_schema.raw ............ [ERROR in 0.06s]",
        ),
        (
            succeeded(SNAPSHOT, "INSERT 0 1"),
            "1 of 4 OK snapshotted snaps.sn ............................ [INSERT 0 1 in 0.08s]",
        ),
        (
            failed(SNAPSHOT),
            "1 of 4 ERROR snapshotting snaps.sn ........................ [ERROR in 0.06s]",
        ),
        (
            succeeded(hook("debug.on-run-end.0"), "debug.on-run-end.0 passed"),
            "1 of 4 OK hook: debug.on-run-end.0 ........................ [OK in 0.08s]",
        ),
        (
            checked(check("not_null_x"), Status.PASS),
            "1 of 4 PASS not_null_x .................................... [PASS in 0.02s]",
        ),
        (
            checked(check("not_null_x"), Status.FAIL, 7),
            "1 of 4 FAIL 7 not_null_x .................................. [FAIL 7 in 0.02s]",
        ),
        (
            checked(check("not_null_x"), Status.WARN, 2),
            "1 of 4 WARN 2 not_null_x .................................. [WARN 2 in 0.02s]",
        ),
        (
            checked(check("not_null_x"), Status.ERROR, None),
            "1 of 4 ERROR not_null_x ................................... [ERROR in 0.02s]",
        ),
        (
            checked(BOARD, Status.NO_OP, message="NO-OP"),
            "1 of 4 NO-OP exposure board ............................... [NO-OP in 0.02s]",
        ),
    ],
)
def test_result_line(result: RunResult, line: str) -> None:
    assert rendered(NodeFinished(result, 1, 4), width=59) == [line]


def test_what_nothing_is_done_for_is_not_begun() -> None:
    assert rendered(NodeStarted(BOARD, 1, 4, NOON)) == []


@pytest.mark.parametrize(
    ("of", "line"),
    [
        (
            model("model_3"),
            "3 of 4 SKIP relation test_schema.model_3 ............................ [SKIP]",
        ),
        (
            check("not_null_x"),
            "3 of 4 SKIP test not_null_x ......................................... [SKIP]",
        ),
        (
            hook("debug.on-run-end.0"),
            "3 of 4 SKIP hook: debug.on-run-end.0 ................................ [SKIP]",
        ),
    ],
)
def test_skip_line(of: NodeInfo, line: str) -> None:
    assert rendered(NodeSkipped(skipped(of), 3, 4)) == [line]


def test_cancel_line_names_the_node_whole() -> None:
    event = NodeCancelled(cancelled(model("model_2")), 2, 4)

    assert rendered(event) == [
        "CANCEL query model.debug.model_2 .................................... [CANCEL]"
    ]


@pytest.mark.parametrize(
    ("event", "lines"),
    [
        (InvocationStarted("id", "run", "0.1.0", NOON), ["Running with headrace=0.1.0"]),
        (
            ProjectLoaded(((4, "models"), (1, "test")), "postgres"),
            ["Found 4 models, 1 test"],
        ),
        (RunStarted((), 1, "dev"), ["", "Concurrency: 1 threads (target='dev')", ""]),
        (
            NothingToDo(("The selection criterion 'x' does not match any enabled nodes",)),
            ["Nothing to do. Try checking your model configs and model specification args"],
        ),
        (
            WarningRaised(
                "NoNodesForSelectionCriteria",
                "The selection criterion 'x' does not match any enabled nodes",
            ),
            ["The selection criterion 'x' does not match any enabled nodes"],
        ),
        (
            WarningRaised("UnusedPath", "nothing is there.", Location("dbt_project.yml", 7)),
            ["[WARNING][UnusedPath]: dbt_project.yml:7: nothing is there."],
        ),
        (MessageLogged("from a template", to_console=True), ["from a template"]),
        (MessageLogged("for the file", to_console=False), []),
        (MessageLogged("bare", to_console=True, is_print=True), []),
        (OutputProduced("model.debug.model_1"), []),
        (InvocationFinished(0, 1.0, NOON), []),
    ],
)
def test_line_of_an_invocation(event: Event, lines: list[str]) -> None:
    assert rendered(event) == lines


def test_invocation_that_failed_says_what_where_and_how_it_got_there() -> None:
    error = CompilationError(
        "'x' is undefined.",
        location=Location("macros/cents.sql", 2),
        stack=[Frame("macro", "cents", "macros/cents.sql"), Frame("model", "m", "models/m.sql")],
    )

    assert rendered(InvocationFailed(error)) == [
        "Encountered an error:",
        "Compilation Error",
        "  macros/cents.sql:2: 'x' is undefined.",
        "",
        "  > in macro cents (macros/cents.sql)",
        "  > called by model m (models/m.sql)",
    ]


def test_debug_lines_come_only_when_asked_for() -> None:
    sent = StatementSent("sqlite", "model.debug.model_1", "create table x as\nselect 1")

    assert rendered(sent) == []
    assert rendered(sent, debug=True) == [
        'Using sqlite connection "model.debug.model_1"',
        "On model.debug.model_1: create table x as",
        "select 1",
    ]
    assert rendered(MessageLogged("for the file", to_console=False), debug=True) == ["for the file"]


def test_failures_are_errors_and_skips_are_not() -> None:
    events: list[Event] = [
        NodeFinished(failed(model("a")), 1, 1),
        NodeFinished(checked(check("t"), Status.FAIL, 1), 1, 1),
        NodeFinished(checked(check("t"), Status.WARN, 1), 1, 1),
        NodeSkipped(skipped(model("b")), 1, 1),
        NodeFinished(succeeded(model("c")), 1, 1),
    ]

    levels = [lines_of(event, Cleaner())[0].level for event in events]

    assert levels == [Level.ERROR, Level.ERROR, Level.WARN, Level.INFO, Level.INFO]


def test_hostile_name_stays_on_its_line() -> None:
    events: list[Event] = [
        NodeStarted(model(HARMFUL), 1, 1, NOON),
        NodeFinished(succeeded(model(HARMFUL), HARMFUL), 1, 1),
        NodeSkipped(skipped(model(HARMFUL)), 1, 1),
        NodeCancelled(cancelled(model(HARMFUL)), 1, 1),
        NodeFinished(checked(check(HARMFUL), Status.FAIL, 1), 1, 1),
    ]

    rows = [rendered(event) for event in events]

    assert all(len(of_event) == 1 for of_event in rows)
    assert all(row.isprintable() for of_event in rows for row in of_event)


def test_name_too_long_for_the_dots_still_has_its_status() -> None:
    event = NodeStarted(model("m" * 80), 1, 1, NOON)

    assert rendered(event) == [f"1 of 1 START table model test_schema.{'m' * 80} [RUN]"]


def test_wide_letters_keep_the_brackets_in_their_column() -> None:
    (row,) = rendered(NodeStarted(model("注文"), 1, 4, NOON))

    assert row == "1 of 4 START table model test_schema.注文 ........................... [RUN]"


def test_line_fitted_to_a_terminal_ends_at_its_edge() -> None:
    (line,) = lines_of(NodeFinished(succeeded(model("model_1")), 1, 4), Cleaner())

    rows = ["".join(parts) for parts in fitted(line, 73)]

    assert rows == ["1 of 4 OK created table model test_schema.model_1 ... [SELECT 4 in 0.08s]"]


def test_brackets_that_do_not_fit_go_below() -> None:
    (line,) = lines_of(NodeFinished(succeeded(model("model_1")), 1, 4), Cleaner())

    rows = ["".join(parts) for parts in fitted(line, 60)]

    assert rows == [
        "1 of 4 OK created table model test_schema.model_1",
        "  ...................................... [SELECT 4 in 0.08s]",
    ]


def test_only_the_status_is_coloured() -> None:
    (line,) = lines_of(NodeFinished(failed(model("m")), 1, 1), Cleaner())

    (row,) = render(line, 50, use_colors=True)

    assert row == (
        "1 of 1 ERROR creating table model test_schema.m .. [\x1b[31mERROR\x1b[0m in 0.06s]"
    )


def test_compile_tells_only_of_what_went_wrong() -> None:
    ok, bad = succeeded(model("fine")), failed(model("broken"))
    events: list[Event] = [
        NodeFinished(ok, 1, 2),
        RunFinished((ok,), 0.1, interrupted=False),
        NodeFinished(bad, 2, 2),
        RunFinished((ok, bad), 0.1, interrupted=False),
    ]

    said = [lines_of(event, Cleaner(), manner=compile.COMMAND.manner) for event in events]

    assert said[:2] == [[], []]
    assert said[2][0].text == "2 of 2 ERROR compiling table model test_schema.broken"
    assert said[3][-1].text == "Done. PASS=1 WARN=0 ERROR=1 SKIP=0 NO-OP=0 TOTAL=2"
