"""What the project itself gives a table follows its configuration; what others gave it stays."""

from __future__ import annotations

from typing import Any

import pytest
from headrace.adapters.postgres.relation_swap import RelationSwap

from .support import Shop

ORDERS = "select 1 as id, 'a' as kind"


def contract(shop: Shop, *constraints: str, kind: str = "") -> None:
    """Write a contract with constraints of the table, and one of the column `kind`."""
    shop.write(
        "models/orders.yml",
        "models: [{name: orders, config: {materialized: table, contract: {enforced: true}}, "
        f"constraints: [{', '.join(constraints)}], columns: ["
        f"{{name: id, data_type: int}}, {{name: kind, data_type: text, constraints: [{kind}]}}]}}]",
    )


async def constraints(shop: Shop) -> dict[str, str]:
    return dict(
        await shop.fetch(
            "select conname::text, pg_get_constraintdef(oid) from pg_constraint "
            "where conrelid = '{schema}.orders'::regclass and contype <> 'n'"
        )
    )


async def indexes(shop: Shop) -> list[str]:
    """What the indexes are on, without their names."""
    found = await shop.fetch(
        "select indexdef from pg_indexes where schemaname = '{schema}' and tablename = 'orders'"
    )
    return sorted(definition.partition("USING ")[2] for (definition,) in found)


async def not_null(shop: Shop) -> list[str]:
    found = await shop.fetch(
        "select attname::text from pg_attribute where attrelid = '{schema}.orders'::regclass "
        "and attnum > 0 and attnotnull order by 1"
    )
    return [name for (name,) in found]


async def forget_who_made_it(shop: Shop) -> None:
    """Leave the table as dbt would have built it."""
    await shop.execute("comment on type {schema}.orders is null")


CHECK = "{type: check, name: positive, expression: id > 0}"
OTHER_CHECK = "{type: check, name: positive, expression: id > -1}"
KEY = "{type: primary_key, columns: [id]}"
UNIQUE = "{type: unique, columns: [kind]}"


@pytest.mark.parametrize("hung", ["", "alter table {schema}.orders set (fillfactor = 70)"])
async def test_a_constraint_that_the_contract_no_longer_has_goes_and_one_by_hand_stays(
    shop: Shop, hung: str
) -> None:
    shop.write("models/orders.sql", ORDERS)
    contract(shop, CHECK, KEY, UNIQUE, kind="{type: not_null}")
    await shop.build()
    await shop.execute("alter table {schema}.orders add constraint mine check (kind <> '')")
    if hung:
        await shop.execute(hung)
    first = await constraints(shop), await not_null(shop)

    await shop.build()
    again = await constraints(shop), await not_null(shop)
    contract(shop, OTHER_CHECK)
    await shop.build()

    assert again == first
    assert first[0] == {
        "positive": "CHECK ((id > 0))",
        "orders_pkey": "PRIMARY KEY (id)",
        "orders_kind_key": "UNIQUE (kind)",
        "mine": "CHECK ((kind <> ''::text))",
    }
    assert first[1] == ["id", "kind"]
    assert await constraints(shop) == {
        "positive": "CHECK ((id > '-1'::integer))",
        "mine": "CHECK ((kind <> ''::text))",
    }
    assert await not_null(shop) == []


async def test_not_null_by_hand_stays_beside_that_of_a_contract(shop: Shop) -> None:
    shop.write("models/orders.sql", ORDERS)
    contract(shop, KEY)
    await shop.build()
    await shop.execute("alter table {schema}.orders alter kind set not null")

    for _ in range(2):
        await shop.build()

    assert await not_null(shop) == ["id", "kind"]
    contract(shop)
    await shop.build()
    assert await not_null(shop) == ["kind"]


async def test_constraint_of_a_table_that_something_else_built_gives_way_to_the_contracts(
    shop: Shop,
) -> None:
    shop.write("models/orders.sql", ORDERS)
    contract(shop, CHECK, KEY)
    await shop.build()
    await forget_who_made_it(shop)
    contract(shop, OTHER_CHECK, KEY)

    for _ in range(2):
        await shop.build()

    assert await constraints(shop) == {
        "positive": "CHECK ((id > '-1'::integer))",
        "orders_pkey": "PRIMARY KEY (id)",
    }


async def test_indexes_follow_the_configuration_and_one_by_hand_stays(shop: Shop) -> None:
    def write(columns: str) -> None:
        config = f"config(materialized='table', indexes=[{{'columns': {columns}}}])"
        shop.write("models/orders.sql", f"{{{{ {config} }}}} {ORDERS}")

    write("['id']")
    await shop.build()
    await shop.execute("create index by_hand on {schema}.orders (id); ")
    write("['kind']")

    for _ in range(2):
        await shop.build()

        assert await indexes(shop) == ["btree (id)", "btree (kind)"]
    shop.table("orders", ORDERS)
    await shop.build()
    assert await indexes(shop) == ["btree (id)"]


HOOKS = {
    "a check": "alter table {{ this }} add check (id > 0), add constraint c check (id < 9)",
    "an index": "create index on {{ this }} (id)",
    "a trigger": (
        "create trigger t before update on {{ this }} for each row "
        "execute function suppress_redundant_updates_trigger()"
    ),
    "a policy": "create policy p on {{ this }} using (id > 0)",
    "statistics": "create statistics {{ this.schema }}.s on id, kind from {{ this }}",
    "a rule": "create rule r as on delete to {{ this }} do instead nothing",
    "a default": "alter table {{ this }} alter id set default 1, alter kind set not null",
    "a key": "alter table {{ this }} add primary key (id)",
    "a named index": "create index orders_by_id on {{ this }} (id)",
}


async def test_index_by_hand_stays_when_rows_were_added_before_the_table_is_built_anew(
    shop: Shop,
) -> None:
    shop.write(
        "models/orders.sql",
        "{{ config(materialized='incremental', indexes=[{'columns': ['id']}]) }} " + ORDERS,
    )
    await shop.build()
    await shop.execute("create index by_hand on {schema}.orders (kind)")

    await shop.build()  # adds rows, and is none of those that make what hangs on the table
    added = await indexes(shop)
    await shop.build(full_refresh=True)

    assert added == await indexes(shop) == ["btree (id)", "btree (kind)"]


@pytest.mark.parametrize("is_known", [True, False], ids=["ours", "somebody's"])
@pytest.mark.parametrize("materialized", ["table", "own"])
async def test_what_hooks_make_is_made_once_and_goes_with_the_hook(
    shop: Shop, materialized: str, is_known: bool
) -> None:
    own = (
        "{% materialization own, default %} {% set there = load_cached_relation(this) %}"
        "{% set this = this.incorporate(type='table') %}"
        "{% if there %} {% do adapter.drop_relation(there) %} {% endif %}"
        "{% call statement('main') %} {{ create_table_as(false, this, sql) }} {% endcall %}"
        "{{ run_hooks(post_hooks) }} {{ return({'relations': [this]}) }} {% endmaterialization %}"
    )
    shop.write("macros/own.sql", own)

    def write(hooks: list[str]) -> None:
        config = f"config(materialized='{materialized}', post_hook={hooks!r})"
        shop.write("models/orders.sql", f"{{{{ {config} }}}} {ORDERS}")

    async def there() -> list[object]:
        counts = (
            "select (select count(*) from pg_constraint where conrelid = c.oid "
            "and contype <> 'n'), (select count(*) from pg_index where indrelid = c.oid), "
            "(select count(*) from pg_trigger where tgrelid = c.oid), "
            "(select count(*) from pg_policy where polrelid = c.oid), "
            "(select count(*) from pg_statistic_ext where stxrelid = c.oid), "
            "(select count(*) from pg_rewrite where ev_class = c.oid), "
            "(select count(*) from pg_attrdef where adrelid = c.oid) "
            "from pg_class c where oid = '{schema}.orders'::regclass"
        )
        return [*(await shop.fetch(counts))[0], *await not_null(shop)]

    # There the old table keeps its names until the new one has its own, as with dbt.
    beside = {"a named index", "statistics"} if materialized == "own" else set()
    write([hook for name, hook in HOOKS.items() if name not in beside])
    await shop.build()
    once = await there()
    if not is_known:
        await forget_who_made_it(shop)

    for _ in range(2):
        await shop.build()

        assert await there() == once
    assert 0 not in [count for name, count in zip(HOOKS, once, strict=False) if name not in beside]
    if is_known:
        write([])
        await shop.build()
        assert await there() == [0] * 7


async def test_what_hooks_make_is_made_once_on_a_table_that_stays(shop: Shop) -> None:
    hooks = [hook for name, hook in HOOKS.items() if name != "a rule"]
    config = f"config(materialized='table', post_hook={hooks!r})"
    shop.write("models/orders.sql", f"{{{{ {config} }}}} {ORDERS}")
    await shop.build()
    await shop.execute("create materialized view {schema}.theirs as select id from {schema}.orders")
    once = await constraints(shop), await indexes(shop), await not_null(shop)

    for _ in range(2):
        await shop.build()

        assert (await constraints(shop), await indexes(shop), await not_null(shop)) == once


async def test_a_hook_outside_of_the_transaction_finds_what_it_made(shop: Shop) -> None:
    hook = (
        '{"sql": "create index concurrently if not exists by_id on {{ this }} (id)", '
        '"transaction": false}'
    )
    shop.write(
        "models/orders.sql", f"{{{{ config(materialized='table', post_hook={hook}) }}}} {ORDERS}"
    )

    for _ in range(3):
        await shop.build()

    assert await indexes(shop) == ["btree (id)"]


async def test_a_table_that_stays_gets_what_the_configuration_says_now(shop: Shop) -> None:
    def write(columns: str) -> None:
        config = f"config(indexes=[{{'columns': {columns}}}])"
        shop.write("models/orders.sql", f"{{{{ {config} }}}} {ORDERS}")

    write("['id']")
    contract(shop, CHECK, UNIQUE, kind="{type: not_null}")
    await shop.build()
    await shop.execute(
        "create materialized view {schema}.theirs as select id from {schema}.orders; "
        "create index by_hand on {schema}.orders (id desc); "
        "alter table {schema}.orders add constraint mine check (kind <> '')"
    )
    write("['kind']")
    contract(shop, OTHER_CHECK, KEY)

    for _ in range(2):
        await shop.build()

        assert await indexes(shop) == ["btree (id DESC)", "btree (id)", "btree (kind)"]
        assert await constraints(shop) == {
            "positive": "CHECK ((id > '-1'::integer))",
            "orders_pkey": "PRIMARY KEY (id)",
            "mine": "CHECK ((kind <> ''::text))",
        }
        assert await not_null(shop) == ["id"]
    await shop.execute("drop materialized view {schema}.theirs")
    contract(shop)
    shop.write("models/orders.sql", ORDERS)
    await shop.build()
    assert await indexes(shop) == ["btree (id DESC)"]
    assert await constraints(shop) == {"mine": "CHECK ((kind <> ''::text))"}


async def test_what_the_project_makes_costs_no_second_look(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exchange's one question is enough, for a plain table and for one with more."""
    config = "config(materialized='table', indexes=[{'columns': ['id']}])"
    hook = "config(materialized='table', post_hook='create index on {{ this }} (id)')"
    contract(shop, CHECK, KEY, UNIQUE, kind="{type: not_null}")
    shop.write("models/orders.sql", ORDERS)
    shop.write("models/indexed.sql", f"{{{{ {config} }}}} {ORDERS}")
    shop.write("models/hooked.sql", f"{{{{ {hook} }}}} {ORDERS}")
    shop.table("plain", ORDERS)
    shop.table("bare", "select 1::int as id, now() as at, 'x'::varchar(3) as v, array[1] as a")
    await shop.build()
    looked: list[str] = []
    run = RelationSwap.run

    async def noted(exchange: RelationSwap) -> None:
        looked.append(exchange.swapped.statements[0])
        await run(exchange)

    monkeypatch.setattr(RelationSwap, "run", noted)
    await shop.build()
    assert looked == []
    await shop.execute("alter table {schema}.plain set (fillfactor = 70)")
    await shop.build()
    assert len(looked) == 1


async def test_what_was_said_by_hand_of_an_index_of_ours_is_said_of_its_successor(
    shop: Shop,
) -> None:
    config = "config(indexes=[{'columns': ['kind'], 'unique': true}])"
    shop.write("models/orders.sql", f"{{{{ {config} }}}} {ORDERS}")
    contract(shop, KEY, kind="{type: not_null}")
    await shop.build()
    ((name,),) = await shop.fetch(
        "select indexname::text from pg_indexes where schemaname = '{schema}' "
        "and indexname like 'orders\\_%' and indexname <> 'orders_pkey'"
    )
    await shop.execute(
        f'alter table {{schema}}.orders replica identity using index "{name}"; '
        "alter table {schema}.orders cluster on orders_pkey; "
        "alter index {schema}.orders_pkey set (fillfactor = 50)"
    )
    said = (
        "select pg_get_indexdef(indexrelid), indisreplident, indisclustered from pg_index "
        "where indrelid = '{schema}.orders'::regclass"
    )

    def what(rows: list[tuple[Any, ...]]) -> list[tuple[object, ...]]:
        return sorted((text.partition("USING")[2], *flags) for text, *flags in rows)

    before = what(await shop.fetch(said))
    for _ in range(2):
        await shop.build()

        assert what(await shop.fetch(said)) == before
    assert [flags for _, *flags in before] == [[False, True], [True, False]]
