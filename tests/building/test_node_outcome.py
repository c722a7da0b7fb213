"""What is said of a node once it has ended."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from headrace.adapters.base import Response, Rows
from headrace.adapters.errors import (
    ApproximateMatchError,
    CommitInDoubtError,
    ConnectionFailedError,
    DatabaseError,
)
from headrace.engine.core.errors import CompilationError, Frame, Location
from headrace.engine.core.events import WarningRaised
from headrace.engine.core.results import NodeInfo, Status
from headrace.engine.manifest.nodes.node import Node
from headrace.engine.materializations.node_build import NodeBuild, Outcome
from headrace.engine.running.node_error import (
    doubtful_outcome,
    explain,
    finding,
    late_error,
    timed_out,
    with_findings,
)
from headrace.engine.running.node_result import (
    Progress,
    answer_of,
    committed_outcome,
    note_doubt,
    note_dropped,
    note_executed,
    result_of,
)
from headrace.engine.settings.warning_policy import RaisedWarningsError

HERE = Location("models/orders.sql", 1)
NODE = cast(
    Node,
    SimpleNamespace(
        name="orders",
        resource_type=SimpleNamespace(value="model"),
        original_file_path="models/orders.sql",
        build_path="shop/models/orders.sql",
        raw_code="select 1\nfrom nowhere",
        location=HERE,
        is_embedded=False,
    ),
)
INFO = NodeInfo("model.shop.orders", "orders", "model", "table model", "o", "m", "table")


def progress(**more: Any) -> Progress:
    return Progress("slot-1", **more)


def build(*, executed: list[str] | None = None, statements: list[str] | None = None) -> NodeBuild:
    replaced = SimpleNamespace(statements=statements or [], dropped=[])
    return cast(NodeBuild, SimpleNamespace(executed=executed or [], swapped=replaced))


@pytest.mark.parametrize(
    ("failure", "title"),
    [
        (DatabaseError("x"), "Database Error"),
        (ApproximateMatchError("a", "A"), "Compilation Error"),
        (ConnectionFailedError("x"), "Runtime Error"),
        (CompilationError("x"), "Compilation Error"),
    ],
)
def test_title_says_what_kind_of_error_it_was_and_of_which_node(failure: Any, title: str) -> None:
    error = explain(NODE, failure, progress(), "target")

    assert error.title == f"{title} in model orders (models/orders.sql)"


@pytest.mark.parametrize(
    ("attempts", "message"),
    [(1, "no table"), (3, "no table\n(attempt 3; it had been tried before)")],
)
def test_attempts_are_told_where_there_were_several(attempts: int, message: str) -> None:
    assert explain(NODE, DatabaseError("no table"), progress(attempts=attempts), "t").message == (
        message
    )


def test_place_of_an_error_is_its_own_or_the_line_that_it_speaks_of_or_the_nodes() -> None:
    own = Location("macros/m.sql", 7)

    places = [
        explain(NODE, failure, progress(), "target").location
        for failure in (
            CompilationError("x", location=own),
            CompilationError("x"),
            DatabaseError('relation "nowhere" does not exist'),
            DatabaseError("x"),
        )
    ]

    assert places == [own, HERE, Location("models/orders.sql", 2), HERE]


def test_stack_of_a_template_is_told_innermost_first() -> None:
    stack = (Frame("macro", "inner", "macros/a.sql"), Frame("model", "orders", "models/orders.sql"))

    told = explain(NODE, CompilationError("x", stack=stack), progress(), "target").message
    without = explain(NODE, CompilationError("x"), progress(), "target").message

    assert told == f"x\n\n> in {stack[0]}\n> called by {stack[1]}"
    assert without == "x"


COMPILED = cast(Any, SimpleNamespace(sql="select 1"))


@pytest.mark.parametrize(
    ("facts", "path"),
    [
        ({}, None),
        ({"compiled": COMPILED}, "target/compiled/shop/models/orders.sql"),
        ({"compiled": COMPILED, "build": build()}, "target/compiled/shop/models/orders.sql"),
        (
            {"compiled": COMPILED, "build": build(executed=["create"])},
            "target/run/shop/models/orders.sql",
        ),
        ({"build": build(statements=["drop"])}, "target/run/shop/models/orders.sql"),
    ],
)
def test_file_to_look_at_is_what_was_sent_or_else_what_was_compiled(
    facts: dict[str, Any], path: str | None
) -> None:
    assert explain(NODE, DatabaseError("x"), progress(**facts), "target").compiled_path == path
    timeout = timed_out(NODE, 2.5, progress(**facts), "target").error
    assert timeout is not None
    assert timeout.compiled_path == path


def test_timeout_is_an_outcome_of_its_own_that_names_its_seconds() -> None:
    outcome = timed_out(NODE, 2.5, progress(), "target")

    error = outcome.error
    assert error is not None
    assert outcome.status is Status.TIMEOUT
    assert outcome.response.message == error.text
    assert "longer than its timeout of 2.5 s" in error.message
    assert error.location == HERE


def test_warning_that_came_late_and_counts_as_an_error_is_the_nodes() -> None:
    done = Outcome(Status.SUCCESS, Response("SELECT 4"))
    warned = progress(late_warnings=[WarningRaised("DependentViewDropped", "the view v is gone.")])

    outcome = with_findings(NODE, done, warned, "target")

    assert outcome.status is Status.ERROR
    assert outcome.error is not None
    assert "the view v is gone." in outcome.error.message
    assert outcome.response.message == outcome.error.text
    assert late_error(NODE, progress(), "target") is None
    assert with_findings(NODE, done, progress(), "target") == done


@pytest.mark.parametrize(
    ("hooks", "message"),
    [
        ([], "SELECT 4"),
        ([True], "SELECT 4"),
        ([True, False], "SELECT 4 (cancelled before its hooks behind COMMIT were done)"),
    ],
)
def test_what_was_committed_counts_and_hooks_left_out_are_told(
    hooks: list[bool], message: str
) -> None:
    post_hook = [SimpleNamespace(transaction=inside) for inside in hooks]
    node = SimpleNamespace(config=SimpleNamespace(post_hook=post_hook))
    made = SimpleNamespace(
        outcome=Outcome(Status.SUCCESS, Response("SELECT 4", "SELECT", 4)), node=node
    )

    found = committed_outcome(cast(NodeBuild, made))

    assert found is not None
    assert (found.status, found.response.message, found.response.rows_affected) == (
        Status.SUCCESS,
        message,
        4,
    )


def test_nothing_was_committed_where_nothing_has_come_out() -> None:
    assert committed_outcome(None) is None
    assert committed_outcome(cast(NodeBuild, SimpleNamespace(outcome=None))) is None


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("stored", [None, "select * from x"])
def test_only_a_test_that_found_something_has_a_finding(status: Status, stored: str | None) -> None:
    error = finding(NODE, Outcome(status, Response("Got 2 results"), stored=stored), "target")

    words = {Status.FAIL: "Failure", Status.WARN: "Warning"}
    if status not in words:
        assert error is None
        return
    assert error is not None
    assert error.title == f"{words[status]} in model orders (models/orders.sql)"
    assert error.compiled_path == "target/compiled/shop/models/orders.sql"
    rule = "-" * 15
    end = f"\n\nSee test failures:\n{rule}\nselect * from x\n{rule}" if stored else ""
    assert error.message == "Got 2 results" + end


@pytest.mark.parametrize(
    ("status", "answer", "attempts", "expected"),
    [
        (Status.SUCCESS, None, 1, {"_message": "SELECT 4", "code": "SELECT", "rows_affected": 4}),
        (
            Status.SUCCESS,
            None,
            2,
            {"_message": "SELECT 4", "code": "SELECT", "rows_affected": 4, "attempts": 2},
        ),
        (Status.ERROR, None, 1, {}),
        (Status.ERROR, None, 2, {"attempts": 2}),
        (
            Status.FAIL,
            Response("SELECT 1", None, 0),
            1,
            {"_message": "SELECT 1", "rows_affected": 0},
        ),
    ],
)
def test_result_has_the_databases_answer_and_how_often_it_was_tried(
    status: Status, answer: Response | None, attempts: int, expected: dict[str, object]
) -> None:
    rows = None if answer is None else Rows((), [], answer)
    outcome = Outcome(status, Response("SELECT 4", "SELECT", 4), failures=3, answer=rows)

    result = result_of(INFO, outcome, progress(attempts=attempts, compiled=COMPILED))

    assert result.adapter_response == expected
    assert (result.status, result.message, result.failures) == (status, "SELECT 4", 3)
    assert (result.compiled, result.compiled_code) == (True, "select 1")


def test_result_of_what_was_not_compiled_says_so_and_is_timed_from_the_start() -> None:
    before = progress(started=time.perf_counter() - 5)

    result = result_of(INFO, Outcome(Status.ERROR, Response("x")), before)

    assert (result.compiled, result.compiled_code) == (False, None)
    assert 5 <= result.execution_time < 60
    assert [timing.name for timing in result.timing] == ["compile"]


def test_timings_are_one_after_the_other_and_begin_again_with_an_attempt() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    one = progress(compile_ended=at, compiled=COMPILED, build=build())

    first = one.timings(at)
    one.begin_again()

    assert [timing.name for timing in first] == ["compile", "execute"]
    assert first[0].completed_at == first[1].started_at == at
    assert (one.attempts, one.compile_ended, one.compiled, one.build) == (2, None, None, None)
    assert one.compile_started > at


def test_answer_counts_rows_as_drivers_do() -> None:
    """A definition counts none; of a database that gives no codes nothing is known."""
    made, filled = Response("CREATE VIEW", "CREATE VIEW"), Response("SELECT 0", "SELECT", 0)

    assert answer_of(made) == {
        "_message": "CREATE VIEW",
        "code": "CREATE VIEW",
        "rows_affected": -1,
    }
    assert answer_of(filled)["rows_affected"] == 0
    assert "rows_affected" not in answer_of(Response("OK"))


@pytest.mark.parametrize("response", [Response("OK"), "OK"])
def test_answer_without_parts_has_a_message_alone(response: object) -> None:
    assert answer_of(response) == {"_message": "OK"}


class Dropped:
    """A build that had to drop a view, and who hears of it."""

    def __init__(self, *, committed: bool = True, refused: bool = False) -> None:
        relation = SimpleNamespace(display_name="main.recent")
        replaced = SimpleNamespace(dropped=[relation], statements=[])
        made = SimpleNamespace(committed=committed, swapped=replaced, executed=[], doubt=None)
        self.progress = progress(build=cast(NodeBuild, made))
        self.forgotten: list[object] = []
        self.told: list[Any] = []
        self._refused = refused

    def drop(self, relation: Any) -> None:
        self.forgotten.append(relation.display_name)

    def emit(self, event: Any) -> None:
        self.told.append(event)
        if self._refused:
            raise RaisedWarningsError([event])

    def note(self) -> Dropped:
        note_dropped(NODE, self.progress, cast(Any, self), self.emit)
        return self


def test_view_that_had_to_go_is_forgotten_and_told_of() -> None:
    dropped = Dropped().note()

    assert dropped.forgotten == ["main.recent"]
    assert [event.name for event in dropped.told] == ["DependentViewDropped"]
    assert "main.recent no longer fitted orders" in dropped.told[0].message
    assert dropped.progress.late_warnings == []


def test_view_that_came_back_with_a_rollback_is_not_told_of() -> None:
    dropped = Dropped(committed=False).note()

    assert (dropped.forgotten, dropped.told) == ([], [])


def test_view_that_had_to_go_is_the_nodes_error_where_that_warning_is_one() -> None:
    dropped = Dropped(refused=True).note()

    error = late_error(NODE, dropped.progress, "target")
    assert dropped.forgotten == ["main.recent"]
    assert error is not None
    assert "[DependentViewDropped]" in error.message


DAY = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
BATCH = cast(Any, SimpleNamespace(window=SimpleNamespace(start=DAY[0], end=DAY[1]), label="x"))


def doubtful(name: str | None, *, completes: bool) -> NodeBuild:
    doubt = None if name is None else CommitInDoubtError("nobody knows", transaction=name)
    made = SimpleNamespace(
        doubt=doubt,
        would_complete=completes,
        executed=[],
        swapped=SimpleNamespace(statements=[]),
    )
    return cast(NodeBuild, made)


@pytest.mark.parametrize(("batch", "times"), [(None, None), (BATCH, DAY)])
@pytest.mark.parametrize("completes", [True, False])
def test_transaction_in_doubt_is_kept_with_its_batch(
    batch: Any, times: object, completes: bool
) -> None:
    of_build = progress(build=doubtful("7", completes=completes), batch=batch)
    of_failure = progress(build=doubtful(None, completes=True), batch=batch)
    before_its_build = progress(batch=batch)
    failure = CommitInDoubtError("nobody knows", transaction="8")

    note_doubt(of_build, DatabaseError("x"))
    note_doubt(of_failure, failure)
    note_doubt(before_its_build, failure)

    (first,), (second,), (third,) = of_build.doubts, of_failure.doubts, before_its_build.doubts
    assert (first.transaction, first.completes, first.batch) == ("7", completes, times)
    assert (second.transaction, second.completes, second.batch) == ("8", False, times)
    assert second == third


def test_what_is_sure_leaves_nothing_to_ask() -> None:
    sure = progress(build=doubtful(None, completes=True))

    note_doubt(sure)
    note_doubt(sure, DatabaseError("x"))
    note_doubt(progress(), None)

    assert sure.doubts == []
    assert doubtful_outcome(NODE, sure, "target") is None
    assert doubtful_outcome(NODE, progress(), "target") is None


def test_cancelled_node_in_doubt_has_an_error_that_says_so() -> None:
    outcome = doubtful_outcome(NODE, progress(build=doubtful("7", completes=True)), "target")

    assert outcome is not None
    assert outcome.error is not None
    assert (outcome.status, outcome.error.message) == (Status.ERROR, "nobody knows")
    assert outcome.response.message == outcome.error.text


@pytest.mark.parametrize(
    ("facts", "sql"),
    [
        ({}, None),
        ({"build": build()}, None),
        ({"build": build(executed=["a", "b"])}, "a;\n\nb\n"),
        ({"build": build(executed=["a"], statements=["c"])}, "a;\n\nc\n"),
    ],
)
def test_what_was_sent_is_told(facts: dict[str, Any], sql: str | None) -> None:
    told: list[Any] = []

    note_executed(INFO, cast(Any, NODE), progress(**facts), told.append)

    assert [(event.path, event.sql) for event in told] == (
        [] if sql is None else [("shop/models/orders.sql", sql)]
    )
