"""A table that changes and the snapshots of it, on either database."""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ..building.support import DATABASE, Ran, run
from ..postgres_server import PostgresServer

Row = tuple[Any, ...]

_GIVEN = 2020
"""The year of the times that tests give; any other is of a run."""


def block(
    name: str, sql: str = "select * from {{ source('raw', 'orders') }}", **config: Any
) -> str:
    """A snapshot's block. What is configured is given as Python has it."""
    settings = ", ".join(f"{key}={value!r}" for key, value in config.items())
    return f"{{% snapshot {name} %}}\n{{{{ config({settings}) }}}}\n{sql}\n{{% endsnapshot %}}\n"


SOURCES = "sources: [{name: raw, schema: '{{ target.schema }}', tables: [{name: orders}]}]\n"


@dataclass
class Shop(ABC):
    """A project with a source `orders`, and what its snapshots have noted so far."""

    root: Path
    runs: int = 0
    known: dict[str, str] = field(default_factory=dict)

    @abstractmethod
    async def execute(self, *statements: str) -> None:
        """Change the database from outside. `{schema}` is where the project builds."""

    @abstractmethod
    async def fetch(self, sql: str) -> tuple[tuple[str, ...], list[Row]]:
        """Column names and rows."""

    @abstractmethod
    def day(self, number: int) -> str:
        """A time, as SQL: noon of that day of January 2020."""

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    async def orders(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Let the source have exactly these rows. A number as `at` is a day; 0 is none."""
        select = " union all ".join(f"select {self._values(row)}" for row in rows)
        await self.execute(
            "drop table if exists {schema}.orders", f"create table {{schema}}.orders as {select}"
        )

    def _values(self, row: Mapping[str, Any]) -> str:
        texts = []
        for name, value in row.items():
            if name == "at":
                # No time, of the type of times.
                sql = self.day(value) if value else f"nullif({self.day(1)}, {self.day(1)})"
            elif isinstance(value, str):
                sql = f"cast('{value}' as text)"
            else:
                sql = "cast(null as text)" if value is None else str(value)
            texts.append(f"{sql} as {name}")
        return ", ".join(texts)

    async def run(self, command: str = "snapshot", **options: Any) -> Ran:
        ran = await run(self.root, command, **options)
        self.runs += 1
        return ran

    async def snapshot(self, **options: Any) -> Ran:
        """Run the snapshots, and see that it went well."""
        ran = await self.run(**options)
        assert ran.exit_code == 0, [result.error for result in ran.outcome.results]
        return ran

    async def history(self, name: str, *columns: str) -> list[Row]:
        """A snapshot's rows, sorted. Times read "day 3" or, if a run gave them, "run 2".

        To be asked after each run, since it is then that a run's time is learnt.
        """
        names, found = await self.fetch(f"select * from {{schema}}.{name}")
        wanted = [names.index(column) for column in columns]
        rows = [tuple(self._shown(row[position]) for position in wanted) for row in found]
        return sorted(rows, key=lambda row: tuple(str(value) for value in row))

    def _shown(self, value: Any) -> Any:
        text = str(value)
        if text.startswith(f"{_GIVEN}-01-"):
            return f"day {int(text[8:10])}"
        if isinstance(value, datetime) or text.startswith(f"{datetime.now().year}-"):
            return self.known.setdefault(text, f"run {self.runs}")
        return value


@dataclass
class SqliteShop(Shop):
    async def execute(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.root / DATABASE)) as connection, connection:
            for sql in statements:
                connection.execute(sql.replace("{schema}", "main"))

    async def fetch(self, sql: str) -> tuple[tuple[str, ...], list[Row]]:
        with closing(sqlite3.connect(self.root / DATABASE)) as connection:
            cursor = connection.execute(sql.replace("{schema}", "main"))
            return tuple(column[0] for column in cursor.description), cursor.fetchall()

    def day(self, number: int) -> str:
        return f"'{_GIVEN}-01-{number:02} 12:00:00.000'"


@dataclass
class PostgresShop(Shop):
    server: PostgresServer = field(kw_only=True)
    schema: str = field(kw_only=True)

    async def execute(self, *statements: str) -> None:
        for sql in statements:
            await self.server.execute(sql.replace("{schema}", self.schema))

    async def fetch(self, sql: str) -> tuple[tuple[str, ...], list[Row]]:
        async with self.server.connect() as driver:
            statement = await driver.prepare(sql.replace("{schema}", self.schema))
            names = tuple(attribute.name for attribute in statement.get_attributes())
            return names, [tuple(row) for row in await statement.fetch()]

    def day(self, number: int) -> str:
        return f"timestamp '{_GIVEN}-01-{number:02} 12:00:00'"
