"""`incremental` on PostgreSQL: the strategies, and columns that change."""

from __future__ import annotations

from typing import Any

import pytest
from headrace import Status

from ..building.support import Ran
from .support import Shop


async def run_days(shop: Shop, config: str, *days: str) -> Ran:
    """Run a model `events` once for each day's rows."""
    shop.write(
        "models/events.sql",
        f"{{{{ config(materialized='incremental', {config}) }}}}\n"
        "select * from {{ ref('day') }}",
    )
    ran: Ran | None = None
    for day in days:
        shop.table("day", day)
        ran = await shop.run()
    assert ran is not None
    return ran


TWO_DAYS = (
    "select * from (values (1, 10, 'old', 1), (2, 20, 'old', 2)) as v (id, part, said, size)",
    "select * from (values (2, 20, 'new', 7), (3, 30, 'new', 3)) as v (id, part, said, size)",
)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (
            "incremental_strategy='append'",
            [(1, "old", 1), (2, "new", 7), (2, "old", 2), (3, "new", 3)],
        ),
        ("unique_key='id'", [(1, "old", 1), (2, "new", 7), (3, "new", 3)]),
        ("unique_key=['id', 'part']", [(1, "old", 1), (2, "new", 7), (3, "new", 3)]),
        (
            "unique_key='id', incremental_predicates=['DBT_INTERNAL_DEST.part > 20']",
            [(1, "old", 1), (2, "new", 7), (2, "old", 2), (3, "new", 3)],
        ),
        (
            "incremental_strategy='merge', unique_key='id'",
            [(1, "old", 1), (2, "new", 7), (3, "new", 3)],
        ),
        (
            "incremental_strategy='merge', unique_key=['id', 'part'], "
            "merge_update_columns=['said']",
            [(1, "old", 1), (2, "new", 2), (3, "new", 3)],
        ),
        (
            "incremental_strategy='merge', unique_key='id', merge_exclude_columns=['SAID', 'id']",
            [(1, "old", 1), (2, "old", 7), (3, "new", 3)],
        ),
        (
            "incremental_strategy='merge'",
            [(1, "old", 1), (2, "new", 7), (2, "old", 2), (3, "new", 3)],
        ),
    ],
)
async def test_strategies(shop: Shop, config: str, expected: list[tuple[Any, ...]]) -> None:
    ran = await run_days(shop, config, *TWO_DAYS)

    assert ran.exit_code == 0, ran.outcome.results
    found = await shop.fetch("select id, said, size from {schema}.events order by 1, 2, 3")
    assert found == expected


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("append_new_columns", [("id", "integer"), ("name", "text"), ("more", "boolean")]),
        ("sync_all_columns", [("id", "bigint"), ("more", "boolean")]),
    ],
)
async def test_columns_that_change_are_followed(
    shop: Shop, policy: str, expected: list[tuple[str, str]]
) -> None:
    ran = await run_days(
        shop,
        f"on_schema_change='{policy}'",
        "select 1 as id, 'a'::text as name",
        "select true as more, 2::bigint as id",
    )

    assert ran.exit_code == 0, ran.outcome.results
    assert await shop.fetch("select id, more from {schema}.events order by id") == [
        (1, None),
        (2, True),
    ]
    columns = await shop.fetch(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute "
        "where attrelid = '{schema}.events'::regclass and attnum > 0 and not attisdropped "
        "order by attnum"
    )
    assert columns == expected


async def test_columns_that_change_are_an_error_where_they_must_not(shop: Shop) -> None:
    ran = await run_days(
        shop, "on_schema_change='fail'", "select 1 as id", "select 2::bigint as id"
    )

    assert "New column types: id bigint" in ran.error("events")
    assert await shop.fetch("select id from {schema}.events") == [(1,)]


async def test_rows_are_counted(shop: Shop) -> None:
    ran = await run_days(shop, "unique_key='id'", *TWO_DAYS)

    assert ran.result("events").message == "INSERT 0 2"
    assert ran.result("events").adapter_response["rows_affected"] == 2


async def test_text_that_grows_makes_its_column_wider(shop: Shop) -> None:
    ran = await run_days(
        shop,
        "tags=[]",
        "select 'a'::varchar(3) as name, 'b'::varchar(3) as more, 'c'::varchar(9) as least",
        "select 'abcdef'::varchar(6) as name, repeat('x', 50) as more, 'd'::varchar(2) as least",
    )

    assert ran.exit_code == 0, ran.outcome.results
    types = await shop.fetch(
        "select format_type(atttypid, atttypmod) from pg_attribute "
        "where attrelid = '{schema}.events'::regclass and attnum > 0 order by attnum"
    )
    assert types == [("character varying(6)",), ("text",), ("character varying(9)",)]


@pytest.mark.parametrize("policy", ["sync_all_columns", "fail", "append_new_columns", "ignore"])
@pytest.mark.parametrize(("first", "then"), [("text", "varchar(5)"), ("varchar(60)", "varchar(5)")])
async def test_text_that_arrives_shorter_cuts_nothing(
    shop: Shop, policy: str, first: str, then: str
) -> None:
    await run_days(
        shop,
        f"unique_key='id', on_schema_change='{policy}'",
        f"select 1 as id, 'a long text'::{first} as said",
        f"select 2 as id, 'short'::{then} as said",
    )

    assert sorted(await shop.fetch("select * from {schema}.events")) == [
        (1, "a long text"),
        (2, "short"),
    ]


async def test_longer_text_is_no_difference_once_the_column_was_widened(shop: Shop) -> None:
    ran = await run_days(
        shop,
        "unique_key='id', on_schema_change='fail'",
        "select 1 as id, 'short'::varchar(5) as said",
        "select 2 as id, 'longer'::varchar(6) as said",
    )

    assert ran.statuses == {"day": Status.SUCCESS, "events": Status.SUCCESS}


WITH_NULL = (
    "select * from (values (1, null::int, 'old'), (null, 1, 'old'), (2, 2, 'old')) "
    "as v (id, part, said)",
    "select * from (values (1, null::int, 'new'), (null, 1, 'new'), (2, 2, 'new')) "
    "as v (id, part, said)",
)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("unique_key='id'", "new"),
        ("unique_key=['id', 'part']", "new"),
        ("unique_key='id + 0'", "new"),
        ("unique_key='id', incremental_strategy='merge'", "new"),
        ("unique_key=['id', 'part'], incremental_strategy='merge'", "new"),
        ("unique_key='id', incremental_strategy='merge', merge_update_columns=['part']", "old"),
        ("unique_key='id', incremental_strategy='merge', merge_update_columns=[]", "old"),
    ],
)
async def test_rows_with_null_in_their_key_do_not_multiply(
    shop: Shop, config: str, said: str
) -> None:
    ran = await run_days(shop, config, *WITH_NULL)

    assert ran.exit_code == 0, ran.outcome.results
    found = await shop.fetch("select id, part, said from {schema}.events order by 1, 2")
    assert found == [(1, None, said), (2, 2, said), (None, 1, said)]


@pytest.mark.parametrize("strategy", ["delete+insert", "merge"])
async def test_empty_unique_key_is_none(shop: Shop, strategy: str) -> None:
    await run_days(
        shop,
        f"unique_key='', incremental_strategy='{strategy}'",
        "select 1 as id",
        "select 1 as id",
    )

    assert await shop.fetch("select id from {schema}.events") == [(1,), (1,)]


async def test_column_that_a_view_reads_and_is_to_be_wider_is_told_of(shop: Shop) -> None:
    longer = "select 2 as id, 'longer'::varchar(6) as said"
    await run_days(shop, "unique_key='id'", "select 1 as id, 'short'::varchar(5) as said")
    await shop.execute("create view {schema}.theirs as select said from {schema}.events")

    ran = await run_days(shop, "unique_key='id'", longer)

    assert 'theirs depends on column "said"' in ran.error("events")
    assert "--full-refresh" in ran.error("events")
