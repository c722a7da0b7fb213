"""Rows that the query no longer gives, and what says that a row is current."""

from __future__ import annotations

from typing import Any

import pytest

from .support import Shop, block

TIMESTAMP: dict[str, Any] = {"strategy": "timestamp", "unique_key": "id", "updated_at": "at"}
CHECK: dict[str, Any] = {"strategy": "check", "unique_key": "id", "check_cols": "all"}
SHOWN = ("id", "name", "dbt_valid_from", "dbt_valid_to")
MARKED = (*SHOWN, "dbt_is_deleted")

BOTH = [{"id": 1, "name": "a", "at": 1}, {"id": 2, "name": "b", "at": 1}]
ONE = BOTH[:1]


@pytest.mark.parametrize("config", [{}, {"hard_deletes": "ignore"}], ids=["default", "ignore"])
async def test_row_that_is_gone_stays_current(shop: Shop, config: dict[str, Any]) -> None:
    shop.write("snapshots/s.sql", block("kept", **TIMESTAMP, **config))
    await shop.orders(BOTH)
    await shop.snapshot()
    await shop.orders(ONE)

    await shop.snapshot()

    assert await shop.history("kept", *SHOWN) == [(1, "a", "day 1", None), (2, "b", "day 1", None)]


@pytest.mark.parametrize(
    "config",
    [{"invalidate_hard_deletes": True}, {"hard_deletes": "invalidate"}],
    ids=["of old", "of now"],
)
async def test_row_that_is_gone_is_ended(shop: Shop, config: dict[str, Any]) -> None:
    shop.write("snapshots/s.sql", block("kept", **TIMESTAMP, **config))
    await shop.orders(BOTH)
    await shop.snapshot()
    await shop.orders(ONE)
    await shop.snapshot()
    gone = await shop.history("kept", *SHOWN)
    await shop.snapshot()
    unchanged = await shop.history("kept", *SHOWN)
    await shop.orders([*ONE, {"id": 2, "name": "again", "at": 7}])

    await shop.snapshot()

    assert gone == unchanged == [(1, "a", "day 1", None), (2, "b", "day 1", "run 2")]
    assert await shop.history("kept", *SHOWN) == [
        (1, "a", "day 1", None),
        (2, "again", "day 7", None),
        (2, "b", "day 1", "run 2"),
    ]


@pytest.mark.parametrize("deletes", ["ignore", "invalidate", "new_record"])
async def test_reading_no_rows_deletes_none(shop: Shop, deletes: str) -> None:
    shop.write("snapshots/s.sql", block("kept", **TIMESTAMP, hard_deletes=deletes))
    await shop.orders(BOTH)
    await shop.snapshot(empty=True)
    created = await shop.history("kept", *SHOWN)
    await shop.snapshot()

    await shop.snapshot(empty=True)

    assert created == []
    assert await shop.history("kept", *SHOWN) == [(1, "a", "day 1", None), (2, "b", "day 1", None)]


async def test_version_that_has_ended_is_not_ended_again(shop: Shop) -> None:
    shop.write("snapshots/s.sql", block("kept", **TIMESTAMP, hard_deletes="invalidate"))
    for rows in (BOTH, ONE, BOTH):
        await shop.orders(rows)
        await shop.snapshot()
        await shop.history("kept", *SHOWN)
    await shop.orders([*ONE, {"id": 2, "name": "b2", "at": 5}])

    await shop.snapshot()

    # The row came back as it had been, and so under the id that it had.
    assert await shop.history("kept", *SHOWN) == [
        (1, "a", "day 1", None),
        (2, "b", "day 1", "day 5"),
        (2, "b", "day 1", "run 2"),
        (2, "b2", "day 5", None),
    ]


@pytest.mark.parametrize("key", ["id", ["id", "name"]], ids=["one", "list"])
async def test_row_that_is_gone_gets_a_record_that_says_so(shop: Shop, key: object) -> None:
    config = {**CHECK, "unique_key": key, "check_cols": ["at"], "hard_deletes": "new_record"}
    shop.write("snapshots/s.sql", block("kept", **config))
    await shop.orders(BOTH)
    await shop.snapshot()
    first = await shop.history("kept", *MARKED)
    await shop.orders(ONE)
    ran = await shop.snapshot()
    gone = await shop.history("kept", *MARKED)
    await shop.snapshot()
    unchanged = await shop.history("kept", *MARKED)
    await shop.orders(BOTH)

    await shop.snapshot()

    assert first == [(1, "a", "run 1", None, "False"), (2, "b", "run 1", None, "False")]
    assert ran.result("kept").message.split()[-1] == "1"
    assert gone == unchanged
    assert gone == [
        (1, "a", "run 1", None, "False"),
        (2, "b", "run 1", "run 2", "False"),
        (2, "b", "run 2", None, "True"),
    ]
    assert await shop.history("kept", *MARKED) == [
        (1, "a", "run 1", None, "False"),
        (2, "b", "run 1", "run 2", "False"),
        (2, "b", "run 2", "run 4", "True"),
        (2, "b", "run 4", None, "False"),
    ]


@pytest.mark.parametrize("deletes", ["invalidate", "new_record"])
async def test_current_rows_may_end_in_a_time_to_come(shop: Shop, deletes: str) -> None:
    config = {**TIMESTAMP, "hard_deletes": deletes, "dbt_valid_to_current": shop.day(31)}
    shop.write("snapshots/s.sql", block("kept", **config))
    await shop.orders(BOTH)
    await shop.snapshot()
    first = await shop.history("kept", *SHOWN)
    await shop.orders([{"id": 1, "name": "a2", "at": 3}])
    await shop.snapshot()
    await shop.history("kept", *SHOWN)

    ran = await shop.snapshot()

    assert ran.result("kept").message.split()[-1] == "0"
    assert first == [(1, "a", "day 1", "day 31"), (2, "b", "day 1", "day 31")]
    marker = [(2, "b", "run 2", "day 31")] if deletes == "new_record" else []
    assert await shop.history("kept", *SHOWN) == [
        (1, "a", "day 1", "day 3"),
        (1, "a2", "day 3", "day 31"),
        (2, "b", "day 1", "run 2"),
        *marker,
    ]


async def test_rows_from_before_dbt_valid_to_current_are_current_as_well(shop: Shop) -> None:
    shop.write("snapshots/s.sql", block("kept", **TIMESTAMP))
    await shop.orders(BOTH)
    await shop.snapshot()
    shop.write("snapshots/s.sql", block("kept", **TIMESTAMP, dbt_valid_to_current=shop.day(31)))
    await shop.orders([{"id": 1, "name": "a2", "at": 3}, BOTH[1]])

    await shop.snapshot()

    assert await shop.history("kept", *SHOWN) == [
        (1, "a", "day 1", "day 3"),
        (1, "a2", "day 3", "day 31"),
        (2, "b", "day 1", None),
    ]


async def test_columns_may_have_names_of_the_projects_own(shop: Shop) -> None:
    names = {
        "dbt_valid_from": "began",
        "dbt_valid_to": "ended",
        "dbt_scd_id": "version",
        "dbt_updated_at": "changed",
        "dbt_is_deleted": "gone",
    }
    config = {**TIMESTAMP, "hard_deletes": "new_record", "snapshot_meta_column_names": names}
    shop.write("snapshots/s.sql", block("kept", **config))
    await shop.orders(BOTH)
    await shop.snapshot()
    await shop.orders([{"id": 1, "name": "a2", "at": 3}])

    await shop.snapshot()

    columns, _ = await shop.fetch("select * from {schema}.kept")
    assert columns == ("id", "name", "at", "version", "changed", "began", "ended", "gone")
    assert await shop.history("kept", "id", "name", "began", "ended", "gone") == [
        (1, "a", "day 1", "day 3", "False"),
        (1, "a2", "day 3", None, "False"),
        (2, "b", "day 1", "run 2", "False"),
        (2, "b", "run 2", None, "True"),
    ]
