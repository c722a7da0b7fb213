"""Microbatch models: which batches are built, and what becomes of the table when some fail."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from headrace.engine.core.events import (
    BatchFinished,
    BatchSkipped,
    BatchStarted,
    WarningRaised,
)

from .support import PROJECT, Ran, rows, run

WriteProject = Callable[[Mapping[str, str]], Path]

EVENTS = """
{{ config(materialized='table', event_time='at') }}
select 1 as id, '2024-01-01 10:00:00' as at
union all select 2, '2024-01-02 10:00:00'
union all select 3, '2024-01-03 23:59:59'
union all select 4, '2024-01-04T00:00:00'
"""
JANUARY: dict[str, Any] = {"event_time_start": "2024-01-01", "event_time_end": "2024-01-05"}


def daily(sql: str = "select * from {{ ref('events') }}", **config: object) -> str:
    arguments = {
        "materialized": "incremental",
        "incremental_strategy": "microbatch",
        "event_time": "at",
        "batch_size": "day",
        "begin": "2024-01-01",
        **config,
    }
    listed = ", ".join(f"{key}={value!r}" for key, value in arguments.items() if value is not None)
    return f"{{{{ config({listed}) }}}}\n{sql}"


@pytest.fixture
def project(write_project: WriteProject) -> Callable[..., Path]:
    def write(model: str, **files: str) -> Path:
        models = {f"models/{name}.sql": text for name, text in files.items()}
        return write_project({"models/events.sql": EVENTS, "models/days.sql": model, **models})

    return write


def labels(ran: Ran) -> list[str]:
    return [event.label for event in ran.events if isinstance(event, BatchStarted)]


def result_written(root: Path) -> Any:
    document = json.loads((root / "target" / "run_results.json").read_bytes())
    (result,) = (r for r in document["results"] if r["unique_id"] == "model.shop.days")
    return result


def batch_results(root: Path) -> Any:
    return result_written(root)["batch_results"]


async def test_what_is_written_of_a_microbatch_model_is_what_dbt_writes(
    project: Callable[..., Path],
) -> None:
    root = project(daily())

    ran = await run(root, **JANUARY)

    assert ran.exit_code == 0
    result = result_written(root)
    assert (result["message"], result["adapter_response"], result["failures"]) == ("SUCCESS", {}, 0)
    manifest = json.loads((root / "target" / "manifest.json").read_bytes())
    # What is written as a day alone is a moment.
    assert manifest["nodes"]["model.shop.days"]["config"]["begin"] == "2024-01-01T00:00:00"


async def test_window_given_is_built_a_batch_at_a_time(project: Callable[..., Path]) -> None:
    root = project(daily("select *, '{{ model.batch.id }}' as batch from {{ ref('events') }}"))

    ran = await run(root, **JANUARY)

    assert ran.exit_code == 0, ran.outcome
    assert labels(ran) == ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"]
    assert rows(root, "select id, batch from days order by id") == [
        (1, "20240101"),
        (2, "20240102"),
        (3, "20240103"),
        (4, "20240104"),
    ]
    assert ran.result("days").message == "SUCCESS"
    seconds = [event.seconds for event in ran.events if isinstance(event, BatchFinished)]
    assert len(seconds) == 4
    assert 0 < min(seconds) <= max(seconds) < ran.result("days").execution_time
    assert batch_results(root)["successful"][0] == [
        "2024-01-01T00:00:00.000000Z",
        "2024-01-02T00:00:00.000000Z",
    ]
    for folder in ("compiled", "run"):
        written = root / f"target/{folder}/shop/models/days/days_2024-01-02.sql"
        assert "2024-01-02 00:00:00" in written.read_text()


async def test_batch_that_is_built_again_replaces_its_rows(project: Callable[..., Path]) -> None:
    root = project(daily())
    await run(root, **JANUARY)
    rows(root, "update days set id = id + 100")

    ran = await run(root, event_time_start="2024-01-02", event_time_end="2024-01-04")

    assert ran.exit_code == 0
    assert rows(root, "select id from days order by id") == [(2,), (3,), (101,), (104,)]


async def test_rows_of_a_key_give_way_whatever_their_time(project: Callable[..., Path]) -> None:
    root = project(daily(unique_key="id"))
    await run(root, **JANUARY)
    rows(root, "update days set at = '2023-01-01'")

    await run(root, event_time_start="2024-01-02", event_time_end="2024-01-04")

    assert rows(root, "select id, at from days where id in (2, 3, 4) order by id") == [
        (2, "2024-01-02 10:00:00"),
        (3, "2024-01-03 23:59:59"),
        (4, "2023-01-01"),
    ]


async def test_full_refresh_makes_the_table_anew(project: Callable[..., Path]) -> None:
    root = project(daily("select id, at, {{ is_incremental() }} as adds from {{ ref('events') }}"))
    await run(root, **JANUARY)

    ran = await run(
        root, full_refresh=True, event_time_start="2024-01-03", event_time_end="2024-01-05"
    )

    assert ran.exit_code == 0
    assert rows(root, "select id, adds from days order by id") == [(3, 0), (4, 1)]


async def test_without_a_window_a_table_that_is_there_gets_its_newest_batches(
    project: Callable[..., Path],
) -> None:
    begin = datetime.now(UTC) - timedelta(days=9)
    root = project(daily(begin=f"{begin:%Y-%m-%d}"))

    first, again = await run(root), await run(root)
    anew = await run(root, full_refresh=True)

    assert len(labels(first)) >= 10
    assert len(labels(again)) == 2  # the one that is under way, and its `lookback`
    assert labels(anew)[0] == labels(first)[0] == f"{begin:%Y-%m-%d}"


async def test_batch_that_fails_leaves_the_others(project: Callable[..., Path]) -> None:
    sql = (
        "select id, at from {{ ref('events') }}"
        "{% if model.batch.id == '20240102' %} where nonsense = 1{% endif %}"
    )
    root = project(daily(sql), child="select * from {{ ref('days') }}")

    ran = await run(root, **JANUARY)

    assert ran.exit_code == 1
    assert {name: str(status) for name, status in ran.statuses.items()} == {
        "events": "success",
        "days": "partial success",
        "child": "skipped",
    }
    assert ran.result("days").message == "PARTIAL SUCCESS (3/4)"
    assert "batch 2024-01-02: no such column: nonsense" in ran.error("days")
    assert rows(root, "select id from days order by id") == [(1,), (3,), (4,)]
    failed = [e.label for e in ran.events if isinstance(e, BatchFinished) and e.error]
    assert failed == ["2024-01-02"]
    assert len(batch_results(root)["failed"]) == 1


async def test_first_batch_that_fails_stops_the_rest(project: Callable[..., Path]) -> None:
    root = project(daily("select nonsense from {{ ref('events') }}"))

    ran = await run(root, **JANUARY)

    assert [e.label for e in ran.events if isinstance(e, BatchSkipped)] == [
        "2024-01-02",
        "2024-01-03",
        "2024-01-04",
    ]
    assert str(ran.result("days").status) == "error"
    assert labels(ran) == ["2024-01-01"]
    assert len(batch_results(root)["failed"]) == 4


async def test_hooks_run_with_the_first_and_the_last_batch(project: Callable[..., Path]) -> None:
    root = project(
        daily(
            pre_hook="create table if not exists seen (what text)",
            post_hook="insert into seen values ('post')",
        )
    )

    ran = await run(root, **JANUARY)

    assert ran.exit_code == 0
    assert rows(root, "select what from seen") == [("post",)]


def most_at_once(ran: Ran) -> int:
    """How many batches were under way at the same time."""
    now = most = 0
    for event in ran.events:
        if isinstance(event, BatchStarted):
            now += 1
        elif isinstance(event, BatchFinished):
            now -= 1
        most = max(most, now)
    return most


THIS = "select * from {{ ref('events') }} where {{ is_incremental() }} or true -- {{ this }}"


@pytest.mark.parametrize(
    ("model", "together"),
    [
        (daily(), True),
        (daily(THIS), False),
        (daily(unique_key="id"), False),
        (daily(unique_key=["id", "at"]), False),
        (daily(concurrent_batches=False), False),
        (daily(THIS, unique_key="id", concurrent_batches=True), True),
    ],
    ids=["plain", "this", "key", "keys", "refused", "asked for"],
)
async def test_batches_run_together_unless_their_order_matters(
    project: Callable[..., Path], model: str, together: bool
) -> None:
    root = project(model)

    ran = await run(root, threads=4, **JANUARY)

    assert ran.exit_code == 0, ran.outcome
    assert (most_at_once(ran) > 1) is together
    assert rows(root, "select id from days order by id") == [(1,), (2,), (3,), (4,)]


async def test_batches_together_give_the_rows_of_batches_in_turn(
    project: Callable[..., Path],
) -> None:
    root = project(daily(concurrent_batches=True))

    ran = await run(root, threads=4, **JANUARY)

    assert ran.exit_code == 0
    assert rows(root, "select id from days order by id") == [(1,), (2,), (3,), (4,)]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"event_time": None}, "must provide a 'event_time' (string) config"),
        ({"begin": None}, "must provide a 'begin' (datetime) config"),
        ({"begin": "soon"}, "valid datetime (ISO format), but got: soon"),
        ({"batch_size": "week"}, "config that is one of ['hour', 'day', 'month', 'year']"),
        ({"lookback": "much"}, "'lookback' config as type int"),
    ],
)
async def test_what_a_model_must_say_is_asked_for_before_anything_runs(
    project: Callable[..., Path], change: dict[str, Any], problem: str
) -> None:
    ran = await run(project(daily(**change)))

    assert ran.exit_code == 2
    assert problem in str(ran.outcome.error)
    assert "models/days.sql" in str(ran.outcome.error)


async def test_model_that_reads_nothing_by_time_is_warned_of(
    write_project: WriteProject,
) -> None:
    root = write_project({"models/days.sql": daily("select 1 as id, '2024-01-01' as at")})

    ran = await run(root, **JANUARY)

    assert any("no 'ref' or 'source' input with an 'event_time'" in text for text in ran.warnings)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"event_time_start": "2024-01-01"}, "`--event-time-end` was not"),
        ({"event_time_end": "2024-01-01"}, "`--event-time-start` was not"),
        (
            {"event_time_start": "2024-01-02", "event_time_end": "2024-01-02"},
            "must be less than `--event-time-end`",
        ),
        ({"event_time_start": "now", "event_time_end": "later"}, "must be a date or a time"),
        ({"sample": "3 fortnights"}, "'fortnights' is no unit of time"),
        ({"sample": "three days"}, "a number and a unit of time"),
    ],
)
async def test_windows_that_make_no_sense_are_refused(
    project: Callable[..., Path], options: dict[str, Any], problem: str
) -> None:
    ran = await run(project(daily()), **options)

    assert ran.exit_code == 2
    assert problem in str(ran.outcome.error)


async def test_empty_builds_relations_without_rows(write_project: WriteProject) -> None:
    root = write_project(
        {
            "models/events.sql": EVENTS,
            "models/a.sql": "select events.id from {{ ref('events') }}",
            "models/b.sql": "select e.id, x.id as x from {{ ref('events') }} as e "
            "join {{ ref('events') }} x on x.id = e.id",
            "models/c.sql": "select id from {{ ref('events') }}\nwhere id > 1",
            "models/d.sql": "select count(*) as n from ({{ 'select * from ' ~ ref('events') }})",
            "models/one.sql": "{{ config(materialized='ephemeral') }} select 1 as id",
            "models/f.sql": "select one.id from {{ ref('one') }} as one, {{ ref('one') }}",
        }
    )

    ran = await run(root, empty=True)

    assert ran.exit_code == 0, [result.error for result in ran.outcome.results]
    assert rows(root, "select count(*) from events") == [(4,)]
    assert [rows(root, f"select count(*) from {name}") for name in "abcf"] == [[(0,)]] * 4
    assert rows(root, "select n from d") == [(0,)]


async def test_sample_reads_a_window_of_what_has_event_times(write_project: WriteProject) -> None:
    root = write_project(
        {
            "models/events.sql": EVENTS,
            "models/timeless.sql": "select 1 as id",
            "models/both.sql": "{{ config(materialized='table') }} select e.id from "
            "{{ ref('events') }} e, {{ ref('timeless') }}",
            "snapshots/kept.sql": "{% snapshot kept %}{{ config(strategy='check', unique_key='id', "
            "check_cols='all') }}select id from {{ ref('events') }}{% endsnapshot %}",
        }
    )

    ran = await run(root, "build", sample="{start: 2024-01-02, end: 2024-01-04}")

    assert ran.exit_code == 0, ran.outcome
    assert rows(root, "select id from both order by id") == [(2,), (3,)]
    assert rows(root, "select id from kept order by id") == [(2,), (3,)]


OWN_MACRO = """
{% macro NAME(arg_dict) %}
  insert into {{ arg_dict['target_relation'] }} (id, at, made_by)
  select id, at, 'macro' from {{ arg_dict['temp_relation'] }}
{% endmacro %}
"""


@pytest.mark.parametrize(
    ("name", "flags", "batches"),
    [
        ("get_incremental_microbatch_sql", "", 0),
        ("get_incremental_microbatch_sql", "true", 4),
        ("sqlite__get_incremental_microbatch_sql", "", 4),
    ],
)
async def test_strategy_of_the_projects_own_is_called_once_unless_it_is_for_batches(
    write_project: WriteProject, name: str, flags: str, batches: int
) -> None:
    flag = "require_batched_execution_for_custom_microbatch_strategy"
    root = write_project(
        {
            "dbt_project.yml": PROJECT + (f"flags: {{{flag}: {flags}}}\n" if flags else ""),
            "models/events.sql": EVENTS,
            "models/days.sql": daily("select id, at, 'model' as made_by from {{ ref('events') }}"),
            "macros/own.sql": OWN_MACRO.replace("NAME", name),
        }
    )
    await run(root, **JANUARY)

    again = await run(root, **JANUARY)

    assert again.exit_code == 0, again.outcome
    assert len(labels(again)) == batches
    ((by_macro,),) = rows(root, "select count(*) from days where made_by = 'macro'")
    assert by_macro
    warned = [
        event.name
        for event in again.events
        if isinstance(event, WarningRaised) and "OutsideOfBatches" in event.name
    ]
    assert len(warned) == (batches == 0)
