"""`on-run-start` and `on-run-end`, on SQLite."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import anyio
import pytest
from headrace import Options, Status, invoke
from headrace.adapters.sqlite import SqliteAdapter
from headrace.engine.core.events import (
    Event,
    MessageLogged,
    NodeExecuted,
    NodeFinished,
    NodeSkipped,
    NodeStarted,
    RunStarted,
    WarningRaised,
)

from .support import PROJECT, Recorder, check_invariants, relations, rows, run, run_results

AUDIT = "create table if not exists audit (what text)"
ENDLESS = (
    "create table endless as with recursive c(i) as (select 1 union all select i + 1 from c) "
    "select count(*) as n from c"
)
BROKEN = "select * from nowhere"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project with one model, on SQLite, to give hooks to."""
    (tmp_path / "profiles.yml").write_text(
        "shop:\n  target: dev\n  outputs:\n    dev: {type: sqlite, path: shop.db, threads: 2}\n"
    )
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "orders.sql").write_text("select 1 as id")
    hooks(tmp_path)
    return tmp_path


def hooks(root: Path, *, start: Any = (), end: Any = (), more: str = "") -> None:
    """Write the project file with these hooks."""
    keys = {"on-run-start": start, "on-run-end": end}
    text = "".join(f"{key}: {json.dumps(value)}\n" for key, value in keys.items() if value)
    (root / "dbt_project.yml").write_text(PROJECT + text + more)


def audit(root: Path) -> list[str]:
    return [what for (what,) in rows(root, "select what from audit")]


def logged(events: list[Event]) -> list[str]:
    return [event.message for event in events if isinstance(event, MessageLogged)]


async def test_hook_has_its_result_where_models_are_configured_to_be_ephemeral(
    shop: Path,
) -> None:
    models = "models: {shop: {+materialized: ephemeral}}\n"
    hooks(shop, start=AUDIT, end="insert into audit select 'end'", more=models)
    (shop / "models" / "orders.sql").write_text("{{ config(materialized='table') }} select 1 as id")

    ran = await run(shop)

    assert ran.exit_code == 0
    assert audit(shop) == ["end"]
    assert run_results(shop) == {
        "operation.shop.shop-on-run-start-0": "success",
        "model.shop.orders": "success",
        "operation.shop.shop-on-run-end-0": "success",
    }


async def test_models_configuration_holds_for_hooks_and_disables_those_of_a_package(
    shop: Path,
) -> None:
    package = shop / "pkg"
    for name, text in {
        "dbt_project.yml": "name: pkg\nversion: '1.0'\nconfig-version: 2\n"
        f"on-run-start: {AUDIT}\non-run-end: insert into audit select 'of the package'\n",
        "models/other.sql": "select 1 as id",
    }.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text)
    (shop / "packages.yml").write_text("packages: [{local: pkg}]")
    models = "models: {shop: {+meta: {a: 1}, +tags: base}, pkg: {+enabled: false}}\n"
    hooks(shop, start=[AUDIT, "insert into audit select 'of the root'"], more=models)
    assert (await run(shop, "deps")).exit_code == 0

    ran = await run(shop)

    assert ran.exit_code == 0
    assert audit(shop) == ["of the root"]
    started = [e.node.display_name for e in ran.events if isinstance(e, NodeStarted)]
    assert started == ["shop.on-run-start.0", "shop.on-run-start.1", "main.orders"]
    assert not [e for e in ran.events if isinstance(e, WarningRaised)]
    manifest = json.loads((shop / "target" / "manifest.json").read_text())
    assert {key for key in manifest["disabled"] if key.startswith("operation")} == {
        "operation.pkg.pkg-on-run-start-0",
        "operation.pkg.pkg-on-run-end-0",
    }
    hook = manifest["nodes"]["operation.shop.shop-on-run-start-1"]
    assert (hook["tags"], hook["config"]["tags"]) == (["on-run-start", "base"], ["base"])
    assert hook["meta"] == hook["config"]["meta"] == {"a": 1}


async def test_hooks_run_before_and_after_the_nodes(shop: Path) -> None:
    hooks(
        shop,
        start=[AUDIT, "insert into audit select 'start, orders: ' || count(*) from sqlite_master"],
        end="insert into audit select 'end, orders: ' || count(*) from {{ ref('orders') }}",
    )

    ran = await run(shop)

    assert ran.exit_code == 0
    assert audit(shop) == ["start, orders: 1", "end, orders: 1"]
    assert list(run_results(shop).items()) == [
        ("operation.shop.shop-on-run-start-0", "success"),
        ("operation.shop.shop-on-run-start-1", "success"),
        ("model.shop.orders", "success"),
        ("operation.shop.shop-on-run-end-0", "success"),
    ]
    check_invariants(shop)


async def test_hooks_stand_in_the_manifest_with_what_they_refer_to(shop: Path) -> None:
    hooks(shop, end="select * from {{ ref('orders') }}")

    await run(shop)

    manifest = json.loads((shop / "target" / "manifest.json").read_bytes())
    hook = manifest["nodes"]["operation.shop.shop-on-run-end-0"]
    assert hook["resource_type"] == "operation"
    assert hook["tags"] == ["on-run-end"]
    assert hook["depends_on"]["nodes"] == ["model.shop.orders"]
    assert hook["compiled_code"] == 'select * from "main"."orders"'
    assert manifest["child_map"]["model.shop.orders"] == [hook["unique_id"]]


async def test_packages_hooks_run_first_by_name_and_the_projects_last(shop: Path) -> None:
    for name in ("zebra", "ant"):
        package = shop / "dbt_packages" / name
        package.mkdir(parents=True)
        (package / "dbt_project.yml").write_text(
            f"name: {name}\nversion: '1.0'\non-run-end: \"insert into audit values ('{name}')\"\n"
        )
    (shop / "packages.yml").write_text("packages: [{local: zebra}, {local: ant}]\n")
    hooks(shop, start=AUDIT, end=["insert into audit values ('shop')"])

    ran = await run(shop)

    assert audit(shop) == ["ant", "zebra", "shop"]
    named = [e.node.display_name for e in ran.events if isinstance(e, NodeStarted)]
    assert named[2:] == ["ant.on-run-end.0", "zebra.on-run-end.1", "shop.on-run-end.2"]


async def test_end_hooks_see_results_and_schemas(shop: Path) -> None:
    (shop / "models" / "broken.sql").write_text(BROKEN)
    (shop / "macros").mkdir()
    (shop / "macros" / "tell.sql").write_text(
        "{% macro tell(results) %}{% for result in results %}"
        "{% set told = result.to_dict() %}"
        "{{ log([result.node.unique_id, result.node.config.materialized, told.status,"
        " told.node.alias, told.timing | length, result.message] | join(' | '), info=true) }}"
        "{% endfor %}{% endmacro %}"
    )
    hooks(
        shop,
        end=[
            "{{ tell(results | sort(attribute='node.name')) }}",
            "{% if execute %}{% set text = tojson(results[0].to_dict()) %}"
            "{{ log(schemas ~ database_schemas ~ (text | length > 100), info=true) }}{% endif %}",
        ],
    )

    ran = await run(shop)

    assert ran.outcome.error is None, ran.outcome.error
    broken, orders, schemas = logged(ran.events)
    assert broken.startswith("model.shop.broken | view | error | broken | 2 | Database Error in")
    assert orders == "model.shop.orders | view | success | orders | 2 | OK"
    assert schemas == "['main'][(None, 'main')]True"
    assert ran.exit_code == 1


async def test_results_and_graph_are_as_packages_read_them(shop: Path) -> None:
    (shop / "models" / "broken.sql").write_text(BROKEN)
    (shop / "tests").mkdir()
    (shop / "tests" / "none_left.sql").write_text("select 1 as id from {{ ref('orders') }} where 0")
    (shop / "macros").mkdir()
    (shop / "macros" / "tell.sql").write_text(
        "{% macro tell(results) %}{% for result in results | sort(attribute='node.name') %}"
        "{% set refreshed = result.node.config.full_refresh %}"
        "{% do graph.nodes[result.node.unique_id].pop('raw_code', none) %}"
        "{% do graph.setdefault('told', []).append(result.node.name) %}"
        "{{ log([result.node.name, refreshed is none, result.adapter_response._message,"
        " graph.nodes[result.node.unique_id].raw_code is defined, result.message] | join(' | '),"
        " info=true) }}{% endfor %}"
        "{{ log(graph.told | join(' '), info=true) }}{% endmacro %}"
    )
    hooks(shop, end="{% if execute %}{{ tell(results) }}{% endif %}")

    ran = await run(shop, "build")

    broken, none_left, orders, told = logged(ran.events)
    assert broken.startswith("broken | True |  | False | Database Error in model broken")
    assert "\n  " in broken
    assert none_left == "none_left | True | SELECT 1 | False | None"
    assert orders == "orders | True | OK | False | OK"
    assert told == "broken none_left orders"


async def test_thread_of_a_hook_is_called_as_dbts_is(shop: Path) -> None:
    hooks(shop, start="{% if execute %}{{ log(thread_id, info=true) }}{% endif %}")

    ran = await run(shop)

    assert logged(ran.events) == ["MainThread"]
    document = json.loads((shop / "target" / "run_results.json").read_bytes())
    assert {entry["thread_id"] for entry in document["results"]} == {"main", "Thread-1"}


async def test_arguments_and_times_are_as_packages_take_them(shop: Path) -> None:
    (shop / "macros").mkdir()
    (shop / "macros" / "tell.sql").write_text(
        "{% macro tell() %}"
        "{{ log(['full_refresh', 'event_time_start', 'vars', 'select', 'print', 'warn_error'] "
        "| select('in', invocation_args_dict) | join(' '), info=true) }}"
        "{% set took = modules.datetime.datetime.utcnow() - results[0].timing[0].started_at %}"
        "{{ log(took.total_seconds() < 60, info=true) }}{% endmacro %}"
    )
    hooks(shop, end="{% if execute %}{{ tell() }}{% endif %}")

    ran = await run(shop, vars={"x": 1})

    assert ran.outcome.error is None, ran.outcome.error
    assert logged(ran.events) == ["vars select print", "True"]


@pytest.mark.parametrize("position", [0, 1, 2])
async def test_a_start_hook_that_fails_skips_those_behind_it_and_no_node(
    shop: Path, position: int
) -> None:
    texts = [AUDIT, "insert into audit values ('a')", "insert into audit values ('b')"]
    texts[position] = BROKEN
    hooks(shop, start=texts, end="select 1")

    ran = await run(shop)

    statuses = [result.status for result in ran.outcome.results]
    skipped = [event for event in ran.events if isinstance(event, NodeSkipped)]
    assert [(event.index, event.total) for event in skipped] == [
        (number, 3) for number in range(position + 2, 4)
    ]
    assert statuses[:position] == [Status.SUCCESS] * position
    assert statuses[position] is Status.ERROR
    assert statuses[position + 1 : 3] == [Status.SKIPPED] * (2 - position)
    assert statuses[3:] == [Status.SUCCESS, Status.SUCCESS]
    assert ran.exit_code == 1
    assert "orders" in relations(shop)
    assert len(run_results(shop)) == 5
    check_invariants(shop)


async def test_what_a_hook_sends_is_told_and_what_sends_nothing_is_not(shop: Path) -> None:
    hooks(shop, start=[AUDIT, "{% set nothing = 1 %}"])

    ran = await run(shop)

    ended = [event for event in ran.events if isinstance(event, NodeFinished)]
    assert [(event.result.node.name, event.index, event.total) for event in ended][:2] == [
        ("shop-on-run-start-0", 1, 2),
        ("shop-on-run-start-1", 2, 2),
    ]
    sent = [event for event in ran.events if isinstance(event, NodeExecuted)]
    assert [(event.node.name, event.sql) for event in sent][:-1] == [("shop-on-run-start-0", AUDIT)]
    assert sent[-1].node.name == "orders"


@pytest.mark.parametrize(("start", "times"), [((), 1), (AUDIT, 2)], ids=["none", "one"])
async def test_schemas_are_listed_again_where_a_hook_was_run(
    shop: Path, monkeypatch: pytest.MonkeyPatch, start: Any, times: int
) -> None:
    list_relations = SqliteAdapter.list_relations
    listed: list[object] = []

    async def noted(self: SqliteAdapter, namespace: Any) -> Any:
        listed.append(namespace)
        return await list_relations(self, namespace)

    monkeypatch.setattr(SqliteAdapter, "list_relations", noted)
    hooks(shop, start=start)

    await run(shop)

    assert len(listed) == times


async def test_a_start_hook_that_fails_is_a_result_that_end_hooks_see(shop: Path) -> None:
    hooks(
        shop,
        start=["select 1", BROKEN],
        end="{{ log(results | map(attribute='status') | join(' '), info=true) }}",
    )

    ran = await run(shop)

    assert logged(ran.events) == ["error success"]


async def test_nodes_are_skipped_after_a_failed_start_hook_where_the_flag_says_so(
    shop: Path,
) -> None:
    flag = "flags: {skip_nodes_if_on_run_start_fails: true}\n"
    hooks(shop, start=BROKEN, end=[AUDIT, "insert into audit values ('end')"], more=flag)

    ran = await run(shop)

    assert ran.result("orders").status is Status.SKIPPED
    assert ran.result("orders").because == "operation.shop.shop-on-run-start-0"
    assert audit(shop) == ["end"]
    assert ran.exit_code == 1
    check_invariants(shop)


@pytest.mark.parametrize("position", [0, 1])
async def test_an_end_hook_that_fails_turns_the_exit_code(shop: Path, position: int) -> None:
    texts = ["select 1", "select 2"]
    texts[position] = BROKEN
    hooks(shop, end=texts)

    ran = await run(shop)

    failed = ran.result(f"shop-on-run-end-{position}")
    assert failed.error is not None
    assert failed.error.title == (
        f"Database Error in operation shop-on-run-end-{position} (./dbt_project.yml)"
    )
    assert str(failed.error.location).startswith("dbt_project.yml:5")
    assert ran.exit_code == 1
    check_invariants(shop)


async def test_a_start_hook_whose_template_fails_ends_the_run(shop: Path) -> None:
    hooks(shop, start="{{ 1 / 0 if execute }}")

    ran = await run(shop)

    assert ran.exit_code == 2
    assert "ZeroDivisionError" in str(ran.outcome.error)
    assert "dbt_project.yml:5" in str(ran.outcome.error)
    assert "ZeroDivisionError" in ran.error("shop-on-run-start-0")
    assert ran.result("orders").status is Status.SKIPPED


async def test_a_start_hook_whose_template_fails_in_the_database_ends_the_run(shop: Path) -> None:
    """It may have been the check that is to keep the models from being built."""
    hooks(shop, start="{% set found = run_query('" + BROKEN + "') %}", end=AUDIT)

    ran = await run(shop)

    assert ran.exit_code == 2
    assert "no such table: nowhere" in str(ran.outcome.error)
    assert "no such table: nowhere" in ran.error("shop-on-run-start-0")
    assert ran.result("orders").status is Status.SKIPPED
    assert ran.result("shop-on-run-end-0").status is Status.SKIPPED
    assert relations(shop) == {}


async def test_an_end_hook_whose_template_fails_is_a_failed_hook(shop: Path) -> None:
    hooks(shop, end="{{ 1 / 0 if execute }}")

    ran = await run(shop)

    assert ran.exit_code == 1
    assert "ZeroDivisionError" in ran.error("shop-on-run-end-0")
    assert ran.result("orders").status is Status.SUCCESS


async def test_an_empty_hook_is_passed_over(shop: Path) -> None:
    hooks(shop, start=["", "{{ log('said', info=true) }}"], end="{% if false %}nonsense{% endif %}")

    ran = await run(shop)

    assert ran.exit_code == 0
    assert logged(ran.events) == ["said"]
    assert len(run_results(shop)) == 4


async def test_end_hooks_run_after_fail_fast(shop: Path) -> None:
    (shop / "models" / "broken.sql").write_text(BROKEN)
    hooks(shop, start=AUDIT, end="insert into audit values ('end: {{ results | length }}')")

    ran = await run(shop, fail_fast=True, threads=1)

    assert audit(shop) == ["end: 2"]
    assert ran.exit_code == 1


async def test_a_ref_that_only_the_run_finds_is_an_error_of_the_hook(shop: Path) -> None:
    hooks(shop, end="{% if execute %}select * from {{ ref('orders') }}{% endif %}")

    ran = await run(shop)

    assert "unable to infer all dependencies" in ran.error("shop-on-run-end-0")


async def test_a_hook_that_refers_to_nothing_there_stops_everything(shop: Path) -> None:
    hooks(shop, start=["select 1", "select * from {{ ref('ordres') }}"])

    ran = await run(shop)

    assert ran.exit_code == 2
    assert "dbt_project.yml:5" in str(ran.outcome.error)
    assert "Did you mean 'orders'?" in str(ran.outcome.error)
    assert relations(shop) == {} if (shop / "shop.db").exists() else True


async def test_an_ephemeral_model_can_stand_in_a_hook(shop: Path) -> None:
    (shop / "models" / "thin.sql").write_text(
        "{{ config(materialized='ephemeral') }} select 'thin' as what"
    )
    hooks(shop, start=AUDIT, end="insert into audit select what from {{ ref('thin') }}")

    ran = await run(shop)

    # The common table expression has to stand in front, which SQLite allows for INSERT too.
    assert ran.exit_code == 0, ran.outcome.results
    assert audit(shop) == ["thin"]


async def test_what_a_start_hook_drops_is_not_taken_for_there(shop: Path) -> None:
    (shop / "models" / "orders.sql").write_text(
        "{{ config(materialized='incremental') }} select 1 as id"
    )
    await run(shop)
    hooks(shop, start="drop table orders")

    ran = await run(shop)

    assert ran.exit_code == 0
    assert rows(shop, "select count(*) from orders") == [(1,)]


async def test_compile_and_an_empty_selection_run_no_hooks(shop: Path) -> None:
    hooks(shop, start=AUDIT)

    compiled = await run(shop, "compile")
    nothing = await run(shop, select=("tag:none",))

    assert (compiled.exit_code, nothing.exit_code) == (0, 0)
    assert relations(shop) == {}


@pytest.mark.parametrize("kind", ["start", "end"])
async def test_a_cancelled_hook_ends_and_the_rest_has_a_status(shop: Path, kind: str) -> None:
    texts = [AUDIT, ENDLESS, "insert into audit values ('after')"]
    hooks(shop, start=texts if kind == "start" else (), end=texts if kind == "end" else ())
    recorder, loop = Recorder(), asyncio.get_running_loop()

    async with anyio.create_task_group() as tasks:

        class Watch:
            def handle(self, event: Event) -> None:
                if isinstance(event, NodeStarted) and event.node.name.endswith(f"{kind}-1"):
                    loop.call_soon_threadsafe(tasks.cancel_scope.cancel)

            def close(self) -> None:
                pass

        await invoke(Options(), reporters=[recorder, Watch()], environ={}, cwd=shop)

    planned = next(e for e in recorder.events if isinstance(e, RunStarted))
    statuses = run_results(shop)
    assert statuses.keys() == {node.unique_id for node in planned.everything}
    assert statuses[f"operation.shop.shop-on-run-{kind}-1"] == "cancelled"
    assert statuses[f"operation.shop.shop-on-run-{kind}-2"] == "skipped"
    assert statuses["model.shop.orders"] == ("skipped" if kind == "start" else "success")
    assert audit(shop) == []
    assert "endless" not in relations(shop)

    check_invariants(shop)


async def test_what_a_failed_build_left_standing_is_still_known_afterwards(shop: Path) -> None:
    look = "{{ adapter.get_relation(none, target.schema, 'orders') or 'nothing' }}"
    (shop / "models" / "orders.sql").write_text(
        "{{ config(materialized='table') }} select 1 as id{{ ', no' if var('break', false) }}"
    )
    hooks(shop, end=["{% do log(" + look.strip("{} ") + ", info=true) %}"])
    await run(shop)

    ran = await run(shop, vars={"break": True})

    assert ran.statuses["orders"] is Status.ERROR
    assert logged(ran.events) == ['"main"."orders"']
    assert rows(shop, "select id from orders") == [(1,)]
