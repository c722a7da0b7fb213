"""Seeds on PostgreSQL: how their columns are called, and of which types they are."""

from __future__ import annotations

import pytest

from .support import Shop

UNQUOTED = (
    "name: shop\nversion: '1.0'\nprofile: shop\nseeds: {+quote_columns: false, +column_types: "
    "{Code: varchar(5)}}\n"
)


async def columns(shop: Shop) -> list[tuple[str, str]]:
    found = await shop.fetch(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute "
        "where attrelid = '{schema}.raw'::regclass and attnum > 0 order by attnum"
    )
    return [(str(name), str(kind)) for name, kind in found]


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("ID,Code,name", ["id", "code", "name"]),
        ('"""ID""","Code",nAmE', ["ID", "code", "name"]),
        ('"""a ""b""",Code,ÄB', ['a "b', "code", "Äb"]),
        (' id ,Code,"  ""E f"" "', ["id", "code", "E f"]),
    ],
)
async def test_columns_that_are_not_quoted_are_loaded_as_the_server_spells_them(
    shop: Shop, header: str, names: list[str]
) -> None:
    shop.write("dbt_project.yml", UNQUOTED)
    header = header.replace('a ""b', 'a """"b')
    shop.write("seeds/raw.csv", f"{header}\n1,007,x\n")

    for options in ({}, {}, {"full_refresh": True}):
        ran = await shop.run("seed", **options)
        assert ran.exit_code == 0, ran.result("raw").message

    assert [name for name, _ in await columns(shop)] == names
    assert await shop.fetch("select * from {schema}.raw") == [(1, "007", "x")]


async def test_seed_with_a_name_that_is_cut_is_loaded_again(shop: Shop) -> None:
    shop.write("seeds/raw.csv", f"id,{'ä' * 40}\n1,2\n")

    for _ in range(2):
        ran = await shop.run("seed")
        assert ran.exit_code == 0, ran.result("raw").message

    assert [name for name, _ in await columns(shop)] == ["id", "ä" * 31]
    assert await shop.fetch("select * from {schema}.raw") == [(1, 2)]


async def test_columns_are_quoted_unless_somebody_says_otherwise(shop: Shop) -> None:
    shop.write("seeds/raw.csv", "ID,Order Date\n1,2024-1-5\n")

    ran = await shop.run("seed")

    assert ran.exit_code == 0
    assert await columns(shop) == [("ID", "integer"), ("Order Date", "date")]


async def test_types_are_those_that_dbt_makes_of_the_values(shop: Shop) -> None:
    shop.write(
        "seeds/raw.csv",
        "n,big,x,day,at,b,t\n"
        "1,3000000000,1.5,2024-1-5,20240105T100000+02,true,2024-01-05\n"
        "2,9223372036854775807,,2024-01-06,2024-01-05T10:00:00.25,,2024-01-05T00:00:00\n",
    )

    ran = await shop.run("seed")

    assert ran.exit_code == 0, ran.result("raw").message
    assert await columns(shop) == [
        ("n", "integer"),
        ("big", "bigint"),
        ("x", "double precision"),
        ("day", "date"),
        ("at", "timestamp without time zone"),
        ("b", "boolean"),
        ("t", "text"),
    ]
    found = await shop.fetch("select big, day::text, at::text, b from {schema}.raw order by n")
    assert found == [
        (3000000000, "2024-01-05", "2024-01-05 08:00:00", True),
        (9223372036854775807, "2024-01-06", "2024-01-05 10:00:00.25", None),
    ]
