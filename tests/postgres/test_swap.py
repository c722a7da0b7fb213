"""A relation is built anew while others read it, and what hangs on it stays."""

from __future__ import annotations

import time

import anyio
import pytest

from .support import Readers, Shop


async def test_views_of_ours_and_of_others_follow_a_table(shop: Shop) -> None:
    shop.table("orders", "select 1 as id, 'a' as kind")
    shop.view("recent", "select id from {{ ref('orders') }}")
    await shop.build()
    await shop.execute(
        "create view {schema}.theirs as select id, kind from {schema}.orders;"
        "create view {schema}.over_theirs with (security_barrier) as "
        "select t.id, o.kind from {schema}.theirs t join {schema}.orders o using (id)"
    )
    shop.table("orders", "select 2 as id, 'b' as kind, true as is_new")

    await shop.build(select=("orders",))

    assert await shop.fetch("select id, kind from {schema}.theirs") == [(2, "b")]
    assert await shop.fetch("select id, kind from {schema}.over_theirs") == [(2, "b")]
    assert await shop.fetch("select id from {schema}.recent") == [(2,)]
    assert await shop.fetch(
        "select reloptions from pg_class where oid = '{schema}.over_theirs'::regclass"
    ) == [(["security_barrier=true"],)]


@pytest.mark.parametrize("more", ["", ", indexes=[{'columns': ['id']}]"], ids=["plain", "indexed"])
async def test_result_counts_the_rows_of_a_table(shop: Shop, more: str) -> None:
    config = f"{{{{ config(materialized='table'{more}) }}}} "
    for count in (3, 5):  # where nothing was, and in the place of the first
        shop.write(
            "models/orders.sql", f"{config} select n as id from generate_series(1, {count}) as n"
        )

        ran = await shop.build()

        assert ran.result("orders").message == f"SELECT {count}"
        assert ran.result("orders").adapter_response["rows_affected"] == count


async def test_grants_comments_and_owner_are_kept(shop: Shop) -> None:
    reader, owner = f"{shop.schema}_reader", f"{shop.schema}_owner"
    shop.table("orders", "select 1 as id, 'a' as kind")
    await shop.build()
    await shop.execute(
        f"create role {reader}; create role {owner}; grant create on schema {{schema}} to {owner};"
        f"grant select on {{schema}}.orders to {reader} with grant option;"
        f"grant update (kind) on {{schema}}.orders to {reader};"
        "comment on table {schema}.orders is 'Ours''s'; "
        "comment on column {schema}.orders.kind is 'What kind';"
        f"alter table {{schema}}.orders owner to {owner}"
    )
    try:
        await shop.build()

        (kept,) = await shop.fetch(
            f"select has_table_privilege('{reader}', c.oid, 'SELECT WITH GRANT OPTION'), "
            f"has_column_privilege('{reader}', c.oid, 'kind', 'UPDATE'), "
            f"has_column_privilege('{reader}', c.oid, 'id', 'UPDATE'), "
            "obj_description(c.oid), col_description(c.oid, 2), relowner::regrole::text "
            "from pg_class c where oid = '{schema}.orders'::regclass"
        )
        assert kept == (True, True, False, "Ours's", "What kind", owner)
    finally:
        await shop.execute(f"drop owned by {reader}, {owner}; drop role {reader}, {owner}")


@pytest.mark.parametrize("sql", ["select 2 as id", "select 'b' as kind, 2.5 as id"])
async def test_view_follows_its_text_with_what_reads_it(shop: Shop, sql: str) -> None:
    shop.view("orders", "select 1 as id")
    shop.view("recent", "select count(*) as n from {{ ref('orders') }}")
    await shop.build()
    await shop.execute("create view {schema}.theirs as select count(*) as n from {schema}.orders")
    shop.view("orders", sql)

    await shop.build(select=("orders",))

    assert await shop.fetch("select n from {schema}.theirs") == [(1,)]
    assert str((await shop.fetch("select id from {schema}.orders"))[0][0])[0] == "2"


async def test_table_becomes_a_view_and_a_table_again(shop: Shop) -> None:
    shop.table("orders", "select 1 as id")
    shop.view("recent", "select id from {{ ref('orders') }}")
    await shop.build()

    shop.view("orders", "select 2 as id")
    await shop.build(select=("orders",))
    as_view = await shop.relations(), await shop.fetch("select id from {schema}.recent")
    shop.table("orders", "select 3 as id")
    await shop.build(select=("orders",))
    as_table = await shop.relations(), await shop.fetch("select id from {schema}.recent")

    assert as_view == ({"orders": "v", "recent": "v"}, [(2,)])
    assert as_table == ({"orders": "r", "recent": "v"}, [(3,)])


async def test_view_of_ours_that_no_longer_fits_goes_and_is_named(shop: Shop) -> None:
    shop.table("orders", "select 1 as id, 'a' as kind")
    shop.view("kinds", "select kind from {{ ref('orders') }}")
    shop.view("over_kinds", "select kind from {{ ref('kinds') }}")
    await shop.build()
    shop.table("orders", "select 1 as id")

    ran = await shop.build(select=("orders",))

    assert await shop.relations() == {"orders": "r"}
    assert [line.split(" no longer")[0] for line in ran.warnings] == [
        f"the view {shop.schema}.over_kinds",
        f"the view {shop.schema}.kinds",
    ]


async def test_view_of_others_that_no_longer_fits_is_an_error_that_names_it(shop: Shop) -> None:
    shop.table("orders", "select 1 as id, 'a' as kind")
    await shop.build()
    await shop.execute("create view {schema}.theirs as select kind from {schema}.orders")
    shop.table("orders", "select 2 as id")

    ran = await shop.run()

    assert ran.exit_code == 1
    assert f"the view {shop.schema}.theirs no longer fits {shop.schema}.orders" in ran.error(
        "orders"
    )
    assert await shop.fetch("select id, kind from {schema}.orders") == [(1, "a")]
    assert await shop.fetch("select kind from {schema}.theirs") == [("a",)]


async def test_materialized_view_of_others_stays_and_the_table_gets_its_rows(shop: Shop) -> None:
    shop.table("orders", "select 1 as id")
    await shop.build()
    await shop.execute("create materialized view {schema}.theirs as select id from {schema}.orders")
    shop.table("orders", "select 2 as id")

    await shop.build()
    await shop.execute("refresh materialized view {schema}.theirs")

    assert await shop.fetch("select id from {schema}.theirs") == [(2,)]
    assert await shop.relations() == {"orders": "r", "theirs": "m"}


async def test_other_columns_under_a_materialized_view_are_an_error_that_names_it(
    shop: Shop,
) -> None:
    shop.table("orders", "select 1 as id")
    await shop.build()
    await shop.execute("create materialized view {schema}.theirs as select id from {schema}.orders")
    shop.table("orders", "select 2 as id, 3 as more")

    ran = await shop.run()

    assert f"materialized view {shop.schema}.theirs" in ran.error("orders")
    assert await shop.fetch("select id from {schema}.orders") == [(1,)]


async def test_materialized_view_of_ours_goes_when_the_columns_change(shop: Shop) -> None:
    shop.table("orders", "select 1 as id")
    shop.write(
        "models/kept.sql",
        "{{ config(materialized='materialized_view') }} select id from {{ ref('orders') }}",
    )
    await shop.build()
    shop.table("orders", "select 2 as id, 3 as more")

    ran = await shop.build(select=("orders",))
    without = await shop.relations()
    await shop.build()

    assert "kept no longer fitted orders" in ran.warnings[0]
    assert without == {"orders": "r"}
    assert await shop.fetch("select id from {schema}.kept") == [(2,)]


async def test_foreign_key_of_another_table_is_an_error_that_names_it(shop: Shop) -> None:
    shop.table("orders", "select 1 as id")
    await shop.build()
    await shop.execute(
        "alter table {schema}.orders add primary key (id);"
        "create table {schema}.lines (order_id int references {schema}.orders on delete cascade);"
        "insert into {schema}.lines values (1)"
    )

    ran = await shop.run()

    assert "constraint lines_order_id_fkey" in ran.error("orders")
    assert await shop.fetch("select order_id from {schema}.lines") == [(1,)]


async def test_reader_who_keeps_the_table_is_waited_for_and_then_named(shop: Shop) -> None:
    shop.table("orders", "select 1 as id")
    await shop.build()
    shop.profile(lock_timeout=0.05, swap_timeout=0.4)
    shop.table("orders", "select 2 as id")
    readers = Readers(shop.server, [f"select id from {shop.schema}.orders"])

    async with shop.holding("select * from {schema}.orders"), readers.reading(2):
        ran = await shop.run()

    assert ran.exit_code == 1
    assert "couldn't be exchanged: for 0.4 s it was kept locked by the session" in ran.error(
        "orders"
    )
    assert readers.errors == []
    assert readers.seen == {1}
    assert readers.longest < 0.5
    await shop.build()
    assert await shop.fetch("select id from {schema}.orders") == [(2,)]


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_reader_who_keeps_the_table_for_a_minute(shop: Shop) -> None:
    shop.table("orders", "select 1 as id")
    await shop.build()
    readers = Readers(shop.server, [f"select id from {shop.schema}.orders"])
    began = time.monotonic()

    async with shop.holding("select * from {schema}.orders"), readers.reading(5):
        ran = await shop.run()

    # It gives up where the pause before the next attempt would end too late.
    assert 27 < time.monotonic() - began < 35
    assert "couldn't be exchanged: for 30 s" in ran.error("orders")
    assert readers.errors == []
    assert readers.longest < 0.5


async def test_reader_who_lets_go_in_time_delays_the_swap_only(shop: Shop) -> None:
    shop.table("orders", "select 1 as id")
    shop.view("recent", "select id from {{ ref('orders') }}")
    await shop.build()
    shop.profile(lock_timeout=0.05)
    shop.table("orders", "select 2 as id")
    shop.view("recent", "select id, id as again from {{ ref('orders') }}")

    async with anyio.create_task_group() as tasks:
        async with shop.holding("select * from {schema}.recent"):
            tasks.start_soon(shop.build)
            await anyio.sleep(0.3)

    assert await shop.fetch("select id, again from {schema}.recent") == [(2, 2)]


async def test_readers_of_a_table_and_of_views_over_it_see_old_or_new(shop: Shop) -> None:
    shop.table("orders", "select {{ var('round', 0) }} as round from generate_series(1, 50)")
    shop.view("recent", "select round from {{ ref('orders') }}")
    await shop.build()
    await shop.execute(
        "create view {schema}.theirs as select min(round) as a, max(round) as b from "
        "(select round from {schema}.orders union all select round from {schema}.recent) as t"
    )
    whole = "select case when count(distinct round) = 1 and count(*) = 50 then 'whole' end from {}"
    names = [f"{shop.schema}.orders", f"{shop.schema}.recent"]
    queries = [*(whole.format(name) for name in names), f"select 'whole' from {shop.schema}.theirs"]
    readers = Readers(shop.server, queries)

    async with readers.reading(6):
        for number in range(15):
            await shop.build(vars={"round": number})

    assert readers.errors == []
    assert readers.seen == {"whole"}
    assert readers.reads > 100
    assert (await shop.fetch("select a, b from {schema}.theirs")) == [(14, 14)]


async def test_name_that_differs_by_case_alone_is_somebody_elses(shop: Shop) -> None:
    shop.table("orders", "select 1 as id")
    await shop.build()
    await shop.execute('create table {schema}."Orders" as select 7 as id')

    await shop.build()

    assert await shop.fetch('select id from {schema}."Orders"') == [(7,)]
    assert await shop.fetch("select id from {schema}.orders") == [(1,)]


async def test_seed_is_loaded_anew_under_the_views_that_read_it(shop: Shop) -> None:
    shop.write("seeds/raw.csv", "id,name\n1,a\n2,\n")
    shop.view("named", "select id, name from {{ ref('raw') }}")
    await shop.run("build")
    shop.write("seeds/raw.csv", "id,name,more\n3,c,x\n")

    again = await shop.run("seed")
    refreshed = await shop.run("seed", full_refresh=True)

    assert again.exit_code == 1
    assert "--full-refresh" in again.error("raw")
    assert refreshed.exit_code == 0
    assert await shop.fetch("select id, name from {schema}.named") == [(3, "c")]


@pytest.mark.parametrize("hook", ["", "select pg_sleep(0.05)"], ids=["at once", "with a hook"])
async def test_tables_with_views_in_common_are_rebuilt_side_by_side(shop: Shop, hook: str) -> None:
    pairs = [(0, 1), (1, 2), (3, 4), (4, 0), (5, 2), (5, 0)]
    for number in range(6):
        config = f"config(materialized='table', post_hook=\"{hook}\")"
        shop.write(
            f"models/t{number}.sql", f"{{{{ {config} }}}} select {{{{ var('day') }}}} as day"
        )
    for number, (one, other) in enumerate(pairs):
        both = (f"select day from {{{{ ref('t{table}') }}}}" for table in (one, other))
        shop.view(f"v{number}", " union all ".join(both))
    shop.view("above", "select a.day from {{ ref('v0') }} a join {{ ref('v3') }} b using (day)")

    for day in range(4):
        ran = await shop.build(threads=6, vars={"day": day})

        assert all(result.execution_time < 5 for result in ran.outcome.results)
        for number in range(len(pairs)):
            assert await shop.fetch(f"select day from {{schema}}.v{number}") == [(day,), (day,)]
        assert await shop.fetch("select day from {schema}.above") == [(day,)] * 4


async def test_foreign_table_under_a_models_name_stays(shop: Shop) -> None:
    await shop.execute(
        "create foreign data wrapper {schema}_wrapper; "
        "create server {schema}_server foreign data wrapper {schema}_wrapper; "
        "create foreign table {schema}.orders (id int) server {schema}_server"
    )
    shop.table("orders", "select 1 as id")
    try:
        ran = await shop.run()
        kind = await shop.fetch(
            "select relkind::text from pg_class where oid = '{schema}.orders'::regclass"
        )
    finally:
        await shop.execute("drop foreign data wrapper {schema}_wrapper cascade")

    assert "as a foreign table, which no model has made" in ran.error("orders")
    assert kind == [("f",)]
