"""Names as long as PostgreSQL keeps them, and alike up to their last byte."""

from __future__ import annotations

import pytest
from headrace.engine.core.results import Status

from .support import Shop

pytestmark = pytest.mark.timeout(120)


@pytest.mark.parametrize("beginning", ["p" * 62, "ä" * 31], ids=["ascii", "two bytes a letter"])
async def test_names_that_differ_in_their_last_byte_are_as_many_tables(
    shop: Shop, beginning: str
) -> None:
    names = {beginning + letter: number for number, letter in enumerate("abcdefgh")}
    for name, number in names.items():
        shop.table(name, f"select {number} as n")

    for _ in range(2):
        await shop.build()

    assert set(await shop.relations()) == set(names)
    found = {name: await shop.fetch(f'select n from {{schema}}."{name}"') for name in names}
    assert found == {name: [(number,)] for name, number in names.items()}


async def test_schema_that_the_database_would_cut_fails_its_own_models_alone(shop: Shop) -> None:
    schema = "s" * 64
    shop.write(
        "macros/names.sql",
        "{% macro generate_schema_name(name, node) %}{{ name or target.schema }}{% endmacro %}",
    )
    shop.table("short", "select 1 as id")
    shop.write("models/long.sql", f"{{{{ config(schema='{schema}') }}}} select 1 as id")

    ran = await shop.run("run")

    assert ran.statuses == {"short": Status.SUCCESS, "long": Status.ERROR}
    assert f"the schema '{schema}' has 64 bytes" in ran.error("long")
    assert "Set a shorter schema" in ran.error("long")
