"""Names that aren't quoted, and names that differ in case alone."""

from __future__ import annotations

import pytest
from headrace.engine.core.results import Status

from .support import Shop

UNQUOTED = (
    "name: shop\nversion: '1.0'\nprofile: shop\nquoting: {identifier: false, schema: false}\n"
)


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


async def test_name_that_is_not_quoted_stands_in_sql_as_it_is_written(shop: Shop) -> None:
    shop.write("dbt_project.yml", UNQUOTED)
    shop.write(
        "models/Orders.sql",
        "select '{{ this }} {{ api.Relation.create(schema='S', identifier='Abc') }} "
        "{{ this.incorporate(path={'identifier': 'Zz'}) }}' as names",
    )

    await shop.build()

    (found,) = await shop.fetch("select names from {schema}.orders")
    database = shop.server.database
    assert found == (f'"{database}".{shop.schema}.Orders S.Abc "{database}".{shop.schema}.Zz',)


async def test_source_in_another_database_is_not_read_from_this_one(shop: Shop) -> None:
    await shop.execute(
        "create schema if not exists {schema}; create table {schema}.orders (id int)"
    )
    shop.write(
        "models/raw.yml",
        f"sources: [{{name: raw, database: elsewhere, schema: {shop.schema}, "
        "tables: [{name: orders}]}]",
    )
    shop.table("m", "select * from {{ source('raw', 'orders') }}")

    ran = await shop.run("run")

    assert ran.exit_code == 1
    assert "cross-database references are not implemented" in ran.result("m").message
    assert f'"elsewhere.{shop.schema}.orders"' in ran.result("m").message


@pytest.mark.parametrize("materialized", ["table", "view", "incremental"])
async def test_model_of_another_database_ends_the_run_before_any_is_built(
    shop: Shop, materialized: str
) -> None:
    shop.write("models/first.sql", "select 1 as id")
    config = f"{{{{ config(database='elsewhere', materialized='{materialized}') }}}}"
    shop.write("models/second.sql", f"{config} select * from {{{{ ref('first') }}}}")

    ran = await shop.run("run")

    assert ran.exit_code == 2
    assert str(ran.outcome.error).startswith(
        "models/second.sql: Cross-db references not allowed in postgres (elsewhere vs "
    )
    found = await shop.fetch("select relname from pg_class where relname in ('first', 'second')")
    assert found == []


@pytest.mark.parametrize(
    "question",
    [
        "adapter.get_relation('elsewhere', this.schema, 'orders')",
        "adapter.list_relations('elsewhere', this.schema)",
        "adapter.check_schema_exists('elsewhere', this.schema)",
        "adapter.create_schema(api.Relation.create('elsewhere', 'x'))",
        "adapter.drop_schema(api.Relation.create('elsewhere', 'x'))",
    ],
)
async def test_macro_that_asks_of_another_database_is_told_so(shop: Shop, question: str) -> None:
    shop.write("models/orders.sql", "select 1 as id")
    await shop.build()
    shop.write(
        "models/m.sql", f"{{% if execute %}}{{% do {question} %}}{{% endif %}} select 1 as id"
    )

    ran = await shop.run("run")

    assert "Cross-db references not allowed in postgres (elsewhere vs " in ran.result("m").message
    assert ran.result("orders").status is Status.SUCCESS


async def test_own_database_is_found_in_any_case_of_letters(shop: Shop) -> None:
    shop.write("models/orders.sql", "select 1 as id")
    shop.write(
        "models/m.sql",
        "-- depends_on: {{ ref('orders') }}\n"
        "select '{{ adapter.get_relation(target.database.upper(), this.schema, 'orders') }}' as x",
    )

    await shop.build()

    (found,) = await shop.fetch("select x from {schema}.m")
    assert found == (f'"{shop.server.database}"."{shop.schema}"."orders"',)
