"""Snapshots on PostgreSQL: digests, types, and what a table gets besides its rows."""

from __future__ import annotations

import asyncio

import anyio
import pytest

from ..building.support import run
from .support import Shop

CHECK = "strategy='check', unique_key='id', check_cols='all'"
TIMESTAMP = "strategy='timestamp', unique_key='id', updated_at='at'"


def write(shop: Shop, config: str, sql: str) -> None:
    shop.write(
        "snapshots/kept.sql",
        f"{{% snapshot kept %}}{{{{ config({config}) }}}}\n{sql}\n{{% endsnapshot %}}",
    )


async def snapshot(shop: Shop, config: str, *days: str) -> None:
    for day in days:
        write(shop, config, day)
        await shop.build(command="snapshot")


@pytest.mark.parametrize("config", [CHECK, TIMESTAMP])
async def test_id_is_the_digest_of_key_and_time(shop: Shop, config: str) -> None:
    await snapshot(shop, config, "select 1 as id, timestamp '2020-01-02 03:04:05.5' as at")

    assert await shop.fetch(
        "select dbt_scd_id = md5(id::varchar || '|' || dbt_updated_at::varchar), "
        "pg_typeof(dbt_valid_to)::text from {schema}.kept"
    ) == [(True, "timestamp without time zone")]


async def test_history_that_somebody_else_has_begun_is_gone_on_with(shop: Shop) -> None:
    await shop.execute(
        "create table {schema}.kept as select 1 as id, timestamp '2020-01-01' as at, "
        "md5('1|2020-01-01 00:00:00') as dbt_scd_id, timestamp '2020-01-01' as dbt_updated_at, "
        "timestamp '2020-01-01' as dbt_valid_from, null::timestamp as dbt_valid_to"
    )

    await snapshot(shop, TIMESTAMP, "select 1 as id, timestamp '2020-01-02' as at")

    assert await shop.fetch(
        "select dbt_valid_from::date::text, dbt_valid_to::date::text from {schema}.kept order by 1"
    ) == [("2020-01-01", "2020-01-02"), ("2020-01-02", None)]


async def test_texts_that_grow_make_their_column_wider(shop: Shop) -> None:
    await snapshot(
        shop,
        CHECK,
        "select 1 as id, 'ab'::varchar(2) as name",
        "select 1 as id, 'abcd'::varchar(4) as name",
    )

    assert await shop.fetch("select name from {schema}.kept order by 1") == [("ab",), ("abcd",)]


async def test_times_of_another_type_are_warned_of(shop: Shop) -> None:
    write(shop, TIMESTAMP, "select 1 as id, timestamptz '2020-01-02 00:00+00' as at")

    warnings = [(await shop.build(command="snapshot")).warnings for _ in range(2)]

    for (warning,) in warnings:
        assert "columns (timestamp without time zone) doesn't match" in warning
        assert "(timestamp with time zone)" in warning


async def test_indexes_comments_and_grants(shop: Shop) -> None:
    config = (
        f"{CHECK}, indexes=[{{'columns': ['id']}}], persist_docs={{'relation': true}}, "
        "grants={'select': ['public']}"
    )
    shop.write("snapshots/s.yml", "snapshots: [{name: kept, description: All of them.}]")

    await snapshot(shop, config, "select 1 as id", "select 2 as id")

    assert await shop.fetch(
        "select obj_description('{schema}.kept'::regclass), "
        "(select count(*) from pg_index where indrelid = '{schema}.kept'::regclass), "
        "(select relacl::text like '%,=r/%' from pg_class where oid = '{schema}.kept'::regclass)"
    ) == [("All of them.", 1, True)]
    assert await shop.relations() == {"kept": "r"}


async def test_views_on_a_snapshot_are_let_be(shop: Shop) -> None:
    await snapshot(shop, CHECK, "select 1 as id")
    await shop.execute("create view {schema}.current as select id from {schema}.kept")

    await snapshot(shop, CHECK, "select 2 as id, 'x' as more")

    assert await shop.fetch("select id from {schema}.current order by 1") == [(1,), (2,)]


async def test_readers_see_the_whole_history_all_the_time(shop: Shop) -> None:
    await snapshot(shop, CHECK, "select n as id, 0 as round from generate_series(1, 50) as n")
    seen = set()

    async def read() -> None:
        async with shop.server.connect() as driver:
            while True:
                seen.add(
                    await driver.fetchval(
                        f"select count(*) from {shop.schema}.kept where dbt_valid_to is null"
                    )
                )

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        for number in range(1, 4):
            await snapshot(
                shop, CHECK, f"select n as id, {number} as round from generate_series(1, 50) as n"
            )
        tasks.cancel_scope.cancel()

    assert seen == {50}


async def test_snapshot_that_is_cancelled_leaves_the_history_as_it_was(shop: Shop) -> None:
    await snapshot(shop, CHECK, "select 1 as id")
    before = await shop.fetch("select * from {schema}.kept")
    write(shop, f"{CHECK}, post_hook='select pg_sleep(60)'", "select 2 as id, 'x' as more")
    running = asyncio.ensure_future(run(shop.root, "snapshot"))
    while not any("pg_sleep" in str(row) for row in await shop.server.backends()):
        assert not running.done()
        await anyio.sleep(0.02)

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert not any("pg_sleep" in str(row) for row in await shop.server.backends())
    assert await shop.fetch("select * from {schema}.kept") == before


async def test_text_that_grows_under_a_view_is_refused_and_named(shop: Shop) -> None:
    await snapshot(shop, CHECK, "select 1 as id, 'ab'::varchar(2) as name")
    await shop.execute("create view {schema}.names as select name from {schema}.kept")
    write(shop, CHECK, "select 1 as id, 'abcd'::varchar(4) as name")

    ran = await shop.run("snapshot")

    assert "used by a view" in ran.error("kept")
    assert await shop.fetch("select name from {schema}.names") == [("ab",)]
