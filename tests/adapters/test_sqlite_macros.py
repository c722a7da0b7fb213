"""The SQL that SQLite's own macros make runs on SQLite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jinja2
import pytest
from headrace.adapters.base import Adapter
from headrace.adapters.relation import Column
from headrace.adapters.sqlite import SqliteAdapter

from .conformance import target_relation
from .support import sqlite_adapter


@pytest.fixture
async def adapter(tmp_path: Path) -> AsyncIterator[Adapter]:
    async with sqlite_adapter(tmp_path, threads=1) as opened:
        yield opened


@pytest.fixture
def macros() -> Any:
    """The macros, with as much of a context as they use."""
    directory = SqliteAdapter.macro_directory
    assert directory is not None
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    template = environment.from_string((directory / "adapters.sql").read_text())
    return template.make_module({"config": {"sql_header": "-- header"}})


async def test_table_and_view_are_created(adapter: Adapter, macros: Any) -> None:
    orders, recent = target_relation(adapter, "orders"), target_relation(adapter, "recent")

    async with adapter.connection("orders") as connection:
        made = await connection.execute(
            macros.sqlite__create_table_as(False, orders, "select 1 as id -- the end")
        )
        await connection.execute(
            macros.sqlite__create_view_as(
                recent, f"with o as (select * from {orders}) table o"
            ).replace("table o", "select * from o")
        )
        found = await connection.query(f"select * from {recent}")

    assert made.rows_affected == 1
    assert found.rows == [(1,)]


async def test_temporary_table_has_no_schema(adapter: Adapter, macros: Any) -> None:
    arriving = target_relation(adapter, "arriving")

    sql = macros.sqlite__create_table_as(True, arriving, "select 1 as id")

    assert 'create temporary table "arriving" as' in sql
    async with adapter.connection("orders") as connection:
        await connection.execute(sql)
        assert (await connection.query('select * from "arriving"')).rows == [(1,)]


@pytest.mark.parametrize(
    ("unique_key", "predicates", "expected"),
    [
        ("id", None, [(1, 1, "old"), (2, 1, "new"), (2, 2, "new")]),
        (["id", "line"], None, [(1, 1, "old"), (2, 1, "new"), (2, 2, "new"), (2, 3, "old")]),
        (["id"], ["line > 2"], [(1, 1, "old"), (2, 1, "new"), (2, 1, "old"), (2, 2, "new")]),
        (
            None,
            None,
            [(1, 1, "old"), (2, 1, "new"), (2, 1, "old"), (2, 2, "new"), (2, 3, "old")],
        ),
    ],
)
async def test_arriving_rows_replace_those_of_the_same_key(
    adapter: Adapter,
    macros: Any,
    unique_key: str | list[str] | None,
    predicates: list[str] | None,
    expected: list[tuple[object, ...]],
) -> None:
    orders = target_relation(adapter, "orders")
    arriving = target_relation(adapter, "arriving").include(schema=False)
    columns = [Column(name, "") for name in ("id", "line", "state")]
    sql = macros.sqlite__get_delete_insert_merge_sql(
        orders, arriving, unique_key, columns, predicates
    )

    async with adapter.connection("orders") as connection, connection.transaction():
        await connection.execute(
            f"create table {orders} as select * from "
            "(select 1 as id, 1 as line, 'old' as state "
            "union all select 2, 1, 'old' union all select 2, 3, 'old')"
        )
        await connection.execute(
            f"create temporary table {arriving} as "
            "select 2 as id, 1 as line, 'new' as state union all select 2, 2, 'new'"
        )
        await connection.execute(sql)
        found = await connection.query(f"select * from {orders} order by 1, 2, 3")

    assert found.rows == expected
