"""Run hooks, operations, comments and freshness on PostgreSQL."""

from __future__ import annotations

import json

import anyio
import pytest
from headrace import Status
from headrace.engine.core.events import MessageLogged

from .support import Shop

PROJECT = "name: shop\nversion: '1.0'\nconfig-version: 2\nprofile: shop\n"


async def test_the_server_sees_whose_a_statement_is(shop: Shop) -> None:
    shop.table("orders", "select query from pg_stat_activity where pid = pg_backend_pid()")

    ran = await shop.run()

    assert ran.exit_code == 0, ran.outcome.results
    ((query,),) = await shop.fetch("select query from {schema}.orders")
    assert query.startswith('/* {"app": "headrace", ')
    assert '"node_id": "model.shop.orders"' in query.splitlines()[0]


async def test_an_error_points_to_its_line_in_spite_of_the_comment(shop: Shop) -> None:
    shop.table("orders", "select 1 as id,\n  nothing as x")
    shop.table("asking", "{% set found = run_query('select 1,\n  nowt') %}select 1 as id")

    ran = await shop.run()

    assert "nothing as x" in ran.error("orders")
    assert "models/orders.sql:3" in ran.error("orders")
    assert "LINE 2:   nowt" in ran.error("asking")


@pytest.mark.parametrize("after", ["/* done */", "/* done */;", "-- done", "/* a /* b */ c */ ;"])
async def test_a_statement_that_ends_in_a_comment_is_sent(shop: Shop, after: str) -> None:
    await shop.execute("create table {schema}.audit (what text)")
    shop.write(
        "models/orders.sql",
        "{{ config(materialized='table', pre_hook=\"insert into {{ target.schema }}.audit "
        f"values ('before') {after}\", post_hook=\"/* as well */ insert into "
        f"{{{{ target.schema }}}}.audit values ('after') {after}\") }}}} select 1 as id",
    )

    await shop.build()

    assert await shop.fetch("select what from {schema}.audit") == [("before",), ("after",)]


@pytest.mark.parametrize("hook", ["/* a */", "-- a", " ; /* a /* b */ c */ ;"])
async def test_a_hook_of_comments_alone_is_nothing(shop: Shop, hook: str) -> None:
    shop.table("orders", f"{{{{ config(pre_hook='{hook}') }}}} select 1 as id")

    await shop.build()

    assert await shop.fetch("select id from {schema}.orders") == [(1,)]


async def test_a_hook_stands_in_no_transaction(shop: Shop) -> None:
    shop.write(
        "dbt_project.yml",
        PROJECT
        + 'on-run-start: ["create table {{ target.schema }}.audit (what text)",'
        + ' "vacuum {{ target.schema }}.audit"]\n'
        + 'on-run-end: ["insert into {{ target.schema }}.audit values'
        + ' (\'{{ schemas | join }}\')", "select * from nowhere"]\n',
    )
    shop.table("orders", "select 1 as id")

    ran = await shop.run()

    assert await shop.fetch("select what from {schema}.audit") == [(shop.schema,)]
    assert ran.statuses["shop-on-run-start-1"] is Status.SUCCESS
    assert ran.statuses["shop-on-run-end-1"] is Status.ERROR
    assert ran.exit_code == 1


async def test_an_endless_hook_ends_on_the_server_when_it_is_cancelled(shop: Shop) -> None:
    shop.write("dbt_project.yml", PROJECT + 'on-run-start: "select pg_sleep(600)"\n')
    shop.table("orders", "select 1 as id")
    running = (
        "select count(*) from pg_stat_activity "
        "where query like '%pg_sleep(600)' and state = 'active'"
    )

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(shop.run)
        with anyio.fail_after(20):
            while await shop.fetch(running) != [(1,)]:
                await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()

    assert await shop.fetch(running) == [(0,)]
    results = json.loads((shop.root / "target" / "run_results.json").read_bytes())["results"]
    assert [result["status"] for result in results] == ["cancelled", "skipped"]


async def test_what_an_operation_sends_stays_without_a_commit(shop: Shop) -> None:
    shop.write(
        "macros/make.sql",
        "{% macro make() %}"
        "{% do adapter.create_schema(api.Relation.create(schema=target.schema)) %}"
        "{% do run_query('create table ' ~ target.schema ~ '.made (id int)') %}"
        "{% call statement('x') %}insert into {{ target.schema }}.made values (1){% endcall %}"
        "{{ log(run_query('select id from ' ~ target.schema ~ '.made').columns[0].values() | list,"
        " info=true) }}{% endmacro %}",
    )

    ran = await shop.run("run-operation", macro="make")

    assert ran.exit_code == 0, ran.outcome.results
    assert [e.message for e in ran.events if isinstance(e, MessageLogged)] == ["[1]"]
    assert await shop.fetch("select id from {schema}.made") == [(1,)]


async def test_freshness_reads_every_kind_of_moment_as_utc(shop: Shop) -> None:
    shop.table(
        "visits",
        "select now() - interval '5 minutes' as aware,\n"
        "  (now() - interval '5 minutes') at time zone 'UTC' as naive,\n"
        "  (now() at time zone 'UTC')::date - 1 as day",
    )
    await shop.run()
    shop.write(
        "models/sources.yml",
        "sources: [{name: web, schema: '{{ target.schema }}', freshness: {error_after: "
        "{count: 10, period: minute}}, tables: ["
        + ", ".join(
            f"{{name: {name}, identifier: visits, loaded_at_field: {name}}}"
            for name in ("aware", "naive", "day")
        )
        + "]}]",
    )

    ran = await shop.run("freshness")

    assert ran.statuses == {"aware": Status.PASS, "naive": Status.PASS, "day": Status.ERROR}
    for name in ("aware", "naive"):
        age = ran.result(name).source_age
        assert age is not None
        assert 299 < age.seconds < 330


@pytest.mark.parametrize("hook", ["-- nothing", ";", "/* nothing */ ;"])
async def test_statement_without_anything_in_it_is_passed_over(shop: Shop, hook: str) -> None:
    shop.write("dbt_project.yml", f'{PROJECT}on-run-start: ["{hook}"]\n')
    config = (
        f"{{{{ config(pre_hook={{'sql': '{hook}', 'transaction': false}}, post_hook='{hook}') }}}}"
    )
    shop.write("models/orders.sql", f"{config}select 1 as id")

    ran = await shop.run()

    assert set(ran.statuses.values()) == {Status.SUCCESS}


@pytest.mark.parametrize("hook", ["pre_hook='begin; select 1; commit'", "post_hook='commit'"])
async def test_hook_that_ends_the_transaction_leaves_nothing_behind(shop: Shop, hook: str) -> None:
    shop.write("models/orders.sql", f"{{{{ config(materialized='table', {hook}) }}}}select 1 as id")
    await shop.run()

    ran = await shop.run()

    assert ran.statuses == {"orders": Status.SUCCESS}
    assert await shop.relations() == {"orders": "r"}
