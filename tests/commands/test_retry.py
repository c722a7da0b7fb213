"""`retry`: the last command again, for what hasn't succeeded, whatever ended it."""

from __future__ import annotations

import json
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from headrace import Status
from headrace.engine.core.events import BatchStarted, MessageLogged

from ..building.support import PROJECT, Ran, check_invariants, relations, rows, run, run_results
from ..conftest import WriteProject
from .support import headrace
from .test_deferral import FILES as TWO_SCHEMAS
from .test_deferral import STATE, with_production
from .test_signals import SHOP, started

TABLE = "{{ config(materialized='table') }}\n"
GOOD = "select 1 as id"
CHAIN = {
    "models/first.sql": TABLE + GOOD,
    "models/second.sql": TABLE + "select nothing from {{ ref('first') }}",
    "models/third.sql": "select * from {{ ref('second') }}",
    "models/other.sql": GOOD,
}
MENDED = TABLE + "select id from {{ ref('first') }}"


def said(ran: Ran) -> list[str]:
    """What was said of the retry itself."""
    return [event.message for event in ran.events if isinstance(event, MessageLogged)]


async def broken_run(write_project: WriteProject, **options: Any) -> Path:
    """A project after a run in which a model failed."""
    root = write_project(CHAIN)
    ran = await run(root, **options)
    assert ran.exit_code == 1
    return root


async def test_retry_runs_what_failed_and_what_was_skipped(write_project: WriteProject) -> None:
    root = await broken_run(write_project)
    (root / "models/second.sql").write_text(MENDED)

    ran = await run(root, "retry")

    assert ran.exit_code == 0
    assert [*ran.statuses] == ["second", "third"]
    assert said(ran) == ["Retrying 2 of the 4 nodes of the last 'run'."]
    assert relations(root).keys() == {"first", "second", "third", "other"}
    check_invariants(root)


async def test_results_of_a_retry_are_of_the_whole_run(write_project: WriteProject) -> None:
    root = await broken_run(write_project)
    (root / "models/second.sql").write_text(MENDED)

    await run(root, "retry")

    assert run_results(root) == dict.fromkeys(
        [f"model.shop.{name}" for name in ("first", "second", "third", "other")], "success"
    )


async def test_second_retry_still_knows_the_whole(write_project: WriteProject) -> None:
    root = await broken_run(write_project)

    failing = await run(root, "retry")
    (root / "models/second.sql").write_text(MENDED)
    mended = await run(root, "retry")
    idle = await run(root, "retry")

    assert failing.exit_code == 1
    assert [*failing.statuses] == [*mended.statuses] == ["second", "third"]
    assert (idle.exit_code, idle.statuses) == (0, {})
    assert said(idle) == ["Nothing to do: all that the last 'run' ran has succeeded."]
    assert len(run_results(root)) == 4


async def test_retry_of_what_still_fails_exits_with_one(write_project: WriteProject) -> None:
    root = await broken_run(write_project)

    ran = await run(root, "retry")

    assert ran.exit_code == 1
    assert ran.statuses == {"second": Status.ERROR, "third": Status.SKIPPED}
    assert run_results(root)["model.shop.first"] == "success"


async def test_after_success_there_is_nothing_to_do(write_project: WriteProject) -> None:
    root = write_project({"models/first.sql": GOOD})
    await run(root)
    before = (root / "target/run_results.json").read_bytes()

    done = headrace(root, "retry")

    assert done.exit_code == 0
    assert "Nothing to do: all that the last 'run' ran has succeeded." in done.stdout
    assert (root / "target/run_results.json").read_bytes() == before


async def test_without_a_run_there_is_nothing_to_retry(write_project: WriteProject) -> None:
    root = write_project(CHAIN)

    ran = await run(root, "retry")

    assert ran.exit_code == 2
    assert str(ran.outcome.error).startswith("Could not find previous run in '")
    assert not (root / "shop.db").exists()


FLAGGED = {
    **CHAIN,
    "models/second.sql": TABLE + "select {{ var('broken', 'id') }} from {{ ref('first') }}",
    "models/told.sql": "select '{{ var('greeting', '-') }}' as greeting, "
    "'{{ flags.FULL_REFRESH }}' as refresh, '{{ target.name }}' as target, "
    "{{ target.threads }} as threads from {{ ref('second') }}",
    "profiles.yml": "shop:\n  target: dev\n  outputs:\n"
    "    dev: &dev {type: sqlite, path: shop.db, schema: main, threads: 4}\n"
    "    prod: {<<: *dev, path: prod.db}\n",
}


def told(root: Path, database: str) -> tuple[Any, ...]:
    (row,) = rows(root, "select * from told", database)
    return row


async def test_flags_of_the_first_run_count_again(write_project: WriteProject) -> None:
    root = write_project(FLAGGED)
    variables = "{greeting: hello, broken: nothing}"
    headrace(root, "run", "--full-refresh", "--vars", variables, "--target", "prod", "--threads=3")
    (root / "models/second.sql").write_text(MENDED)

    done = headrace(root, "retry")

    assert done.exit_code == 0, done.output
    assert told(root, "prod.db") == ("hello", "True", "prod", 3)
    assert not (root / "shop.db").exists()


async def test_settings_of_the_environment_count_again(write_project: WriteProject) -> None:
    root = write_project(FLAGGED)
    environ = {"DBT_FULL_REFRESH": "1", "DBT_TARGET": "prod", "HEADRACE_THREADS": "2"}
    await run(root, vars={"broken": "nothing"}, environ=environ)
    (root / "models/second.sql").write_text(MENDED)

    ran = await run(root, "retry")

    assert ran.exit_code == 0
    assert told(root, "prod.db") == ("-", "True", "prod", 2)


async def test_what_is_given_now_beats_what_was_given_then(write_project: WriteProject) -> None:
    root = write_project(FLAGGED)
    await run(root, vars={"broken": "nothing"}, threads=3)

    ran = await run(root, "retry", vars={"greeting": "bye"}, threads=1)

    assert ran.exit_code == 0
    assert told(root, "shop.db") == ("bye", "False", "dev", 1)


async def test_variables_that_the_project_file_needs_are_known_again(
    write_project: WriteProject,
) -> None:
    needing = PROJECT + "models: {+materialized: \"{{ var('kind') }}\"}\n"
    root = write_project({**CHAIN, "dbt_project.yml": needing})
    await run(root, vars={"kind": "table"})
    (root / "models/second.sql").write_text(MENDED)

    ran = await run(root, "retry")

    assert ran.exit_code == 0, ran.outcome.error
    assert relations(root)["third"] == "table"


async def test_secret_among_the_flags_is_asked_for_again(write_project: WriteProject) -> None:
    root = write_project(FLAGGED)
    environ = {"DBT_ENV_SECRET_GREETING": "hunter2-canary"}
    given = {"greeting": "hunter2-canary", "broken": "nothing"}
    await run(root, vars=given, environ=environ)

    refused = await run(root, "retry", environ=environ)
    again = await run(root, "retry", vars={"greeting": "hello"}, environ=environ)

    assert refused.exit_code == 2
    assert "Give it again: headrace retry --vars" in str(refused.outcome.error)
    assert "hunter2" not in (root / "target/run_results.jsonl").read_text()
    assert again.exit_code == 0


async def test_build_is_retried_with_its_tests(write_project: WriteProject) -> None:
    tests = (
        "models: [{name: first, columns: [{name: id, data_tests: "
        "[{accepted_values: {arguments: {values: [2], quote: false}, name: two}}, not_null]}]}]"
    )
    root = write_project({**CHAIN, "models/second.sql": MENDED, "models/schema.yml": tests})
    await run(root, "build")
    (root / "models/first.sql").write_text(TABLE + "select 2 as id")
    await run(root, select=("first",), target_path=Path("elsewhere"))

    ran = await run(root, "retry")

    assert ran.exit_code == 0
    assert sorted(ran.statuses) == ["second", "third", "two"]


@pytest.mark.parametrize("command", ["seed", "snapshot", "test", "compile"])
async def test_other_commands_are_retried(write_project: WriteProject, command: str) -> None:
    failing = "{{ config(severity='error') }} select {{ var('column') }} from {{ ref('rows') }}"
    root = write_project(
        {
            "seeds/rows.csv": "id\n1\n",
            "seeds/bad.csv": "id\n",
            "tests/failing.sql": failing,
            "snapshots/seen.sql": "{% snapshot seen %}{{ config(unique_key='id', "
            "strategy='check', check_cols='all') }}"
            "select {{ var('column') }} as id from {{ ref('rows') }}{% endsnapshot %}",
        }
    )
    (root / "seeds/bad.csv").write_text("id\n1,2\n" if command == "seed" else "id\n1\n")
    variables = {"column": "nothing"}
    if command != "seed":
        await run(root, "seed")
    if command == "compile":
        variables = {}
    first = await run(root, command, vars=variables)
    (root / "seeds/bad.csv").write_text("id\n1\n")

    ran = await run(root, "retry", vars={"column": "id"})

    assert first.exit_code == 1
    assert f"of the last '{command}'." in said(ran)[0]
    assert 0 < len(ran.statuses) <= len(first.statuses)


async def test_operation_is_called_again_with_its_arguments(write_project: WriteProject) -> None:
    root = write_project(
        {
            "macros/make.sql": "{% macro make(name) %}{% do run_query("
            "'create table ' ~ name ~ ' as select * from ground') %}{% endmacro %}",
        }
    )
    first = await run(root, "run-operation", macro="make", args={"name": "made"})
    rows_of = "create table ground as select 1 as id"
    (root / "shop.db").touch()
    rows(root, rows_of)

    ran = await run(root, "retry")

    assert (first.exit_code, ran.exit_code) == (1, 0)
    assert "made" in relations(root)


async def test_hooks_run_again_and_are_not_counted_as_left(write_project: WriteProject) -> None:
    hooked = PROJECT + "on-run-start: create table if not exists seen (n)\n"
    hooked += "on-run-end: insert into seen values (1)\n"
    root = write_project({**CHAIN, "dbt_project.yml": hooked})
    await run(root)
    (root / "models/second.sql").write_text(MENDED)

    ran = await run(root, "retry")

    assert said(ran)[0] == "Retrying 2 of the 4 nodes of the last 'run'."
    assert len(rows(root, "select * from seen")) == 2
    assert len(run_results(root)) == 6


async def test_hook_that_failed_leaves_its_nodes_to_be_retried(
    write_project: WriteProject,
) -> None:
    hooked = PROJECT + "flags: {skip_nodes_if_on_run_start_fails: true}\non-run-start: nonsense\n"
    root = write_project({"models/first.sql": GOOD, "dbt_project.yml": hooked})
    await run(root)
    (root / "dbt_project.yml").write_text(PROJECT)

    ran = await run(root, "retry")

    assert ran.exit_code == 0
    assert [*ran.statuses] == ["first"]


async def test_warning_is_retried_only_where_it_counts_as_an_error(
    write_project: WriteProject,
) -> None:
    warns = "{{ config(severity='warn') }} select 1 as id"
    root = write_project({"tests/warns.sql": warns, "models/first.sql": GOOD})
    await run(root, "test")

    idle = await run(root, "retry")
    strict = await run(root, "retry", warn_error=True)

    assert (idle.exit_code, idle.statuses) == (0, {})
    assert [*strict.statuses] == ["warns"]


async def test_node_that_is_gone_is_told_and_left_out(write_project: WriteProject) -> None:
    root = await broken_run(write_project)
    (root / "models/third.sql").unlink()
    (root / "models/second.sql").write_text(MENDED)

    ran = await run(root, "retry")
    (root / "models/second.sql").unlink()
    (root / "models/first.sql").write_text("select nothing")
    only_gone = await run(root, "retry")

    gone = "'model.shop.third' of the last run is no longer there, and isn't retried."
    assert ran.warnings == [gone]
    assert [*ran.statuses] == ["second"]
    assert only_gone.exit_code == 0
    assert only_gone.warnings[0] == gone
    assert len(run_results(root)) == 4


async def test_commands_that_run_no_node_are_passed_over(write_project: WriteProject) -> None:
    root = await broken_run(write_project)
    await run(root, "ls")
    await run(root, "parse")
    await run(root, "run", select=("nobody",))
    (root / "models/second.sql").write_text(MENDED)

    ran = await run(root, "retry")

    assert [*ran.statuses] == ["second", "third"]


async def test_results_may_lie_in_another_directory(write_project: WriteProject) -> None:
    root = await broken_run(write_project)
    (root / "target").rename(root / "kept")
    (root / "models/second.sql").write_text(MENDED)

    ran = await run(root, "retry", state=Path("kept"))

    assert [*ran.statuses] == ["second", "third"]
    assert len(run_results(root)) == 4


async def test_run_of_dbt_is_retried_from_its_results(write_project: WriteProject) -> None:
    root = write_project(FLAGGED)
    statuses = {"first": "success", "other": "success", "second": "error", "told": "skipped"}
    document = {
        "metadata": {
            "dbt_schema_version": "https://schemas.getdbt.com/dbt/run-results/v6.json",
            "dbt_version": "1.10.23",
            "generated_at": "2026-01-01T00:00:00.000000Z",
            "invocation_id": "b4b4b4b4-0000-0000-0000-000000000000",
        },
        "args": {
            "which": "run",
            "full_refresh": True,
            "vars": {"greeting": "hello"},
            "select": [],
            "target": None,
            "threads": 2,
            "resource_types": [],
            "empty": False,
            "state": None,
            "warn_error_options": {"error": []},
            "log_format": "default",
            "quiet": False,
        },
        "results": [
            {"unique_id": f"model.shop.{name}", "status": status}
            for name, status in statuses.items()
        ],
    }
    (root / "target").mkdir()
    (root / "target/run_results.json").write_text(json.dumps(document))
    await run(root, select=("first",), target_path=Path("elsewhere"))

    ran = await run(root, "retry")

    assert ran.exit_code == 0
    assert [*ran.statuses] == ["second", "told"]
    assert told(root, "shop.db") == ("hello", "True", "dev", 2)
    assert len(run_results(root)) == 4


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("run_results.json", "{", "is no run-results that can be read"),
        ("run_results.json", '{"results": []}', "is no run-results that can be read"),
        ("run_results.jsonl", "nonsense", "this isn't the journal of a run"),
    ],
)
async def test_results_that_are_none_are_refused(
    write_project: WriteProject, name: str, content: str, message: str
) -> None:
    root = write_project({**CHAIN, f"kept/{name}": content})

    ran = await run(root, "retry", state=Path("kept"))

    assert ran.exit_code == 2
    assert message in str(ran.outcome.error)


async def test_deferral_of_the_first_run_counts_again(write_project: WriteProject) -> None:
    root = await with_production(write_project(TWO_SCHEMAS))
    (root / "models/model_2.sql").write_text("select nothing from {{ ref('model_1') }}")
    environ = {"DEFER_MODE": "1", "ARTIFACT_STATE_PATH": str(STATE)}
    await run(root, select=("model_2",), environ=environ)
    (root / "models/model_2.sql").write_text("select id from {{ ref('model_1') }}")

    ran = await run(root, "retry")

    assert ran.exit_code == 0
    compiled = (root / "target/compiled/shop/models/model_2.sql").read_text()
    assert compiled == 'select id from "prod"."model_1"'


BAD_BATCH = "{% if model.batch.id == '20260102' %}, nothing{% endif %}"
DAYS = {
    "models/events.sql": TABLE + "{{ config(event_time='at') }} select '2026-01-01 10:00:00' as at "
    "union all select '2026-01-02 10:00:00' union all select '2026-01-03 10:00:00'",
    "models/daily.sql": "{{ config(materialized='incremental', incremental_strategy='microbatch', "
    "event_time='at', begin='2026-01-01', batch_size='day') }}"
    f"select at{BAD_BATCH} from {{{{ ref('events') }}}}",
}
WINDOW: dict[str, Any] = {
    "event_time_start": "2026-01-01",
    "event_time_end": "2026-01-04",
}


async def test_batches_that_failed_are_built_and_no_others(write_project: WriteProject) -> None:
    root = write_project(DAYS)
    first = await run(root, **WINDOW)
    (root / "models/daily.sql").write_text(DAYS["models/daily.sql"].replace(BAD_BATCH, ""))

    ran = await run(root, "retry")

    assert first.result("daily").status == "partial success"
    assert [*ran.statuses] == ["daily"]
    assert ran.exit_code == 0
    batches = ran.result("daily").batch_results
    assert batches is not None
    assert (len(batches.successful), len(batches.failed)) == (3, 0)
    assert [event.label for event in ran.events if isinstance(event, BatchStarted)] == [
        "2026-01-02"
    ]
    assert rows(root, "select at from daily order by 1") == [
        (f"2026-01-0{day} 10:00:00",) for day in (1, 2, 3)
    ]


def days_built(ran: Ran) -> list[int]:
    """The days of January whose batches were built, in their order."""
    return [int(event.label[-2:]) for event in ran.events if isinstance(event, BatchStarted)]


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("bad", [("02",), ("02", "03"), ("03",)], ids="-".join)
@pytest.mark.parametrize("refreshed", ["by flag", "by config", "by retry's flag", "no"])
async def test_retried_batches_add_to_what_the_others_have_built(
    write_project: WriteProject, refreshed: str, bad: tuple[str, ...], threads: int
) -> None:
    """A refresh was of the whole table: what is left of it must not begin it anew."""
    batches = ", ".join(f"'202601{day}'" for day in bad)
    broken = f"{{% if model.batch.id in [{batches}] %}}, nothing{{% endif %}}"
    model = DAYS["models/daily.sql"].replace(BAD_BATCH, broken)
    if refreshed == "by config":
        model = model.replace("materialized=", "full_refresh=true, materialized=")
    root = write_project({**DAYS, "models/daily.sql": model})
    first = await run(root, full_refresh=refreshed == "by flag", threads=threads, **WINDOW)
    (root / "models/daily.sql").write_text(model.replace(broken, ""))

    ran = await run(root, "retry", full_refresh=refreshed == "by retry's flag")

    assert first.result("daily").status == "partial success"
    assert ran.exit_code == 0, ran.outcome
    assert days_built(ran) == [int(day) for day in bad]
    assert rows(root, "select at from daily order by 1") == [
        (f"2026-01-0{day} 10:00:00",) for day in (1, 2, 3)
    ]


@pytest.mark.parametrize("refreshed", [True, False])
@pytest.mark.parametrize("instead", ["", "create view daily as select '-' as at"])
async def test_batches_whose_table_is_gone_are_all_built_again(
    write_project: WriteProject, instead: str, refreshed: bool
) -> None:
    root = write_project(DAYS)
    await run(root, full_refresh=refreshed, **WINDOW)
    (root / "models/daily.sql").write_text(DAYS["models/daily.sql"].replace(BAD_BATCH, ""))
    rows(root, "drop table daily")
    if instead:
        rows(root, instead)

    ran = await run(root, "retry")

    assert ran.exit_code == 0, ran.outcome
    assert days_built(ran) == [1, 2, 3]
    assert relations(root)["daily"] == "table"
    assert rows(root, "select at from daily order by 1") == [
        (f"2026-01-0{day} 10:00:00",) for day in (1, 2, 3)
    ]


async def test_batches_that_fail_twice_are_retried_twice(write_project: WriteProject) -> None:
    both = BAD_BATCH.replace("== '20260102'", "in ['20260102', '20260103']")
    root = write_project(
        {**DAYS, "models/daily.sql": DAYS["models/daily.sql"].replace(BAD_BATCH, both)}
    )
    await run(root, full_refresh=True, **WINDOW)
    (root / "models/daily.sql").write_text(DAYS["models/daily.sql"])

    again = await run(root, "retry")
    (root / "models/daily.sql").write_text(DAYS["models/daily.sql"].replace(BAD_BATCH, ""))
    last = await run(root, "retry")

    # As in a first run, a first batch that fails keeps the others from being tried.
    assert (again.exit_code, days_built(again)) == (1, [2])
    assert (last.exit_code, days_built(last)) == (0, [2, 3])
    assert rows(root, "select at from daily order by 1") == [
        (f"2026-01-0{day} 10:00:00",) for day in (1, 2, 3)
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
async def test_run_that_was_stopped_is_taken_up_again(
    write_project: WriteProject, number: signal.Signals
) -> None:
    root = write_project(SHOP)
    with started(root, "run", "--threads", "2") as process:
        process.send_signal(number)
        process.wait()
    (root / "models/endless.sql").write_text(TABLE + "select n from {{ ref('quick') }}")

    ran = await run(root, "retry")

    assert ran.exit_code == 0
    assert [*ran.statuses] == ["endless", "below"]
    assert ran.result("endless").status == "success"
    assert run_results(root) == dict.fromkeys(
        [f"model.shop.{name}" for name in ("quick", "endless", "below")], "success"
    )
    check_invariants(root)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
async def test_retry_that_was_killed_is_taken_up_again(write_project: WriteProject) -> None:
    root = write_project(SHOP)
    for command in ("run", "retry"):
        with started(root, command) as process:
            process.kill()
            process.wait()
    (root / "models/endless.sql").write_text(TABLE + "select n from {{ ref('quick') }}")

    ran = await run(root, "retry")

    assert [*ran.statuses] == ["endless", "below"]
    assert len(run_results(root)) == 3


async def test_failed_fast_leaves_the_rest_to_be_retried(write_project: WriteProject) -> None:
    root = write_project(CHAIN)
    first = await run(root, fail_fast=True, threads=1)
    (root / "models/second.sql").write_text(MENDED)

    ran = await run(root, "retry")

    left = {name for name, status in first.statuses.items() if status != "success"}
    assert ran.exit_code == 0
    assert set(ran.statuses) == left
    shutil.rmtree(root / "target")
