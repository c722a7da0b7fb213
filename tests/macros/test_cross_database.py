"""The cross-database macros give the same values on every database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from ..building.support import rows, run
from ..postgres_server import PostgresServer
from .cases import CASES, MACROS, QUERIES

WriteProject = Callable[[Mapping[str, str]], Path]

NUMBERS = "select 1 as n, 'one' as word union all select 2, 'two' union all select 3, 'three'"


def project() -> dict[str, str]:
    """One model for each case, and one for the rows that they are over."""
    files = {"macros/m.sql": MACROS, "models/numbers.sql": NUMBERS}
    for number, (expression, _) in enumerate(CASES.values()):
        files[f"models/case_{number}.sql"] = (
            "{{ config(materialized='table') }} select "
            + expression
            + " as value from {{ ref('numbers') }} limit 1"
        )
    for number, (sql, _) in enumerate(QUERIES.values()):
        files[f"models/query_{number}.sql"] = (
            "{{ config(materialized='table') }} {% set numbers = ref('numbers') %}" + sql
        )
    return files


def plain(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    return value


async def test_on_sqlite(write_project: WriteProject) -> None:
    root = write_project(project())

    ran = await run(root)

    assert not ran.outcome.error
    failed = {r.node.name: r.error for r in ran.outcome.results if r.error}
    assert not failed
    for number, (name, (_, wanted)) in enumerate(CASES.items()):
        ((value,),) = rows(root, f"select value from case_{number}")
        assert value == wanted, name
    for number, (name, (_, wanted_rows)) in enumerate(QUERIES.items()):
        assert rows(root, f"select * from query_{number}") == wanted_rows, name


async def test_on_postgres(
    write_project: WriteProject, postgres: PostgresServer, schema: str
) -> None:
    root = write_project({**project(), "profiles.yml": postgres.profile(schema)})

    ran = await run(root)

    assert not ran.outcome.error
    failed = {r.node.name: r.error for r in ran.outcome.results if r.error}
    assert not failed
    for number, (name, (_, wanted)) in enumerate(CASES.items()):
        ((value,),) = await postgres.fetch(f"select value from {schema}.case_{number}")
        assert plain(value) == wanted, name
    for number, (name, (_, wanted_rows)) in enumerate(QUERIES.items()):
        found = await postgres.fetch(f"select * from {schema}.query_{number}")
        assert found == wanted_rows, name


async def test_numbers_of_a_series_are_of_dbts_type_on_postgres(
    write_project: WriteProject, postgres: PostgresServer, schema: str
) -> None:
    model = "{{ config(materialized='table') }} {{ dbt.generate_series(3) }}"
    root = write_project({"models/m.sql": model, "profiles.yml": postgres.profile(schema)})

    ran = await run(root)

    assert not ran.outcome.error
    sql = f"select generated_number, pg_typeof(generated_number)::text from {schema}.m order by 1"
    assert await postgres.fetch(sql) == [(n, "double precision") for n in (1.0, 2.0, 3.0)]


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("{{ dbt.datediff('a', 'b', 'fortnight') }}", "no part of a date called 'fortnight'"),
        ("{{ dbt.dateadd('fortnight', 1, 'a') }}", "no part of a date called 'fortnight'"),
        ("{{ dbt.get_powers_of_two(0) }}", "upper bound must be positive"),
    ],
)
async def test_what_makes_no_sense_is_said(
    write_project: WriteProject, expression: str, problem: str
) -> None:
    root = write_project({"models/m.sql": f"select {expression} as x"})

    assert problem in (await run(root)).error("m")


async def test_a_projects_own_words_count(write_project: WriteProject) -> None:
    root = write_project(
        {
            "macros/own.sql": "{% macro sqlite__hash(field) %}'hash of ' || {{ field }}"
            "{% endmacro %}",
            "models/m.sql": "select {{ dbt.hash(dbt.concat([\"'a'\", \"'b'\"])) }} as x",
        }
    )

    await run(root)

    assert rows(root, "select x from m") == [("hash of ab",)]
