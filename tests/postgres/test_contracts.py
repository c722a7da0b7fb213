"""Contracts on PostgreSQL: types count, and foreign keys lead to the project's relations."""

from __future__ import annotations

import pytest

from .support import Shop

PROPERTIES = """
models:
  - name: customers
    config: {contract: {enforced: true}, materialized: table}
    columns:
      - {name: id, data_type: int, constraints: [{type: primary_key}]}
      - {name: name, data_type: varchar(20)}
  - name: orders
    config: {contract: {enforced: true}, materialized: table}
    columns:
      - {name: id, data_type: bigint}
      - name: customer_id
        data_type: integer
        constraints:
          - {type: foreign_key, to: ref('customers'), to_columns: [id]}
      - {name: at, data_type: timestamp}
"""
CUSTOMERS = "select 1 as id, 'Ada' as name"
ORDERS = "select 2::bigint as id, 1 as customer_id, now()::timestamp as at"


async def test_tables_are_made_by_their_contracts(shop: Shop) -> None:
    shop.write("models/all.yml", PROPERTIES)
    shop.write("models/customers.sql", CUSTOMERS)
    shop.write("models/orders.sql", ORDERS)

    await shop.build()

    assert await shop.fetch("select id, customer_id from {schema}.orders") == [(2, 1)]
    assert await shop.fetch(
        "select confrelid::regclass::text from pg_constraint "
        "where conrelid = '{schema}.orders'::regclass and contype = 'f'"
    ) == [(f"{shop.schema}.customers",)]
    assert await shop.fetch(
        "select format_type(atttypid, atttypmod) from pg_attribute "
        "where attrelid = '{schema}.customers'::regclass and attname = 'name'"
    ) == [("character varying(20)",)]


@pytest.mark.parametrize(
    ("sql", "row"),
    [
        ("select 1 as id, 1 as customer_id, now()::timestamp as at", "| id          | integer"),
        ("select 1::bigint as id, 1 as customer_id, now() as at", "timestamp with time zone"),
    ],
)
async def test_types_that_differ_are_told(shop: Shop, sql: str, row: str) -> None:
    shop.write("models/all.yml", PROPERTIES)
    shop.write("models/customers.sql", CUSTOMERS)
    shop.write("models/orders.sql", sql)

    ran = await shop.run()

    assert ran.exit_code == 1
    assert row in ran.error("orders")
    assert "data type mismatch" in ran.error("orders")
    assert await shop.relations() == {"customers": "r"}


async def test_types_of_one_kind_are_the_same(shop: Shop) -> None:
    shop.write("models/all.yml", PROPERTIES.replace("varchar(20)", "text"))
    shop.write("models/customers.sql", "select 1::smallint as id, 'Ada'::varchar(9) as name")
    shop.write("models/orders.sql", ORDERS)

    await shop.build()

    assert await shop.fetch("select id, name from {schema}.customers") == [(1, "Ada")]
    assert await shop.fetch(
        "select attname::text, atttypid::regtype::text from pg_attribute "
        "where attrelid = '{schema}.customers'::regclass and attnum > 0 order by attnum"
    ) == [("id", "integer"), ("name", "text")]


async def test_constraints_keep_their_names_when_the_table_is_built_again(shop: Shop) -> None:
    shop.write("models/all.yml", PROPERTIES.split("  - name: orders")[0])
    shop.write("models/customers.sql", CUSTOMERS)

    for _ in range(3):
        await shop.build()

    assert await shop.fetch(
        "select conname::text from pg_constraint where contype = 'p' "
        "and conrelid = '{schema}.customers'::regclass"
    ) == [("customers_pkey",)]


@pytest.mark.parametrize("key", ["", ", unique_key: id"])
async def test_contract_is_enforced_on_each_run_of_an_incremental_model(
    shop: Shop, key: str
) -> None:
    shop.write(
        "models/all.yml",
        "models: [{name: m, config: {contract: {enforced: true}, materialized: incremental, "
        f"on_schema_change: append_new_columns{key}}}, columns: [{{name: id, data_type: int}}, "
        "{name: name, data_type: varchar(10)}]}]",
    )
    types = (
        "select attname::text, format_type(atttypid, atttypmod) from pg_attribute "
        "where attrelid = '{schema}.m'::regclass and attnum > 0 order by attnum"
    )
    promised = [("id", "integer"), ("name", "character varying(10)")]

    for sql in ("select 1 as id, 'Ada' as name", "select 'Grace'::text as name, 2 as id"):
        shop.write("models/m.sql", sql)
        await shop.build()
        assert await shop.fetch(types) == promised
    for sql, problem in (
        ("select 3 as id, 'x' as name, 5 as more", "missing in contract"),
        ("select 3::bigint as id, 'x' as name", "data type mismatch"),
        ("select 3 as id", "missing in definition"),
        ("select 3 as id, 'longer than ten' as name", "too long for type character varying(10)"),
    ):
        shop.write("models/m.sql", sql)
        assert problem in (await shop.run()).error("m")

    assert await shop.fetch(types) == promised
    assert await shop.fetch("select * from {schema}.m order by 1") == [(1, "Ada"), (2, "Grace")]


@pytest.mark.parametrize(
    ("promised", "given", "is_same"),
    [
        ("double precision", "1.5::real", True),
        ("real", "1.5::double precision", True),
        ("integer", "1::smallint", True),
        ("varchar(3)", "'a'::text", True),
        ("char(3)", "'abc'::name", True),
        ("time", "'10:00'::timetz", True),
        ("text[]", "array['a']::varchar(9)[]", True),
        ("integer[]", "array[1]::smallint[]", True),
        ("numeric(5, 2)", "1.5::numeric", True),
        ("timestamp(3)", "'2024-01-05'::timestamp", True),
        ("bigint", "1", False),
        ("numeric", "1.5::float8", False),
        ("text[]", "'a'::text", False),
        ("integer[]", "array[1]::bigint[]", False),
        ("jsonb", "'{}'::json", False),
        ("timestamptz", "'2024-01-05'::timestamp", False),
    ],
)
async def test_types_are_the_same_to_a_contract_that_are_to_dbt(
    shop: Shop, promised: str, given: str, is_same: bool
) -> None:
    shop.write(
        "models/m.yml",
        "models: [{name: m, config: {contract: {enforced: true}, materialized: table}, "
        f"columns: [{{name: x, data_type: '{promised}'}}]}}]",
    )
    shop.write("models/m.sql", f"select {given} as x")

    ran = await shop.run()

    message = ran.result("m").message
    assert (ran.exit_code == 0) is is_same, message
    assert ("data type mismatch" in message) is not is_same
