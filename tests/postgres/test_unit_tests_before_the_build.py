"""Unit tests where nothing was built: the types of the inputs' columns come from the project."""

from __future__ import annotations

import pytest
from headrace import Status

from .support import Shop
from .test_unit_tests import write_tests

SEED = "id,born,amount,ok,code\n1,2024-01-31,1.5,true,007\n"
SEED_TYPES = (
    "seeds: [{name: people, config: {column_types: {code: varchar(5), amount: 'numeric(9,2)'}}}]"
)
PERSON = "{id: 7, born: 2024-02-03, amount: 2.5, ok: false, code: '009'}"
SEEN = "{id: 7, born: 2024-02-03, amount: 2.50, ok: false, code: '009'}"
TYPES = (
    "select id, born, amount, ok, code, pg_typeof(born)::text as of_born, "
    "pg_typeof(amount)::text as of_amount, pg_typeof(ok)::text as of_ok from {{ ref('%s') }}"
)
TYPED = "{of_born: date, of_amount: numeric, of_ok: boolean}"


def checked(input: str, rows: str, expect: str, model: str = "checked") -> str:
    return (
        f'name: case, model: {model}, given: [{{input: "{input}", rows: [{rows}]}}], '
        f"expect: {{rows: [{expect}]}}"
    )


async def relations(shop: Shop) -> list[tuple[object, ...]]:
    """What is in the schemas of the shop."""
    return await shop.fetch(
        "select relname from pg_class join pg_namespace n on n.oid = relnamespace "
        f"where nspname = '{shop.schema}'"
    )


@pytest.mark.parametrize(
    "between",
    [
        {},
        {"staged": "select * from {{ ref('people') }}"},
        {"staged": "{{ config(materialized='ephemeral') }} select * from {{ ref('people') }}"},
        {
            "first": "{{ config(materialized='ephemeral') }} select * from {{ ref('people') }};",
            "second": "{{ config(materialized='incremental') }} select * from {{ ref('first') }} "
            "{% if is_incremental() %} where nothing > 0 {% endif %}",
            "staged": "with other as (select * from {{ ref('second') }}) select * from other",
        },
    ],
)
async def test_types_come_down_from_a_seed_that_was_never_loaded(
    shop: Shop, between: dict[str, str]
) -> None:
    shop.write("seeds/people.csv", SEED)
    shop.write("seeds/people.yml", SEED_TYPES)
    for name, sql in between.items():
        shop.view(name, sql)
    read = "staged" if between else "people"
    shop.view("checked", TYPES % read)
    expect = f"{SEEN[:-1]}, {TYPED[1:]}"
    write_tests(shop, checked(f"ref('{read}')", PERSON, expect))

    ran = await shop.run("test")

    assert ran.statuses == {"case": Status.PASS}, ran.outcome.results
    assert await relations(shop) == []


async def test_differences_are_found_there_as_well(shop: Shop) -> None:
    shop.write("seeds/people.csv", SEED)
    shop.view("checked", "select id, ok from {{ ref('people') }}")
    write_tests(shop, checked("ref('people')", "{id: 1, ok: true}", "{id: 1, ok: false}"))

    ran = await shop.run("test")

    assert ran.statuses == {"case": Status.FAIL}


async def test_contract_says_the_types_of_a_model_that_asks_the_database(shop: Shop) -> None:
    shop.view(
        "asking", "select {{ run_query('select n from nowhere').rows[0][0] }} as id, now() as at"
    )
    shop.write(
        "models/asking.yml",
        "models: [{name: asking, config: {contract: {enforced: true}}, columns: "
        "[{name: Id, data_type: bigint}, {name: at, data_type: date}]}]",
    )
    shop.view("checked", "select id, at from {{ ref('asking') }}")
    write_tests(
        shop, checked("ref('asking')", "{id: 1, at: 2024-01-31}", "{id: 1, at: 2024-01-31}")
    )

    ran = await shop.run("test")

    assert ran.statuses == {"case": Status.PASS}, ran.outcome.results


async def test_described_types_stand_in_where_the_sql_cannot_be_asked(shop: Shop) -> None:
    shop.view("asking", "select {{ run_query('select n from nowhere').rows[0][0] }} as id")
    columns = "columns: [{name: id, data_type: bigint}]"
    shop.write("models/asking.yml", f"models: [{{name: asking, {columns}}}]")
    shop.view("checked", "select id, pg_typeof(id)::text as kind from {{ ref('asking') }}")
    write_tests(shop, checked("ref('asking')", "{id: 1}", "{id: 1, kind: bigint}"))

    ran = await shop.run("test")

    assert ran.statuses == {"case": Status.PASS}, ran.outcome.results


async def test_source_that_is_not_there_is_as_it_is_described(shop: Shop) -> None:
    shop.write(
        "models/sources.yml",
        "sources: [{name: crm, schema: nowhere, tables: [{name: people, columns: "
        "[{name: id, data_type: int}, {name: Name, data_type: text, quote: true}]}]}]",
    )
    shop.view("staged", "select id, \"Name\" from {{ source('crm', 'people') }}")
    shop.view("checked", "select id, \"Name\" || '!' as name from {{ ref('staged') }}")
    shop.view("direct", "select id, \"Name\" || '!' as name from {{ source('crm', 'people') }}")
    rows, expect = "{id: 1, Name: Ada}", "{id: 1, name: Ada!}"
    write_tests(
        shop,
        checked("ref('staged')", rows, expect).replace("case", "staged_case"),
        checked("source('crm', 'people')", rows, expect, "direct").replace("case", "direct_case"),
    )

    ran = await shop.run("test")

    passed = {"staged_case": Status.PASS, "direct_case": Status.PASS}
    assert ran.statuses == passed, ran.outcome.results


async def test_source_that_is_there_is_read_by_what_is_not(shop: Shop) -> None:
    await shop.execute(f"create schema {shop.schema}_crm")
    await shop.execute(f"create table {shop.schema}_crm.people (id int, born date)")
    shop.write(
        "models/sources.yml",
        f"sources: [{{name: crm, schema: {shop.schema}_crm, tables: [{{name: people}}]}}]",
    )
    shop.view("staged", "select * from {{ source('crm', 'people') }}")
    shop.view("checked", "select id, born + 1 as next from {{ ref('staged') }}")
    write_tests(
        shop,
        checked("ref('staged')", "{id: 1, born: 2024-01-31}", "{id: 1, next: 2024-02-01}"),
    )

    ran = await shop.run("test")

    assert ran.statuses == {"case": Status.PASS}, ran.outcome.results


@pytest.mark.parametrize(
    ("config", "own", "kind"),
    [
        ("strategy='timestamp', updated_at='born'", "dbt_valid_from", "date"),
        ("strategy='check', check_cols='all'", "dbt_valid_to", "timestamp without time zone"),
        (
            "strategy='check', check_cols=['id'], hard_deletes='new_record', "
            "snapshot_meta_column_names={'dbt_is_deleted': 'gone'}",
            "gone",
            "text",
        ),
    ],
)
async def test_snapshot_has_columns_of_its_own(
    shop: Shop, config: str, own: str, kind: str
) -> None:
    shop.write("seeds/people.csv", SEED)
    shop.write(
        "snapshots/kept.sql",
        "{% snapshot kept %}{{ config(unique_key='id', CONFIG) }}select * from {{ ref('people') }}"
        "{% endsnapshot %}".replace("CONFIG", config),
    )
    shop.view("checked", f"select id, pg_typeof({own})::text as kind from {{{{ ref('kept') }}}}")
    write_tests(shop, checked("ref('kept')", "{id: 1}", f"{{id: 1, kind: {kind}}}"))

    ran = await shop.run("test")

    assert ran.statuses == {"case": Status.PASS}, ran.outcome.results
    assert await relations(shop) == []


async def test_incremental_model_is_tested_over_rows_of_its_own(shop: Shop) -> None:
    shop.write("seeds/people.csv", SEED)
    shop.write(
        "models/checked.sql",
        "{{ config(materialized='incremental') }} select id, born from {{ ref('people') }} "
        "{% if is_incremental() %} where born > (select max(born) from {{ this }}) {% endif %}",
    )
    write_tests(
        shop,
        "name: case, model: checked, overrides: {macros: {is_incremental: true}}, given: "
        "[{input: ref('people'), rows: [{id: 1, born: 2024-01-01}, {id: 2, born: 2024-01-03}]}, "
        "{input: this, rows: [{born: 2024-01-02}]}], expect: {rows: [{id: 2}]}",
    )

    ran = await shop.run("test")

    assert ran.statuses == {"case": Status.PASS}, ran.outcome.results


@pytest.mark.parametrize(
    ("files", "input", "why"),
    [
        (
            {"models/sources.yml": "sources: [{name: crm, tables: [{name: people}]}]"},
            "source('crm', 'people')",
            "'people' has no columns with a data_type",
        ),
        (
            {
                "models/sources.yml": "sources: [{name: crm, tables: [{name: people}]}]",
                "models/staged.sql": "select * from {{ source('crm', 'people') }}",
            },
            "ref('staged')",
            "'people' has no columns with a data_type",
        ),
        ({"models/staged.sql": "select nothing"}, "ref('staged')", "'staged': column \"nothing\""),
        (
            {
                "models/staged.sql": "select nothing",
                "models/staged.yml": "models: [{name: staged, columns: [{name: id}, "
                "{name: born, data_type: date}]}]",
            },
            "ref('staged')",
            "'staged': column \"nothing\" does not exist",
        ),
    ],
)
async def test_what_the_project_does_not_tell_is_an_error_that_says_so(
    shop: Shop, files: dict[str, str], input: str, why: str
) -> None:
    for path, text in files.items():
        shop.write(path, text)
    shop.view("checked", f"select id from {{{{ {input} }}}}")
    write_tests(shop, checked(input, "{id: 1}", "{id: 1}"))

    ran = await shop.run("test")

    error = ran.error("case")
    assert ran.statuses == {"case": Status.ERROR}
    assert "Not able to get columns for unit test '" in error
    assert "because the relation doesn't exist, and the project doesn't tell them" in error
    assert why in error
    assert "with their data_type" in error


async def test_what_is_there_counts_and_not_what_would_be(shop: Shop) -> None:
    shop.write("models/staged.sql", "{{ config(materialized='table') }} select 1 as id")
    await shop.run("run")
    shop.write("models/staged.sql", "{{ config(materialized='table') }} select 'x' as other")
    shop.view("checked", "select * from {{ ref('staged') }}")
    write_tests(shop, checked("ref('staged')", "{id: 1}", "{id: 1}"))

    ran = await shop.run("test")

    assert ran.statuses == {"case": Status.PASS}, ran.outcome.results
