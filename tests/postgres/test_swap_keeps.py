"""What hangs on a relation by somebody's hand survives, or the node ends with its name."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from .hangings import GRANTS, ON_MATERIALIZED_VIEWS, ON_TABLES, ON_VIEWS, Hanging, clear, hang, look
from .support import Readers, Shop

FIRST = "select 1 as id, 'a' as kind"
OTHER_ROWS = "select 2 as id, 'b' as kind"
MORE_COLUMNS = "select true as is_new, 2 as id, 'b' as kind"


@pytest.fixture
async def hung(shop: Shop) -> AsyncIterator[Shop]:
    """A shop with a model `orders`, to whose relation something may be hung."""
    yield shop
    await clear(shop)


def write(shop: Shop, kind: str, sql: str) -> None:
    shop.write("models/orders.sql", f"{{{{ config(materialized='{kind}') }}}} {sql}")


@pytest.mark.parametrize("sql", [OTHER_ROWS, MORE_COLUMNS], ids=["other rows", "more columns"])
@pytest.mark.parametrize(
    ("kind", "full_refresh"), [("table", False), ("table", True), ("incremental", True)]
)
async def test_all_that_hangs_on_a_table_is_kept(
    hung: Shop, kind: str, full_refresh: bool, sql: str
) -> None:
    write(hung, kind, FIRST)
    await hung.build()
    before = await hang(hung, ON_TABLES)
    write(hung, kind, sql)

    for _ in range(2):
        await hung.build(full_refresh=full_refresh)

        assert await look(hung, ON_TABLES) == before
    assert await hung.fetch("select id, kind from {schema}.orders") == [(2, "b")]


async def test_all_that_hangs_on_a_table_is_kept_when_a_hook_that_follows_sends_nothing(
    hung: Shop,
) -> None:
    hook = """config(materialized='table', post_hook="{{ 'select 1' if target.name == 'x' }}")"""
    hung.write("models/orders.sql", f"{{{{ {hook} }}}} {FIRST}")
    await hung.build()
    before = await hang(hung, ON_TABLES)
    hung.write("models/orders.sql", f"{{{{ {hook} }}}} {OTHER_ROWS}")

    await hung.build()

    assert await look(hung, ON_TABLES) == before
    assert await hung.fetch("select id, kind from {schema}.orders") == [(2, "b")]


async def test_all_that_hangs_on_a_table_is_kept_when_hooks_follow(hung: Shop) -> None:
    hook = "config(materialized='table', post_hook='create index extra on {{ this }} (kind)')"
    hung.write("models/orders.sql", f"{{{{ {hook} }}}} {FIRST}")
    await hung.build()
    before = await hang(hung, ON_TABLES)

    for _ in range(2):
        await hung.build()

        assert await look(hung, ON_TABLES) == before


async def test_all_that_hangs_on_a_table_is_kept_by_a_materialization_of_ones_own(
    hung: Shop,
) -> None:
    hung.write(
        "macros/own.sql",
        """
        {% materialization own, default %}
          {% set beside = make_intermediate_relation(this).incorporate(
              path={'schema': this.schema}, type='table') %}
          {% set there = load_cached_relation(this) %}
          {% call statement('main') %} {{ create_table_as(false, beside, sql) }} {% endcall %}
          {% if there %} {% do adapter.drop_relation(there) %} {% endif %}
          {% do adapter.rename_relation(beside, this.incorporate(type='table')) %}
          {{ return({'relations': [this.incorporate(type='table')]}) }}
        {% endmaterialization %}
        """,
    )
    write(hung, "own", FIRST)
    await hung.build()
    before = await hang(hung, ON_TABLES)
    write(hung, "own", OTHER_ROWS)

    for _ in range(2):
        await hung.build()

        assert await look(hung, ON_TABLES) == before
    assert await hung.fetch("select id, kind from {schema}.orders") == [(2, "b")]


async def test_all_that_hangs_on_a_seed_is_kept(hung: Shop) -> None:
    hung.write("seeds/orders.csv", "id,kind\n1,a\n")
    await hung.run("seed")
    before = await hang(hung, ON_TABLES)
    hung.write("seeds/orders.csv", "id,kind,more\n2,b,x\n")

    ran = await hung.run("seed", full_refresh=True)

    assert ran.exit_code == 0, ran.error("orders")
    assert await look(hung, ON_TABLES) == before


@pytest.mark.parametrize("sql", [OTHER_ROWS, MORE_COLUMNS], ids=["other rows", "more columns"])
async def test_all_that_hangs_on_a_materialized_view_is_kept(hung: Shop, sql: str) -> None:
    write(hung, "materialized_view", FIRST)
    await hung.build()
    before = await hang(hung, ON_MATERIALIZED_VIEWS)
    write(hung, "materialized_view", sql)

    for _ in range(2):
        await hung.build(full_refresh=True)

        assert await look(hung, ON_MATERIALIZED_VIEWS) == before


@pytest.mark.parametrize(
    "sql",
    ["{} where id < 9", "{0} where id > 1", "true as is_new, {} where id > 1"],
    ids=["the same", "other rows", "more columns"],
)
async def test_all_that_hangs_on_a_view_is_kept(hung: Shop, sql: str) -> None:
    await hung.execute("create table {schema}.raw as select 1 as id, 'a' as kind")
    columns = f"id, kind from {hung.schema}.raw"
    write(hung, "view", f"select {columns}")
    await hung.build()
    before = await hang(hung, ON_VIEWS)
    write(hung, "view", "select " + sql.format(columns))

    for _ in range(2):
        await hung.build()

        assert await look(hung, ON_VIEWS) == before


@pytest.mark.parametrize(
    ("before", "after", "hangings", "named"),
    [
        ("table", "view", ON_TABLES, ON_TABLES),
        (
            "table",
            "materialized_view",
            ON_TABLES,
            [h for h in ON_TABLES if h not in ON_MATERIALIZED_VIEWS],
        ),
        ("materialized_view", "view", ON_MATERIALIZED_VIEWS, ON_MATERIALIZED_VIEWS),
        ("view", "table", ON_VIEWS, ON_VIEWS),
    ],
    ids=[
        "table to view",
        "table to materialized view",
        "materialized view to view",
        "view to table",
    ],
)
async def test_what_the_other_kind_of_relation_cannot_have_is_named_and_nothing_is_lost(
    hung: Shop, before: str, after: str, hangings: list[Hanging], named: list[Hanging]
) -> None:
    write(hung, before, FIRST)
    await hung.build()
    if before == "view":
        hangings = [hanging for hanging in hangings if hanging.name != "a view's options"]
        named = [hanging for hanging in named if hanging in hangings]
    kept = await hang(hung, hangings)
    write(hung, after, OTHER_ROWS)

    ran = await hung.run()

    assert ran.exit_code == 1
    can_have = {
        "view": {"a rule"},
        "materialized_view": {"the mark of CLUSTER", "a column's storage"},
        "table": set[str](),
    }
    for hanging in named:
        if hanging.title and hanging.name not in can_have[after]:
            assert hanging.title in ran.error("orders"), hanging.name
    assert await look(hung, hangings) == kept
    assert await hung.fetch("select id, kind from {schema}.orders") == [(1, "a")]


async def test_grants_go_with_a_table_that_becomes_a_view(hung: Shop) -> None:
    write(hung, "table", FIRST)
    await hung.build()
    before = await hang(hung, [GRANTS])
    write(hung, "view", OTHER_ROWS)

    await hung.build()

    assert await look(hung, [GRANTS]) == before


@pytest.mark.parametrize(
    ("swaps", "readers"),
    [
        (5, 4),
        pytest.param(1000, 20, marks=[pytest.mark.slow, pytest.mark.timeout(3600)]),
    ],
)
async def test_swaps_with_all_that_hangs_on_a_table_against_readers(
    hung: Shop, swaps: int, readers: int
) -> None:
    hung.table(
        "orders",
        "select id, 'a' as kind, {{ var('round') }} as round from generate_series(1, 50) id",
    )
    hung.view("recent", "select id, round from {{ ref('orders') }}")
    await hung.build(vars={"round": -1})
    await hung.execute(
        "create view {schema}.theirs as select id, round from {schema}.orders;"
        "create view {schema}.over_theirs with (security_barrier) as select t.id, t.round "
        "from {schema}.theirs t join {schema}.recent r using (id)"
    )
    before = await hang(hung, ON_TABLES)
    whole = (
        "select case when count(distinct round) = 1 and count(*) = 50 then 'whole' end from {}.{}"
    )
    names = ("orders", "recent", "theirs", "over_theirs")
    reading = Readers(hung.server, [whole.format(hung.schema, name) for name in names])

    async with reading.reading(readers):
        for number in range(swaps):
            await hung.build(select=("orders",), vars={"round": number})

    assert reading.errors == []
    assert reading.seen == {"whole"}
    assert reading.reads > 10 * swaps
    assert reading.longest < 3  # seconds, on a machine that has other work
    assert await look(hung, ON_TABLES) == before
    assert await hung.fetch("select distinct round from {schema}.over_theirs") == [(swaps - 1,)]
    assert await hung.fetch(
        "select reloptions from pg_class where oid = '{schema}.over_theirs'::regclass"
    ) == [(["security_barrier=true"],)]


async def test_all_that_hangs_on_a_table_of_another_owner_is_kept(hung: Shop) -> None:
    """Who builds is no superuser, but a member of the role that owns the table."""
    owner, builder = f"{hung.schema}_owner", f"{hung.schema}_builder"
    await hung.execute(
        f"create role {owner}; create role {builder} in role {owner}; "
        f"grant create, usage on schema {{schema}} to {owner}"
    )
    try:
        hung.profile(role=builder)
        write(hung, "table", FIRST)
        await hung.build()
        # Whoever owns the sequence, the function and what it refers to is the owner as well.
        await hung.execute(f"alter table {{schema}}.orders owner to {owner}")
        before = await hang(hung, [h for h in ON_TABLES if h.name != "a publication"], owner)
        owned = (
            "select relowner::regrole::text from pg_class where oid = '{schema}.orders'::regclass"
        )
        write(hung, "table", MORE_COLUMNS)

        for _ in range(2):
            await hung.build()

            assert await look(hung, [h for h in ON_TABLES if h.name in before]) == before
            assert await hung.fetch(owned) == [(owner,)]
    finally:
        await hung.execute(
            f"drop owned by {owner}, {builder} cascade; drop role {builder}, {owner}"
        )


async def test_view_that_somebody_has_made_a_barrier_does_not_become_a_table(hung: Shop) -> None:
    write(hung, "view", FIRST)
    await hung.build()
    await hang(hung, [GRANTS])
    await hung.execute("alter view {schema}.orders set (security_barrier)")
    write(hung, "table", OTHER_ROWS)

    ran = await hung.run()

    assert "option security_barrier" in ran.error("orders")
    assert await hung.fetch("select id from {schema}.orders") == [(1,)]
