"""The SQL that SQLite's own macros make runs on SQLite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jinja2
import pytest
from headrace.adapters.base import Adapter
from headrace.adapters.conformance_support import target_relation
from headrace.adapters.sqlite import SqliteAdapter

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
    return template.make_module(
        {"config": {"sql_header": "-- header"}, "_assert_contract": lambda sql: ""}
    )


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
