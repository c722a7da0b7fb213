"""`docs generate` on PostgreSQL: types, comments and owners, as its catalogue has them."""

from __future__ import annotations

import json

import pytest

from .support import Shop


async def test_catalog_has_types_comments_and_owners(shop: Shop) -> None:
    shop.write(
        "models/orders.sql",
        "{{ config(materialized='table', persist_docs={'relation': true, 'columns': true}) }} "
        "select 1 as id, 'x'::varchar(9) as name, 1.5::numeric(4, 1) as amount",
    )
    shop.write(
        "models/schema.yml",
        "models: [{name: orders, description: All., columns: [{name: id, description: Key.}]}]",
    )
    shop.write(
        "models/kept.sql",
        "{{ config(materialized='materialized_view') }} select id from {{ ref('orders') }}",
    )
    await shop.build()
    ((owner,),) = await shop.fetch("select current_user::text")

    ran = await shop.run("generate")

    nodes = json.loads((shop.root / "target/catalog.json").read_text())["nodes"]
    orders = nodes["model.shop.orders"]
    assert ran.exit_code == 0, ran.outcome
    assert orders["metadata"] == {
        "type": "BASE TABLE",
        "schema": shop.schema,
        "name": "orders",
        "database": orders["metadata"]["database"],
        "comment": "All.",
        "owner": owner,
    }
    assert [
        (column["index"], column["name"], column["type"], column["comment"])
        for column in orders["columns"].values()
    ] == [
        (1, "id", "integer", "Key."),
        (2, "name", "character varying(9)", None),
        (3, "amount", "numeric(4,1)", None),
    ]
    assert nodes["model.shop.kept"]["metadata"]["type"] == "MATERIALIZED VIEW"


async def test_source_of_another_database_is_told_and_the_rest_is_described(shop: Shop) -> None:
    shop.write("models/orders.sql", "select 1 as id")
    shop.write("models/raw.yml", "sources: [{name: raw, database: other, tables: [{name: items}]}]")
    await shop.build()

    ran = await shop.run("generate", compile=False)

    assert ran.exit_code == 1
    document = json.loads((shop.root / "target" / "catalog.json").read_text())
    assert list(document["nodes"]) == ["model.shop.orders"]
    (error,) = document["errors"]
    assert "Cross-db references not allowed in postgres (other vs " in error
    assert ran.warnings == [f"Encountered an error while generating catalog: {error}"]
    assert ran.messages[0] == "headrace encountered 1 failure while writing the catalog"


@pytest.mark.parametrize("database", ["none", "target.dbname", "'other'"])
async def test_information_schema_has_one_name(shop: Shop, database: str) -> None:
    name = f"{{{{ information_schema_name({database}) }}}}"
    shop.write("models/orders.sql", f"select '{name}' as name")

    await shop.build()

    assert await shop.fetch("select name from {schema}.orders") == [("information_schema",)]
