"""A reader of a table that is rebuilt sees the old one or the new one, and never an error."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from headrace.adapters.base import Adapter, Connection

from .support import sqlite_adapter

Replace = Callable[[Connection, int], Awaitable[None]]

SWAPS = 200
ROWS = 3


class Reader:
    """A thread that reads a relation as fast as it can, on a connection of its own.

    `problems` holds whatever it read that wasn't one whole generation.
    """

    def __init__(self, path: Path, relation: str) -> None:
        self.reads = 0
        self.problems: list[object] = []
        self._path = path
        self._relation = relation
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read)

    @contextmanager
    def reading(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._thread.join()

    def _read(self) -> None:
        with closing(sqlite3.connect(self._path, isolation_level=None)) as database:
            while not self._stop.is_set():
                try:
                    seen = database.execute(
                        "select count(*), count(distinct generation), sum(length(payload)) "
                        f"from {self._relation}"
                    ).fetchone()
                except sqlite3.Error as error:
                    self.problems.append(error)
                else:
                    self.reads += 1
                    if seen != (ROWS, 1, ROWS * 2000):
                        self.problems.append(seen)


@pytest.fixture
async def adapter(tmp_path: Path) -> AsyncIterator[Adapter]:
    async with sqlite_adapter(tmp_path) as opened:
        async with opened.connection("setup") as connection:
            await connection.execute(create_sql("orders", 0))
            await connection.execute('create view "main"."recent" as select * from "main"."orders"')
        yield opened


def create_sql(identifier: str, generation: int) -> str:
    return (
        f'create table "main"."{identifier}" as '
        f"with recursive n(i) as (select 1 union all select i + 1 from n where i < {ROWS}) "
        f"select i, {generation} as generation, hex(zeroblob(1000)) as payload from n"
    )


async def rebuild(connection: Connection, generation: int) -> None:
    """The ordinary way: dropped and built under its own name, in one transaction."""
    async with connection.transaction():
        connection.defer('drop table if exists "main"."orders"')
        await connection.execute(create_sql("orders", generation))


async def swap(connection: Connection, generation: int) -> None:
    """The way of a model that reads what it replaces."""
    async with connection.transaction():
        await connection.execute(create_sql("arriving", generation))
        connection.defer('drop table "main"."orders"')
        connection.defer('alter table "main"."arriving" rename to "orders"')


@pytest.mark.parametrize("replace", [rebuild, swap], ids=["rebuild", "rename"])
@pytest.mark.parametrize("relation", ["orders", "recent"], ids=["table", "view"])
async def test_reader_sees_the_old_or_the_new_and_no_error(
    adapter: Adapter, tmp_path: Path, replace: Replace, relation: str
) -> None:
    reader = Reader(tmp_path / "shop.db", relation)

    with reader.reading():
        async with adapter.connection("orders") as connection:
            for generation in range(SWAPS):
                await replace(connection, generation)

    assert reader.problems == []
    assert reader.reads > 0
