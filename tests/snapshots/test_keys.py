"""Keys: each row of a snapshot's query has one, and no two rows have the same."""

from __future__ import annotations

from typing import Any

import pytest

from ..building.support import Ran
from .support import Shop, block

CONFIGS: dict[str, Any] = {
    "timestamp": {"strategy": "timestamp", "updated_at": "at"},
    "check": {"strategy": "check", "check_cols": ["said"]},
    "all": {"strategy": "check", "check_cols": "all", "hard_deletes": "invalidate"},
    "marked": {"strategy": "check", "check_cols": "all", "hard_deletes": "new_record"},
}
KEYS: dict[str, Any] = {
    "one": "id",
    "list": ["id", "part"],
    "expression": "cast(id as varchar) || '-' || cast(part as varchar)",
}


def row(key: int, said: str = "a", at: int = 1, part: int = 4) -> dict[str, Any]:
    return {"id": key, "part": part, "said": said, "at": at}


async def lose(shop: Shop, column: str) -> None:
    """Leave the rows that say "lost" without a value."""
    await shop.execute(f"update {{schema}}.orders set {column} = null where said = 'lost'")


async def refused(shop: Shop, *, command: str = "snapshot") -> str:
    """The error of a run that changes nothing."""
    before = await shop.fetch("select * from {schema}.kept") if shop.runs else None
    ran = await shop.run(command)
    assert ran.exit_code == 1
    if before is not None:
        assert await shop.fetch("select * from {schema}.kept") == before
    return ran.error("kept")


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("key", KEYS)
async def test_second_row_of_a_key_is_refused_also_where_the_first_is_the_current_one(
    shop: Shop, config: str, key: str
) -> None:
    shop.write("snapshots/s.sql", block("kept", **CONFIGS[config], unique_key=KEYS[key]))
    await shop.orders([row(7, "a"), row(8, "a")])
    await shop.snapshot()
    await shop.orders([row(7, "a"), row(7, "b", at=2), row(8, "a")])

    error = await refused(shop)

    shown = {"one": "7", "list": "7 | 4", "expression": "7-4"}[key]
    assert f"isn't unique in the query's rows: {shown} (2 rows)." in error


@pytest.mark.parametrize("config", CONFIGS)
async def test_rows_that_are_alike_are_no_more_told_apart(shop: Shop, config: str) -> None:
    shop.write("snapshots/s.sql", block("kept", **CONFIGS[config], unique_key="id"))
    await shop.orders([row(7)])
    await shop.snapshot()
    await shop.orders([row(7), row(7)])

    assert "isn't unique in the query's rows: 7 (2 rows)." in await refused(shop)


@pytest.mark.parametrize("config", CONFIGS)
async def test_first_run_refuses_them_too_and_makes_nothing(shop: Shop, config: str) -> None:
    shop.write("snapshots/s.sql", block("kept", **CONFIGS[config], unique_key=["id", "part"]))
    await shop.orders([row(7), row(7), row(7, part=5)])

    ran = await shop.run()

    assert "isn't unique in the query's rows: 7 | 4 (2 rows)." in ran.error("kept")
    await shop.orders([row(7), row(7, part=5)])
    await shop.snapshot()
    assert await shop.history("kept", "id", "part") == [(7, 4), (7, 5)]


async def test_a_few_keys_are_named_and_the_others_counted(shop: Shop) -> None:
    shop.write("snapshots/s.sql", block("kept", **CONFIGS["check"], unique_key="id"))
    twice = [row(key) for key in range(1, 10) for _ in range(2)]
    await shop.orders([*twice, row(9), row(20)])

    error = (await shop.run()).error("kept")

    assert "rows: 9 (3 rows), 1 (2 rows), 2 (2 rows) and 6 more keys. Which" in error


@pytest.mark.parametrize("is_first", [True, False], ids=["first", "later"])
@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("key", ["one", "list"])
async def test_rows_without_a_key_are_refused(
    shop: Shop, config: str, key: str, is_first: bool
) -> None:
    shop.write("snapshots/s.sql", block("kept", **CONFIGS[config], unique_key=KEYS[key]))
    if not is_first:
        await shop.orders([row(1)])
        await shop.snapshot()
    await shop.orders([row(1), row(2, "lost"), row(2, "lost")])
    await lose(shop, "id")

    error = (await shop.run()).error("kept")

    listed = "" if key == "one" else ": NULL | 4 (2 rows)"
    assert f"is NULL in 2 rows of the query{listed}. Such a row" in error
    assert error.count("NULL in") == 1
    assert "isn't unique" not in error


async def test_part_of_a_key_that_is_missing_is_a_key_that_is_missing(shop: Shop) -> None:
    shop.write("snapshots/s.sql", block("kept", **CONFIGS["all"], unique_key=["id", "part"]))
    await shop.orders([row(1), row(1, "lost"), row(2), row(2)])
    await lose(shop, "part")

    error = (await shop.run()).error("kept")

    assert "isn't unique in the query's rows: 2 | 4 (2 rows)." in error
    assert "is NULL in 1 row of the query: 1 | NULL (1 row)." in error


async def test_key_that_is_told_apart_again_is_gone_on_with(shop: Shop) -> None:
    shop.write("snapshots/s.sql", block("kept", **CONFIGS["check"], unique_key="id"))
    await shop.orders([row(7, "a")])
    await shop.snapshot()
    await shop.orders([row(7, "a"), row(7, "b")])
    await refused(shop)
    await shop.orders([row(7, "b")])

    ran: list[Ran] = [await shop.snapshot(), await shop.snapshot()]

    assert ran[-1].result("kept").message.split()[-1] == "0"
    assert await shop.history("kept", "said") == [("a",), ("b",)]


async def test_several_current_rows_from_earlier_on_are_told_from_the_querys(shop: Shop) -> None:
    shop.write("snapshots/s.sql", block("kept", **CONFIGS["check"], unique_key="id"))
    await shop.orders([row(7, "a")])
    await shop.snapshot()
    await shop.execute("insert into {schema}.kept select * from {schema}.kept")
    await shop.orders([row(7, "b")])

    error = await refused(shop)

    assert "has several current rows in the table, from earlier on: 7 (2 rows) would be" in error
    assert "isn't unique" not in error


async def test_nothing_is_asked_of_rows_that_are_not_read(shop: Shop) -> None:
    shop.write("snapshots/s.sql", block("kept", **CONFIGS["all"], unique_key="id"))
    await shop.orders([row(7)])
    await shop.snapshot()
    await shop.orders([row(7), row(7)])

    await shop.snapshot(command="build", empty=True)

    assert await shop.history("kept", "id", "dbt_valid_to") == [(7, None)]
