"""Unit tests and kept failures on PostgreSQL, whose columns have types of their own."""

from __future__ import annotations

import pytest
from headrace import Status

from .support import Shop

CUSTOMERS = (
    "select 1 as id, cast('Ada' as varchar(10)) as name, date '2024-01-31' as born, "
    "cast(1.5 as numeric(10, 2)) as amount, true as ok, "
    "timestamptz '2024-01-31 10:00+00' as seen, array[1, 2] as numbers, "
    "cast('{\"a\": 1}' as jsonb) as bag"
)
EVERY_TYPE = (
    "{id: 7, name: x, born: 2024-02-03, amount: 2.5, ok: false, "
    "seen: '2024-01-31 12:00+02', numbers: '{3,4}', bag: {a: [1, \"it's\"]}}"
)


def write_tests(shop: Shop, *entries: str) -> None:
    lines = "".join(f"  - {{{entry}}}\n" for entry in entries)
    shop.write("models/tests.yml", f"unit_tests:\n{lines}")


async def temporary_relations(shop: Shop) -> list[tuple[object, ...]]:
    return await shop.fetch("select relname from pg_class where relname like 'headrace%'")


async def test_values_take_the_types_of_their_columns(shop: Shop) -> None:
    shop.table("customers", CUSTOMERS)
    shop.view("copied", "select *, amount * 2 as twice from {{ ref('customers') }}")
    expected = EVERY_TYPE.replace("12:00+02", "10:00+00").replace("2.5", "2.50")
    write_tests(
        shop,
        f"name: same, model: copied, given: [{{input: ref('customers'), rows: [{EVERY_TYPE}]}}], "
        f"expect: {{rows: [{expected}]}}",
        "name: csv, model: copied, given: [{input: ref('customers'), format: csv, "
        'rows: "id,born,ok,amount\\n1,2024-01-02,true,1.25\\n2,,,\\n"}], '
        'expect: {format: csv, rows: "id,born,ok,twice\\n2,,,\\n1,2024-01-02,true,2.5\\n"}',
    )

    ran = await shop.run("build")

    assert ran.exit_code == 0, [result.error for result in ran.outcome.results]
    assert next(iter(ran.statuses)) == "customers"
    assert list(ran.statuses)[-1] == "copied"
    assert await temporary_relations(shop) == []


async def test_difference_is_shown_in_the_words_of_the_types(shop: Shop) -> None:
    shop.table("customers", CUSTOMERS)
    shop.view("copied", "select * from {{ ref('customers') }}")
    write_tests(
        shop,
        "name: wrong, model: copied, "
        "given: [{input: ref('customers'), rows: [{id: 1, born: 2024-01-02, ok: true}]}], "
        "expect: {rows: [{id: 1, born: 2024-01-03, ok: true}]}",
    )

    ran = await shop.run("build")

    assert ran.statuses["wrong"] is Status.FAIL
    assert ran.result("wrong").message.splitlines()[2:] == [
        "@@,id,born                 ,ok",
        "→ ,1 ,2024-01-03→2024-01-02,true",
    ]
    assert await shop.relations() == {"customers": "r"}


async def test_value_that_does_not_suit_its_column_is_an_error(shop: Shop) -> None:
    shop.table("customers", CUSTOMERS)
    shop.view("copied", "select * from {{ ref('customers') }}")
    write_tests(
        shop,
        "name: wrong, model: copied, given: [{input: ref('customers'), rows: [{id: many}]}], "
        "expect: {rows: []}",
    )

    ran = await shop.run("build")

    assert ran.statuses["wrong"] is Status.ERROR
    assert 'invalid input syntax for type integer: "many"' in ran.error("wrong")
    assert await temporary_relations(shop) == []


async def test_more_rows_are_given_than_one_union_may_have(shop: Shop) -> None:
    numbers = "\n".join(map(str, range(12_000)))
    shop.write("seeds/numbers.csv", f"id\n{numbers}\n")
    shop.view("summed", "select count(*) as n, sum(id) as total from {{ ref('numbers') }}")
    write_tests(
        shop,
        "name: all_there, model: summed, given: [{input: ref('numbers')}], "
        f"expect: {{rows: [{{n: 12000, total: {sum(range(12_000))}}}]}}",
    )

    ran = await shop.run("build")

    assert ran.statuses["all_there"] is Status.PASS, ran.result("all_there").message


async def test_incremental_model_is_tested_over_its_own_rows(shop: Shop) -> None:
    shop.table("customers", CUSTOMERS)
    shop.write(
        "models/inc.sql",
        "{{ config(materialized='incremental') }} select id, born from {{ ref('customers') }}\n"
        "{% if is_incremental() %}where born > (select max(born) from {{ this }}){% endif %}",
    )
    await shop.build()
    write_tests(
        shop,
        "name: later, model: inc, overrides: {macros: {is_incremental: true}}, given: ["
        "{input: ref('customers'), rows: [{id: 1, born: 2024-01-01}, {id: 2, born: 2024-03-01}]}, "
        "{input: this, rows: [{born: 2024-02-01}]}], expect: {rows: [{id: 2}]}",
    )

    ran = await shop.run("test")

    assert ran.statuses == {"later": Status.PASS}


@pytest.mark.parametrize(("kind", "stored"), [("table", "r"), ("view", "v")])
async def test_failures_are_kept_as_what_is_asked_for(shop: Shop, kind: str, stored: str) -> None:
    shop.table("orders", "select 1 as id union all select 1")
    config = f"{{store_failures_as: {kind}, fail_calc: sum(n_records)}}"
    shop.write(
        "models/schema.yml",
        "models: [{name: orders, columns: [{name: id, "
        f"data_tests: [{{unique: {{config: {config}}}}}]}}]}}]",
    )

    for _ in range(2):
        ran = await shop.run("build")

    (result,) = (each for each in ran.outcome.results if each.node.resource_type == "test")
    assert (result.status, result.failures) == (Status.FAIL, 2)
    found = await shop.fetch(
        "select relname, relkind::text from pg_class "
        "where relnamespace = '{schema}_dbt_test__audit'::regnamespace"
    )
    assert found == [("unique_orders_id", stored)]
    assert result.node.relation_name is not None
    assert await shop.fetch(f"select * from {result.node.relation_name}") == [(1, 2)]


async def test_what_is_kept_changes_between_table_and_view(shop: Shop) -> None:
    shop.table("orders", "select 1 as id")
    kinds = []
    for kind in ("table", "view", "table"):
        shop.write(
            "tests/found.sql",
            f"{{{{ config(store_failures_as='{kind}') }}}} select * from {{{{ ref('orders') }}}}",
        )
        await shop.run("build")
        found = await shop.fetch(
            "select relkind::text from pg_class "
            "where relnamespace = '{schema}_dbt_test__audit'::regnamespace"
        )
        kinds += [kind for (kind,) in found]

    assert kinds == ["r", "v", "r"]


async def test_somebodys_view_of_the_kept_rows_stays(shop: Shop) -> None:
    shop.write("tests/found.sql", "{{ config(store_failures=true) }} select 1 as id")
    await shop.run("test")
    await shop.execute(
        "create view {schema}.watched as select * from {schema}_dbt_test__audit.found"
    )
    shop.write("tests/found.sql", "{{ config(store_failures=true) }} select 2 as id")

    ran = await shop.run("test")

    assert ran.statuses == {"found": Status.FAIL}
    assert await shop.fetch("select * from {schema}.watched") == [(2,)]


async def test_name_that_the_database_would_cut_is_an_error(shop: Shop) -> None:
    name = "n" * 64
    shop.write(f"tests/{name}.sql", "{{ config(store_failures=true) }} select 1 as id")

    ran = await shop.run("test")

    assert ran.statuses == {name: Status.ERROR}
    assert "has 64 bytes" in ran.error(name)
    assert "Set a shorter alias" in ran.error(name)
