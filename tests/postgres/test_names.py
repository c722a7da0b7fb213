"""Names that aren't quoted, and names that differ in case alone."""

from __future__ import annotations

import pytest
from headrace.engine.core.results import Status

from .support import Shop

UNQUOTED = "name: shop\nversion: '1'\nprofile: shop\nquoting: {identifier: false, schema: false}\n"


@pytest.mark.parametrize("materialized", ["table", "view", "incremental"])
async def test_name_that_is_not_quoted_is_found_again_as_the_server_spells_it(
    shop: Shop, materialized: str
) -> None:
    shop.write("dbt_project.yml", UNQUOTED)
    shop.write(
        "models/Orders.sql",
        f"{{{{ config(materialized='{materialized}') }}}} "
        "select 1 as id, {{ is_incremental() }} as again",
    )
    shop.write("models/kids.sql", "select * from {{ ref('Orders') }}")

    for _ in range(2):
        ran = await shop.build()
        assert ran.result("Orders").node.display_name.endswith(".Orders")

    count = 2 if materialized == "incremental" else 1
    assert len(await shop.fetch("select id from {schema}.kids")) == count
    assert set(await shop.relations()) == {"orders", "kids"}


async def test_macro_finds_a_relation_by_a_name_that_is_not_quoted(shop: Shop) -> None:
    shop.write("dbt_project.yml", UNQUOTED)
    shop.write("models/Orders.sql", "select 1 as id")
    shop.write(
        "models/m.sql",
        "-- depends_on: {{ ref('Orders') }}\n"
        "select '{{ adapter.get_relation(none, this.schema, 'ORDERS').identifier }}' as found",
    )

    await shop.build()

    assert await shop.fetch("select found from {schema}.m") == [("orders",)]


async def test_schema_that_is_not_quoted_is_made_as_the_server_spells_it(shop: Shop) -> None:
    shop.write("dbt_project.yml", UNQUOTED)
    shop.write("models/m.sql", "{{ config(schema='Extra') }} select 1 as id")

    for _ in range(2):
        await shop.build()

    found = await shop.fetch(
        "select lower(nspname) = nspname from pg_namespace where nspname ilike '{schema}_extra'"
    )
    await shop.execute("drop schema {schema}_extra cascade")
    assert found == [(True,)]


async def test_relation_that_differs_in_case_alone_is_not_guessed_at(shop: Shop) -> None:
    await shop.execute('create schema if not exists {schema}; create table {schema}."Orders" ()')
    shop.write("models/orders.sql", "select 1 as id")

    ran = await shop.run("run")

    result = ran.result("orders")
    assert result.status is Status.ERROR
    assert result.message.startswith("Compilation Error in model orders (models/orders.sql)")
    assert "headrace found an approximate match" in result.message
    assert result.message.endswith(f"{shop.schema}.orders\n  Found: {shop.schema}.Orders")
    assert set(await shop.relations()) == {"Orders"}
