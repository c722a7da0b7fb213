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
