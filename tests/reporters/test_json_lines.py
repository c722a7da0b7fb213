"""The structured log that orchestrators read."""

from __future__ import annotations

import io
import json
import os
from typing import Any

import pytest
from headrace.adapters.traffic import (
    SessionBound,
    SessionClosed,
    StatementAnswered,
    StatementSent,
)
from headrace.engine.commands import ls
from headrace.engine.core.events import (
    BatchFinished,
    BatchSkipped,
    BatchStarted,
    Event,
    InvocationFinished,
    InvocationStarted,
    MessageLogged,
    NodeCompiled,
    NodeFinished,
    NodeSkipped,
    NodeStarted,
    NothingToDo,
    OutputProduced,
    RunFinished,
    WarningRaised,
)
from headrace.engine.core.results import (
    GroupInfo,
    NodeDetails,
    NodeError,
    RunResult,
    Status,
)
from headrace.engine.reporters.json.json_lines import JsonReporter
from headrace.engine.reporters.style import Style
from headrace.engine.reporters.text.line import Level
from msgspec import structs

from .support import (
    NOON,
    at_noon,
    check,
    checked,
    failed,
    hook,
    model,
    node,
    seed,
    small_run,
    succeeded,
)

Records = list[dict[str, dict[str, Any]]]


def records_of(
    *events: Event, quiet: bool = False, level: Level = Level.INFO, secret: str = "hunter2"
) -> Records:
    stream = io.StringIO()
    reporter = JsonReporter(
        stream,
        Style(
            quiet=quiet,
            level=level,
            clock=at_noon,
            scrub=lambda text: text.replace(secret, "*****"),
        ),
    )
    for event in events:
        reporter.handle(event)
    reporter.close()
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_names_of_a_small_run_are_those_of_dbt() -> None:
    names = [record["info"]["name"] for record in records_of(*small_run())]

    assert [name for name in names if name != "Formatting"] == [
        "MainReportVersion",
        "FoundStats",
        "ConcurrencyLine",
        "LogStartLine",
        "LogModelResult",
        "LogStartLine",
        "LogStartLine",
        "LogModelResult",
        "LogCancelLine",
        "SkippingDetails",
        "FinishedRunningStats",
        "EndOfRunSummary",
        "RunResultFailure",
        "RunResultError",
        "SQLCompiledPath",
        "Note",
        "Note",
        "StatsLine",
    ]


def test_result_of_a_model_has_what_dagster_reads() -> None:
    orders = model("orders")
    event = NodeFinished(succeeded(orders), 1, 4)

    (record,) = records_of(*small_run()[:1], NodeStarted(orders, 1, 4, NOON), event)[2:]

    assert record == {
        "info": {
            "name": "LogModelResult",
            "code": "Q012",
            "level": "info",
            "ts": "2026-11-23T12:00:00.000000Z",
            "msg": "1 of 4 OK created table model test_schema.orders "
            "............................... [SELECT 4 in 0.08s]",
            "invocation_id": "an-invocation",
            "pid": os.getpid(),
            "thread": "slot-1",
            "category": "",
            "extra": {},
        },
        "data": {
            "description": "table model test_schema.orders",
            "index": 1,
            "total": 4,
            "status": "SELECT 4",
            "execution_time": 0.08,
            "node_info": {
                "unique_id": "model.debug.orders",
                "node_name": "orders",
                "node_path": "models/orders.sql",
                "resource_type": "model",
                "materialized": "table",
                "node_status": "success",
                "node_started_at": "2026-11-23T12:00:00",
                "node_finished_at": "2026-11-23T12:00:00",
                "node_relation": {
                    "database": "",
                    "schema": "",
                    "alias": "",
                    "relation_name": '"test_schema"."orders"',
                },
                "node_checksum": "",
                "meta": {},
            },
        },
    }


def test_node_has_its_meta_its_relation_and_who_answers_for_it() -> None:
    owner = {"name": "Ann", "email": "ann@x.y", "teams": ["fin"], "pager": None}
    details = NodeDetails(
        path="orders.sql",
        database="shop",
        schema="main",
        alias="o",
        checksum="abc",
        meta={"tier": 1, "by": ["hunter2"]},
        group=GroupInfo("finance", "debug", owner),
    )
    orders = structs.replace(model("orders"), details=details)

    records = records_of(
        NodeStarted(orders, 1, 4, NOON),
        NodeFinished(succeeded(orders), 1, 4),
        NodeSkipped(succeeded(orders), 2, 4),
        RunFinished((failed(orders),), 1.0),
    )

    group = {
        "name": "finance",
        "package_name": "debug",
        "owner": {"name": "Ann", "email": "ann@x.y", "teams": "['fin']"},
    }
    of_node = [record for record in records if "node_info" in record["data"]]
    for record in of_node:
        info = record["data"]["node_info"]
        assert info["node_path"] == "orders.sql"
        assert info["node_checksum"] == "abc"
        assert info["meta"] == {"tier": 1, "by": ["*****"]}
        assert info["node_relation"] == {
            "database": "shop",
            "schema": "main",
            "alias": "o",
            "relation_name": '"test_schema"."orders"',
        }
    assert [(r["info"]["name"], r["data"].get("group")) for r in of_node] == [
        ("LogStartLine", None),
        ("LogModelResult", group),
        ("SkippingDetails", group),
        ("RunResultFailure", group),
        ("RunResultError", group),
        ("SQLCompiledPath", None),
    ]


def test_batches_have_their_node_and_their_window() -> None:
    started, done = records_of(
        BatchStarted(model("m"), "2026-01-01", 1, 3),
        BatchFinished(model("m"), "2026-01-01", 1, 3, "INSERT 1", 0.5),
    )

    assert started["data"]["description"] == "batch 2026-01-01 of test_schema.m"
    assert (started["data"]["batch_index"], started["data"]["total_batches"]) == (1, 3)
    assert (done["data"]["status"], done["data"]["execution_time"]) == ("success", 0.5)
    assert done["data"]["node_info"]["unique_id"] == "model.debug.m"


def test_batch_that_fails_says_why_and_those_behind_it_are_skipped() -> None:
    error = NodeError("Database Error in model m (models/m.sql)", "no such column: x")
    about = model("m")
    why, done, skipped = records_of(
        BatchFinished(about, "2026-01-01", 1, 2, "ERROR", 0.5, error),
        BatchSkipped(about, "2026-01-02", 2, 2),
    )

    assert why["info"]["name"] == "GenericExceptionOnRun"
    assert why["data"]["exc"] == f"{error.title}\n  no such column: x"
    assert why["data"]["node_info"]["node_status"] == "executing"
    assert (done["data"]["status"], done["data"]["node_info"]["node_status"]) == ("error", "error")
    assert done["data"]["node_info"]["node_finished_at"]
    assert (skipped["info"]["name"], skipped["info"]["level"]) == ("LogBatchResult", "info")
    assert (skipped["data"]["status"], skipped["data"]["batch_index"]) == ("skipped", 2)


def test_what_a_template_logs_says_whose_it_is_and_how_far_it_has_got() -> None:
    about = model("m")
    records = records_of(
        MessageLogged("before", to_console=True, node=about),
        NodeStarted(about, 1, 1, NOON),
        MessageLogged("compiling", to_console=True, node=about),
        NodeCompiled(about, "m.sql", "select 1"),
        MessageLogged("executing", to_console=True, node=about),
        MessageLogged("nobody's", to_console=True),
    )

    told = {
        record["data"]["msg"]: record["data"].get("node_info", {}).get("node_status")
        for record in records
        if record["info"]["name"] == "JinjaLogInfo"
    }
    assert told == {
        "before": "None",
        "compiling": "compiling",
        "executing": "executing",
        "nobody's": None,
    }


@pytest.mark.parametrize(
    ("status", "names"),
    [
        (Status.FAIL, ["RunResultFailure", "RunResultError"]),
        (Status.WARN, ["RunResultWarning", "RunResultWarningMessage"]),
    ],
)
def test_test_that_finds_rows_is_told_in_two_as_by_dbt(status: Status, names: list[str]) -> None:
    result = checked(check("t"), status, 2, "Got 2 results, configured to fail if != 0")

    records = records_of(RunFinished((result,), 1.0))

    told = [record for record in records if record["info"]["name"].startswith("RunResult")]
    assert [record["info"]["name"] for record in told] == names
    assert told[1]["data"]["msg"] == result.message
    assert told[1]["data"]["node_info"]["unique_id"] == result.node.unique_id


def test_what_the_environment_wants_said_is_in_each_record() -> None:
    records = records_of(
        InvocationStarted("id", "run", "0.1.0", NOON, extra={"job": "hunter2 nightly"}),
        NodeStarted(model("m"), 1, 1, NOON),
    )

    assert [r["info"]["extra"] for r in records] == [{"job": "***** nightly"}] * 2


def test_warning_has_dbts_code_and_its_facts() -> None:
    told, odd = records_of(
        WarningRaised("DeprecatedModel", "It is old.", data={"model_name": "m"}),
        WarningRaised("Odd", "Nobody knows this one."),
    )

    assert (told["info"]["code"], told["data"]["model_name"]) == ("I065", "m")
    assert told["data"]["msg"] == "It is old."
    assert odd["info"]["code"] == ""


def test_each_kind_of_node_has_its_own_result_event() -> None:
    snapshot = node("snapshot", "sn", "snapshot", "snaps.sn", "snapshots/sn.sql")

    records = records_of(
        NodeFinished(failed(model("m")), 1, 5),
        NodeFinished(succeeded(seed("s"), "INSERT 1"), 2, 5),
        NodeFinished(succeeded(snapshot, "INSERT 0 1"), 3, 5),
        NodeFinished(checked(check("t"), Status.FAIL, 3), 4, 5),
        NodeFinished(succeeded(hook("debug.on-run-end.0")), 5, 5),
    )

    told = [
        (r["info"]["name"], r["info"]["level"], r["data"]["status"], r["data"]["execution_time"])
        for r in records
    ]
    assert told == [
        ("LogModelResult", "error", "error", 0.06),
        ("LogSeedResult", "info", "success", 0.08),
        ("LogSnapshotResult", "info", "success", 0.08),
        ("LogTestResult", "error", "fail", 0.02),
        ("LogHookEndLine", "info", "success", 0.08),
    ]
    assert records[1]["data"]["result_message"] == "INSERT 1"
    assert records[1]["data"]["schema"] == "test_schema"
    assert records[3]["data"]["num_failures"] == 3
    assert records[4]["data"]["statement"] == "debug.on-run-end.0"


def test_failure_at_the_end_is_one_record() -> None:
    (record,) = [r for r in records_of(*small_run()) if r["info"]["name"] == "RunResultError"]

    assert record["info"]["msg"] == (
        "Database Error in model model_2 (models/model_2.sql)\n"
        '  relation "nope" does not exist\n'
        "  at models/model_2.sql:4\n"
        "  compiled SQL at target/run/debug/models/model_2.sql"
    )
    assert record["data"]["node_info"]["unique_id"] == "model.debug.model_2"
    assert record["data"]["compiled_path"] == "target/run/debug/models/model_2.sql"


def test_summary_has_the_counts() -> None:
    records = {r["info"]["name"]: r["data"] for r in records_of(*small_run())}

    assert records["StatsLine"] == {
        "stats": {"pass": 1, "warn": 0, "error": 2, "skip": 1, "noop": 0, "total": 4}
    }
    assert records["EndOfRunSummary"]["num_errors"] == 2
    assert records["SkippingDetails"]["because"] == "model.debug.model_2"
    assert records["ConcurrencyLine"] == {"num_threads": 4, "target_name": "dev", "node_count": 4}


def test_answer_of_ls_is_a_record_a_line() -> None:
    records = records_of(
        InvocationStarted("id", "ls", "0.1.0", NOON, manner=ls.COMMAND.manner),
        OutputProduced("debug.a\ndebug.b"),
        quiet=True,
    )

    assert [(r["info"]["name"], r["data"]["msg"]) for r in records] == [
        ("PrintEvent", "debug.a"),
        ("PrintEvent", "debug.b"),
    ]


def test_quiet_keeps_errors_and_prints() -> None:
    records = records_of(
        *small_run(), MessageLogged("bare", to_console=True, is_print=True), quiet=True
    )

    assert [r["info"]["name"] for r in records] == [
        "LogModelResult",
        "LogCancelLine",
        "RunResultFailure",
        "RunResultError",
        "PrintEvent",
    ]


def test_debug_level_tells_sql_and_the_end_of_the_command() -> None:
    version, arguments, used, sent, answered, report, done = records_of(
        InvocationStarted("id", "run", "0.1.0", NOON, {"vars": {"key": "hunter2"}}),
        StatementSent("postgres", "master", "/* us */\nselect 1"),
        StatementAnswered("master", "SELECT 1", 0.0042),
        InvocationFinished(1, 2.5, NOON),
        level=Level.DEBUG,
    )

    assert version["info"]["name"] == "MainReportVersion"
    assert (arguments["info"]["name"], arguments["info"]["code"]) == ("MainReportArgs", "A002")
    assert arguments["data"] == {"args": {"vars": "{'key': '*****'}"}}
    assert used["info"]["msg"] == 'Using postgres connection "master"'
    assert used["data"] == {"conn_name": "master", "conn_type": "postgres"}
    assert (sent["info"]["name"], sent["info"]["code"]) == ("SQLQuery", "E016")
    assert sent["info"]["msg"] == "On master: /* us */\nselect 1"
    assert sent["data"] == {"conn_name": "master", "sql": "/* us */\nselect 1"}
    assert answered["info"]["msg"] == "SQL status: SELECT 1 in 0.004 seconds"
    assert answered["data"] == {"status": "SELECT 1", "elapsed": 0.0042, "query_id": ""}
    assert report["info"]["name"] == "ResourceReport"
    assert (report["data"]["command_name"], report["data"]["command_success"]) == ("run", False)
    assert report["data"]["process_user_time"] > 0
    assert done["info"]["name"] == "CommandCompleted"
    assert done["info"]["msg"] == (
        "Command `headrace run` failed at 12:00:00.000000 after 2.50 seconds"
    )
    assert done["data"] == {
        "command": "headrace run",
        "exit_code": 1,
        "success": False,
        "completed_at": "2026-11-23T12:00:00.000000Z",
        "elapsed": 2.5,
    }


def test_debug_level_follows_each_node() -> None:
    orders = model("orders")

    records = records_of(
        NodeStarted(orders, 1, 1, NOON),
        NodeCompiled(orders, "orders.sql", "select 1"),
        NodeFinished(succeeded(orders), 1, 1),
        level=Level.DEBUG,
    )

    assert [(r["info"]["name"], r["data"]["node_info"]["node_status"]) for r in records] == [
        ("NodeStart", "started"),
        ("LogStartLine", "started"),
        ("NodeCompiling", "compiling"),
        ("WritingInjectedSQLForNode", "compiling"),
        ("NodeExecuting", "executing"),
        ("LogModelResult", "success"),
        ("NodeFinished", "success"),
    ]
    result = records[-1]["data"]["run_result"]
    assert (result["status"], result["message"]) == ("success", "SELECT 4")
    assert result["adapter_response"] == {"rows_affected": 4}
    assert [timing["name"] for timing in result["timing_info"]] == ["compile", "execute"]
    assert records[-1]["info"]["msg"] == "Finished running node model.debug.orders"


def test_what_is_sent_for_a_node_says_whose_it_is_and_in_which_thread() -> None:
    orders = model("orders")
    records = records_of(
        NodeStarted(orders, 1, 1, NOON, "Thread-3"),
        SessionBound("postgres", orders.unique_id),
        NodeCompiled(orders, "orders.sql", "select 1"),
        StatementSent("postgres", orders.unique_id, "select 1"),
        StatementAnswered(orders.unique_id, "SELECT 1", 0.1),
        MessageLogged("said", to_console=True, node=orders),
        NodeFinished(succeeded(orders), 1, 1),
        SessionBound("postgres", "model.debug.next", orders.unique_id),
        SessionClosed("model.debug.next"),
        level=Level.DEBUG,
    )

    of_orders = [r for r in records if r["data"].get("node_info")]
    assert {r["data"]["node_info"]["unique_id"] for r in of_orders} == {orders.unique_id}
    threads = {(r["info"]["name"], r["info"]["thread"]) for r in of_orders}
    assert {name for name, thread in threads if thread == "Thread-3"} >= {
        *("NodeStart", "LogStartLine", "NodeCompiling", "NewConnection", "NodeExecuting"),
        *("ConnectionUsed", "SQLQuery", "SQLQueryStatus", "JinjaLogInfo"),
    }
    (sent,) = [r for r in records if r["info"]["name"] == "SQLQuery"]
    assert sent["data"]["node_info"]["node_status"] == "executing"
    reused, closed = records[-2:]
    assert reused["info"]["name"] == "ConnectionReused"
    assert reused["data"]["orig_conn_name"] == orders.unique_id
    assert (closed["info"]["name"], closed["info"]["thread"]) == ("ConnectionClosed", "MainThread")


def test_summary_of_a_failure_is_the_runs_own_and_names_the_file() -> None:
    records = records_of(RunFinished((failed(model("m")),), 65.5), level=Level.DEBUG)

    of_run = {record["info"]["name"]: record for record in records}
    assert {record["info"]["thread"] for record in records} == {"MainThread"}
    path = of_run["SQLCompiledPath"]
    assert (path["info"]["code"], path["info"]["level"]) == ("Z026", "info")
    assert path["data"]["path"] == of_run["RunResultError"]["data"]["compiled_path"]
    stats = of_run["FinishedRunningStats"]["data"]
    assert stats["execution"] == " in 0 hours 1 minutes and 5.50 seconds"
    end = of_run["EndRunResult"]["data"]
    assert (end["success"], end["elapsed_time"]) == (False, 65.5)
    assert [result["status"] for result in end["results"]] == ["error"]


def test_node_that_others_are_skipped_because_of_is_told_once_before_them() -> None:
    bad = failed(model("bad"))
    skipped = [
        NodeSkipped(RunResult(model(name), Status.SKIPPED, because=bad.node.unique_id), 2, 3)
        for name in ("child", "grandchild")
    ]
    names = [
        record["info"]["name"]
        for record in records_of(NodeFinished(bad, 1, 3), *skipped, level=Level.DEBUG)
    ]

    assert names == [
        *("LogModelResult", "NodeFinished", "MarkSkippedChildren"),
        *("SkippingDetails", "NodeFinished") * 2,
    ]


def test_secrets_are_scrubbed_before_they_are_encoded() -> None:
    secret = 'p"w\\\n\u00fc'

    told = records_of(
        WarningRaised("Odd", f"password {secret}!"),
        NodeFinished(failed(model("m"), f"no login with {secret}"), 1, 1),
        RunFinished((failed(model("m"), f"no login with {secret}"),), 1.0),
        secret=secret,
    )

    assert secret not in "".join(str(value) for r in told for value in _texts(r))
    assert told[0]["data"]["msg"] == "password *****!"


def test_huge_message_is_cut_in_the_data_as_well() -> None:
    (record,) = records_of(WarningRaised("Odd", "x" * 1_000_000))

    assert len(json.dumps(record)) < 30_000


def test_half_a_character_is_no_obstacle() -> None:
    (record,) = records_of(NodeStarted(model("odd\ud800"), 1, 1, NOON))

    assert record["data"]["node_info"]["node_name"] == "odd\\ud800"


def test_nothing_to_do_is_a_warning() -> None:
    (record,) = records_of(NothingToDo())

    assert (record["info"]["name"], record["info"]["level"]) == ("NothingToDo", "warn")


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in _texts(each)]
    return [value] if isinstance(value, str) else []
