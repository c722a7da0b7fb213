"""Columns that change, keys that aren't, and tables that are no snapshot's."""

from __future__ import annotations

from typing import Any

import pytest

from .support import Shop, block

TIMESTAMP: dict[str, Any] = {"strategy": "timestamp", "unique_key": "id", "updated_at": "at"}
CHECK: dict[str, Any] = {"strategy": "check", "unique_key": "id", "check_cols": "all"}


@pytest.mark.parametrize("deletes", ["ignore", "invalidate", "new_record"])
async def test_column_that_is_new_is_added(shop: Shop, deletes: str) -> None:
    shop.write("snapshots/s.sql", block("kept", **TIMESTAMP, hard_deletes=deletes))
    await shop.orders([{"id": 1, "at": 1}, {"id": 2, "at": 1}, {"id": 3, "at": 1}])
    await shop.snapshot()
    await shop.orders([{"id": 1, "at": 2, "More": "x"}, {"id": 2, "at": 1, "More": "y"}])

    await shop.snapshot()

    names, _ = await shop.fetch("select * from {schema}.kept")
    assert names[-1].lower() == "more"
    marker = [(3, None)] if deletes == "new_record" else []
    assert await shop.history("kept", "id", names[-1]) == [
        (1, None),
        (1, "x"),
        (2, None),
        (3, None),
        *marker,
    ]


async def test_column_that_is_new_is_a_change_to_check(shop: Shop) -> None:
    shop.write("snapshots/s.sql", block("kept", **CHECK))
    await shop.orders([{"id": 1, "name": "a"}])
    await shop.snapshot()
    await shop.history("kept", "dbt_valid_from")
    await shop.orders([{"id": 1, "name": "a", "more": None}])

    await shop.snapshot()
    await shop.history("kept", "dbt_valid_from")
    ran = await shop.snapshot()

    assert ran.result("kept").message.split()[-1] == "0"
    assert await shop.history("kept", "id", "name", "more", "dbt_valid_to") == [
        (1, "a", None, None),
        (1, "a", None, "run 2"),
    ]


async def test_column_that_is_gone_stays_and_is_empty_from_then_on(shop: Shop) -> None:
    shop.write("snapshots/s.sql", block("kept", **CHECK))
    await shop.orders([{"id": 1, "name": "a", "size": 1}])
    await shop.snapshot()
    await shop.orders([{"id": 1, "name": "b"}])

    await shop.snapshot()

    assert await shop.history("kept", "id", "name", "size") == [(1, "a", 1), (1, "b", None)]


async def test_view_under_its_name_is_refused(shop: Shop) -> None:
    shop.write("snapshots/s.sql", block("kept", **TIMESTAMP))
    await shop.orders([{"id": 1, "at": 1}])
    await shop.execute("create view {schema}.kept as select 1 as id")

    ran = await shop.run()

    assert "kept is a view, and a snapshot needs a table of its own" in ran.error("kept")
    assert (await shop.fetch("select * from {schema}.kept"))[1] == [(1,)]


async def test_table_that_is_no_snapshot_is_refused(shop: Shop) -> None:
    shop.write("snapshots/s.sql", block("kept", **TIMESTAMP))
    await shop.orders([{"id": 1, "at": 1}])
    await shop.execute("create table {schema}.kept as select 1 as id, 2 as dbt_scd_id")

    ran = await shop.run()

    assert (
        'Snapshot target is missing configured columns (missing "dbt_valid_from", '
        '"dbt_valid_to")' in ran.error("kept")
    )
    assert (await shop.fetch("select * from {schema}.kept"))[1] == [(1, 2)]


async def test_table_without_the_mark_of_deleted_rows_is_refused(shop: Shop) -> None:
    shop.write("snapshots/s.sql", block("kept", **TIMESTAMP))
    await shop.orders([{"id": 1, "at": 1}])
    await shop.snapshot()
    shop.write("snapshots/s.sql", block("kept", **TIMESTAMP, hard_deletes="new_record"))

    ran = await shop.run()

    assert "Add the column as text, and set it to 'False' in every row" in ran.error("kept")


async def test_full_refresh_loses_nothing(shop: Shop) -> None:
    shop.write("snapshots/s.sql", block("kept", **TIMESTAMP, full_refresh=True))
    await shop.orders([{"id": 1, "at": 1}])
    await shop.snapshot()
    await shop.orders([{"id": 1, "at": 2}])

    await shop.snapshot(command="build", full_refresh=True)

    assert await shop.history("kept", "dbt_valid_from") == [("day 1",), ("day 2",)]


async def test_failure_on_the_way_leaves_the_history_as_it_was(shop: Shop) -> None:
    shop.write("snapshots/s.sql", block("kept", **TIMESTAMP))
    await shop.orders([{"id": 1, "at": 1}])
    await shop.snapshot()
    before = await shop.fetch("select * from {schema}.kept")
    shop.write("snapshots/s.sql", block("kept", **TIMESTAMP, post_hook="select * from nowhere"))
    await shop.orders([{"id": 1, "at": 2, "more": "x"}, {"id": 2, "at": 2, "more": "y"}])

    ran = await shop.run()

    assert "nowhere" in ran.error("kept")
    assert await shop.fetch("select * from {schema}.kept") == before


async def test_hooks_run_around_a_snapshot(shop: Shop) -> None:
    await shop.execute("create table {schema}.said (word text)")
    hook = "insert into {schema}.said values ('{word}')"
    hook = hook.replace("{schema}", "{{ target.schema }}")
    shop.write(
        "snapshots/s.sql",
        block(
            "kept",
            **CHECK,
            pre_hook=hook.replace("{word}", "before"),
            post_hook=hook.replace("{word}", "after {{ this.identifier }}"),
        ),
    )
    await shop.orders([{"id": 1}])

    await shop.snapshot()
    await shop.snapshot()

    _, said = await shop.fetch("select word from {schema}.said")
    assert said == [("before",), ("after kept",)] * 2


async def test_ephemeral_model_may_be_kept(shop: Shop) -> None:
    shop.write(
        "models/fleeting.sql",
        "{{ config(materialized='ephemeral') }} select * from {{ source('raw', 'orders') }}",
    )
    shop.write("snapshots/s.sql", block("kept", "select * from {{ ref('fleeting') }}", **CHECK))
    await shop.orders([{"id": 1}])
    await shop.snapshot()
    await shop.orders([{"id": 1}, {"id": 2}])

    await shop.snapshot()

    assert await shop.history("kept", "id") == [(1,), (2,)]
