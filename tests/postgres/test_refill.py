"""A table that can't be exchanged is emptied and filled: exactly it, and wholly, or not at all."""

from __future__ import annotations

import pytest

from .support import Shop

FUNCTION = (
    "create function {schema}.swallow() returns trigger language plpgsql as "
    "'begin {what} return null; end'; "
)
STAYS = "create materialized view {schema}.theirs as select id from {schema}.orders; "
"""Somebody's, so that the table stays and is filled anew."""


async def ids(shop: Shop, relation: str = "orders") -> list[int]:
    found = await shop.fetch(f"select id from {{schema}}.{relation} order by id")
    return [row[0] for row in found]


async def first(shop: Shop) -> None:
    shop.table("orders", "select id from generate_series(1, 3) as id")
    await shop.build()


@pytest.mark.parametrize("full_refresh", [False, True])
async def test_table_that_is_a_partition_stays_one(shop: Shop, full_refresh: bool) -> None:
    await first(shop)
    await shop.execute(
        "create table {schema}.all_orders (id int) partition by range (id); "
        "create table {schema}.others partition of {schema}.all_orders for values from (100) "
        "to (200); insert into {schema}.all_orders values (150);"
        "alter table {schema}.all_orders attach partition {schema}.orders for values from (0) "
        "to (100)"
    )
    shop.table("orders", "select id from generate_series(7, 8) as id")

    await shop.build(full_refresh=full_refresh)

    assert await ids(shop, "all_orders") == [7, 8, 150]


async def test_rows_that_no_longer_belong_into_the_partition_are_an_error(shop: Shop) -> None:
    await first(shop)
    await shop.execute(
        "create table {schema}.all_orders (id int) partition by range (id); "
        "alter table {schema}.all_orders attach partition {schema}.orders for values from (0) "
        "to (100)"
    )
    shop.table("orders", "select 500 as id")

    ran = await shop.run()

    assert "violates partition constraint" in ran.error("orders")
    assert await ids(shop, "all_orders") == [1, 2, 3]


async def test_other_columns_of_a_partition_are_an_error_that_names_it(shop: Shop) -> None:
    await first(shop)
    await shop.execute(
        "create table {schema}.all_orders (id int) partition by range (id); "
        "alter table {schema}.all_orders attach partition {schema}.orders default"
    )
    shop.table("orders", "select 1 as id, 2 as more")

    ran = await shop.run()

    assert f"its place as a partition of {shop.schema}.all_orders" in ran.error("orders")
    assert await ids(shop, "all_orders") == [1, 2, 3]


async def test_table_that_somebody_has_partitioned_stays_so(shop: Shop) -> None:
    await shop.execute(
        "create table {schema}.orders (id int) partition by range (id); "
        "create table {schema}.few partition of {schema}.orders for values from (0) to (10); "
        "create table {schema}.many partition of {schema}.orders default; "
        "insert into {schema}.orders values (1), (77)"
    )
    shop.table("orders", "select id from (values (2), (3), (88)) as v (id)")

    await shop.build()

    assert await ids(shop) == [2, 3, 88]
    assert await ids(shop, "few") == [2, 3]


@pytest.mark.parametrize("full_refresh", [False, True])
async def test_children_keep_their_rows_and_the_parent_its_children(
    shop: Shop, full_refresh: bool
) -> None:
    await first(shop)
    await shop.execute(
        "create table {schema}.child (note text) inherits ({schema}.orders); "
        "insert into {schema}.child select id, 'kept' from generate_series(10, 19) as id"
    )
    shop.table("orders", "select 4 as id")

    await shop.build(full_refresh=full_refresh)

    assert await ids(shop, "child") == [*range(10, 20)]
    assert await ids(shop) == [4, *range(10, 20)]


async def test_child_stays_a_child_of_its_parent(shop: Shop) -> None:
    await shop.execute(
        "create table {schema}.parent (id int); insert into {schema}.parent values (0)"
    )
    await first(shop)
    await shop.execute("alter table {schema}.orders inherit {schema}.parent")
    shop.table("orders", "select 4 as id")

    await shop.build()

    assert await ids(shop, "parent") == [0, 4]


async def test_identity_stays_and_rows_have_the_values_of_the_query(shop: Shop) -> None:
    await first(shop)
    await shop.execute(
        "alter table {schema}.orders alter id set not null, "
        "alter id add generated always as identity"
    )
    shop.table("orders", "select 4 as id")

    await shop.build()

    assert await ids(shop) == [4]
    assert await shop.fetch(
        "select attidentity::text from pg_attribute where attname = 'id' "
        "and attrelid = '{schema}.orders'::regclass"
    ) == [("a",)]


OBSTACLES = {
    "a trigger that keeps rows": (
        FUNCTION.replace("{what}", "")
        + "create trigger keep before delete on {schema}.orders for each row "
        "execute function {schema}.swallow()",
        "trigger keep on table",
    ),
    "a rule that keeps rows": (
        "create rule keep as on delete to {schema}.orders do instead nothing",
        "rule keep on table",
    ),
    "a rule that keeps some": (
        "create rule keep as on delete to {schema}.orders where id > 1 do instead nothing",
        "rule keep on table",
    ),
    "a trigger that swallows rows": (
        FUNCTION.replace("{what}", "")
        + "create trigger swallow before insert on {schema}.orders for each row "
        "when (new.id > 7) execute function {schema}.swallow()",
        "trigger swallow on table",
    ),
    "a rule that swallows rows": (
        "create rule swallow as on insert to {schema}.orders do instead nothing",
        "rule swallow on table",
    ),
    "a trigger that puts rows elsewhere": (
        "create table {schema}.elsewhere (id int); "
        + FUNCTION.replace("{what}", "insert into {schema}.elsewhere values (new.id);")
        + "create trigger redirect before insert on {schema}.orders for each row "
        "execute function {schema}.swallow()",
        "trigger redirect on table",
    ),
}


@pytest.mark.parametrize("name", OBSTACLES)
async def test_rows_that_stay_or_do_not_come_are_an_error_that_names_the_cause(
    shop: Shop, name: str
) -> None:
    make, cause = OBSTACLES[name]
    await first(shop)
    await shop.execute(STAYS + make)
    shop.table("orders", "select id from generate_series(7, 9) as id")

    ran = await shop.run()

    assert ran.exit_code == 1
    assert cause in ran.error("orders")
    assert "Nothing was changed" in ran.error("orders")
    assert await ids(shop) == [1, 2, 3]
    if "elsewhere" in make:
        assert await ids(shop, "elsewhere") == []


async def test_trigger_that_lets_rows_go_is_no_obstacle(shop: Shop) -> None:
    await first(shop)
    await shop.execute(
        STAYS + "create table {schema}.log (id int); "
        "create function {schema}.note() returns trigger language plpgsql as "
        "'begin insert into {schema}.log values (old.id); return old; end'; "
        "create trigger note before delete on {schema}.orders for each row "
        "execute function {schema}.note()"
    )
    shop.table("orders", "select 4 as id")

    await shop.build()

    assert await ids(shop) == [4]
    assert await ids(shop, "log") == [1, 2, 3]


async def test_row_security_that_binds_us_is_an_error_that_names_it(shop: Shop) -> None:
    owner = f"{shop.schema}_owner"
    await shop.execute(f"create role {owner}; grant create, usage on schema {{schema}} to {owner}")
    try:
        shop.profile(role=owner)
        await first(shop)
        await shop.execute(
            STAYS + "alter table {schema}.orders enable row level security, "
            "force row level security; "
            "create policy p on {schema}.orders using (id < 3) with check (true)"
        )
        shop.table("orders", "select 4 as id")

        ran = await shop.run()

        assert f"row level security of table {shop.schema}.orders" in ran.error("orders")
        assert "Nothing was changed" in ran.error("orders")
        assert await ids(shop) == [1, 2, 3]
    finally:
        await shop.execute(f"drop owned by {owner} cascade; drop role {owner}")


async def test_readers_go_on_while_a_table_is_filled_anew(shop: Shop) -> None:
    await first(shop)
    await shop.execute(STAYS)
    shop.profile(lock_timeout=0.05, swap_timeout=0.4)
    shop.table("orders", "select 4 as id")

    async with shop.holding("select * from {schema}.orders"):
        await shop.build()

    assert await ids(shop) == [4]


async def test_publication_of_somebody_else_keeps_the_table(shop: Shop) -> None:
    owner = f"{shop.schema}_owner"
    await shop.execute(f"create role {owner}; grant create, usage on schema {{schema}} to {owner}")
    try:
        shop.profile(role=owner)
        await first(shop)
        await shop.execute(
            "alter table {schema}.orders replica identity full; "
            "create publication {schema}_theirs for table {schema}.orders"
        )
        shop.table("orders", "select 4 as id")

        await shop.build()

        assert await ids(shop) == [4]
        assert await shop.fetch(
            "select tablename from pg_publication_tables where pubname = '{schema}_theirs'"
        ) == [("orders",)]
        shop.table("orders", "select 4 as id, 5 as more")
        ran = await shop.run()
        assert f"publication {shop.schema}_theirs" in ran.error("orders")
    finally:
        await shop.execute("drop publication if exists {schema}_theirs")
        await shop.execute(f"drop owned by {owner} cascade; drop role {owner}")
