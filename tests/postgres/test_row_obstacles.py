"""Rows that a trigger or a rule keeps from going and coming are an error; nothing is changed."""

from __future__ import annotations

import pytest

from .support import Shop

SWALLOW = (
    "create function {schema}.swallow() returns trigger language plpgsql as "
    "'begin return null; end'; "
)


def trigger(what: str) -> tuple[str, str]:
    sql = (
        f"{SWALLOW} create trigger swallow before {what} on {{schema}}.orders for each row "
        "execute function {schema}.swallow()"
    )
    return sql, "trigger swallow on table"


def rule(what: str) -> tuple[str, str]:
    return (
        f"create rule no as on {what} to {{schema}}.orders do instead nothing",
        "rule no on table",
    )


async def rows(shop: Shop) -> list[tuple[int, str]]:
    return [(row[0], row[1]) for row in await shop.fetch("select id, kind from {schema}.orders")]


def incremental(shop: Shop, sql: str, strategy: str, key: str = "id") -> None:
    config = (
        f"config(materialized='incremental', incremental_strategy='{strategy}', unique_key='{key}')"
    )
    shop.write("models/orders.sql", f"{{{{ {config} }}}} {sql}")


@pytest.mark.parametrize(
    ("strategy", "hung"),
    [
        ("append", trigger("insert")),
        ("append", rule("insert")),
        ("delete+insert", trigger("insert")),
        ("delete+insert", trigger("delete")),
        ("delete+insert", rule("delete")),
        ("merge", trigger("insert")),
        ("merge", trigger("update")),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0].split(" on ")[0][-30:],
)
async def test_incremental_model(shop: Shop, strategy: str, hung: tuple[str, str]) -> None:
    incremental(shop, "select 1 as id, 'a' as kind", strategy)
    await shop.build()
    await shop.execute(hung[0])
    incremental(shop, "select 1 as id, 'b' as kind union all select 2, 'c'", strategy)

    ran = await shop.run()

    assert ran.exit_code == 1
    assert hung[1] in ran.error("orders")
    assert "Nothing was changed" in ran.error("orders")
    assert await rows(shop) == [(1, "a")]


@pytest.mark.parametrize("strategy", ["append", "delete+insert", "merge"])
async def test_trigger_that_lets_rows_through_is_no_obstacle(shop: Shop, strategy: str) -> None:
    incremental(shop, "select 1 as id, 'a' as kind", strategy)
    await shop.build()
    await shop.execute(
        "create function {schema}.pass() returns trigger language plpgsql as "
        "'begin return coalesce(new, old); end'; "
        "create trigger passing before insert or update or delete on {schema}.orders "
        "for each row execute function {schema}.pass()"
    )
    incremental(shop, "select 1 as id, 'b' as kind union all select 2, 'c'", strategy)

    ran = await shop.build()

    there = [(1, "a")] if strategy == "append" else []
    assert sorted(await rows(shop)) == [*there, (1, "b"), (2, "c")]
    assert ran.result("orders").message in ("INSERT 0 2", "MERGE 2")


@pytest.mark.parametrize("hung", [trigger("delete"), rule("delete"), trigger("insert")])
async def test_batch(shop: Shop, hung: tuple[str, str]) -> None:
    config = (
        "config(materialized='incremental', incremental_strategy='microbatch', event_time='at', "
        "batch_size='day', begin='2024-01-01')"
    )
    sql = "select 1 as id, 'a' as kind, timestamp '2024-01-01 12:00' as at"
    shop.write("models/orders.sql", f"{{{{ {config} }}}} {sql}")
    await shop.build(event_time_start="2024-01-01", event_time_end="2024-01-02")
    await shop.execute(hung[0])

    ran = await shop.run(event_time_start="2024-01-01", event_time_end="2024-01-02")

    assert ran.exit_code == 1
    assert await rows(shop) == [(1, "a")]


@pytest.mark.parametrize("hung", [trigger("update"), trigger("insert"), rule("update")])
async def test_snapshot(shop: Shop, hung: tuple[str, str]) -> None:
    await shop.execute("create table {schema}.raw as select 1 as id, 'a' as kind")
    shop.write(
        "snapshots/orders.sql",
        "{% snapshot orders %}{{ config(unique_key='id', strategy='check', check_cols='all', "
        f"target_schema='{shop.schema}') }}}} select * from {shop.schema}.raw {{% endsnapshot %}}",
    )
    await shop.run("snapshot")
    await shop.execute(hung[0])
    await shop.execute("update {schema}.raw set kind = 'b'")

    ran = await shop.run("snapshot")

    assert ran.exit_code == 1
    assert hung[1] in ran.error("orders")
    assert await rows(shop) == [(1, "a")]
    assert await shop.fetch("select dbt_valid_to from {schema}.orders") == [(None,)]


@pytest.mark.parametrize("hung", [trigger("delete"), rule("delete"), trigger("insert")])
async def test_seed(shop: Shop, hung: tuple[str, str]) -> None:
    shop.write("seeds/orders.csv", "id,kind\n1,a\n")
    await shop.run("seed")
    await shop.execute(hung[0])
    shop.write("seeds/orders.csv", "id,kind\n2,b\n3,c\n")

    ran = await shop.run("seed")

    assert ran.exit_code == 1
    assert hung[1] in ran.error("orders")
    assert await rows(shop) == [(1, "a")]


@pytest.mark.parametrize("strategy", ["delete+insert", "merge"])
async def test_tables_that_inherit_keep_their_rows(shop: Shop, strategy: str) -> None:
    incremental(shop, "select 1 as id, 'a' as kind", strategy)
    await shop.build()
    await shop.execute(
        "create table {schema}.child () inherits ({schema}.orders); "
        "insert into {schema}.child values (1, 'kept')"
    )
    incremental(shop, "select 1 as id, 'b' as kind", strategy)

    await shop.build()

    assert sorted(await rows(shop)) == [(1, "b"), (1, "kept")]
    assert await shop.fetch("select kind from {schema}.child") == [("kept",)]


async def test_seed_leaves_tables_that_inherit_alone_and_fills_partitions(shop: Shop) -> None:
    await shop.execute(
        "create table {schema}.parted (id int) partition by list (id); "
        "create table {schema}.part partition of {schema}.parted default; "
        "insert into {schema}.parted values (9)"
    )
    shop.write("seeds/orders.csv", "id,kind\n1,a\n")
    shop.write("seeds/parted.csv", "id\n1\n")
    await shop.run("seed", select=("orders",))
    await shop.execute(
        "create table {schema}.child () inherits ({schema}.orders); "
        "insert into {schema}.child values (7, 'kept')"
    )

    ran = await shop.run("seed")

    assert ran.exit_code == 0
    assert sorted(await rows(shop)) == [(1, "a"), (7, "kept")]
    assert await shop.fetch("select id from {schema}.part") == [(1,)]


async def test_truncate_relation_empties_the_table_alone_or_fails(shop: Shop) -> None:
    shop.table("orders", "select 1 as id, 'a' as kind")
    await shop.build()
    shop.write(
        "macros/empty.sql",
        "{% macro empty() %}{% do adapter.truncate_relation(api.Relation.create("
        f"schema='{shop.schema}', identifier='orders', type='table')) %}}{{% endmacro %}}",
    )
    await shop.execute(
        "create table {schema}.child () inherits ({schema}.orders); "
        "insert into {schema}.child values (7, 'kept')"
    )
    await shop.execute(rule("delete")[0])

    refused = await shop.run("run-operation", macro="empty")
    after_refusal = await rows(shop)
    await shop.execute("drop rule no on {schema}.orders")
    emptied = await shop.run("run-operation", macro="empty")

    assert (refused.exit_code, emptied.exit_code) == (1, 0)
    assert sorted(after_refusal) == [(1, "a"), (7, "kept")]
    assert await rows(shop) == [(7, "kept")]
