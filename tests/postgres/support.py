"""A project on PostgreSQL: its files, its runs, and a look at what is in its schema."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from ..building.support import Ran, run
from ..postgres_server import PostgresServer

TABLE = "{{ config(materialized='table') }}\n"


@dataclass(frozen=True, slots=True)
class Shop:
    """A project's directory, and the schema that it builds in. `{schema}` in SQL is its name."""

    root: Path
    server: PostgresServer
    schema: str

    def write(self, name: str, text: str) -> None:
        """Write a file, such as `models/orders.sql`."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def table(self, name: str, sql: str) -> None:
        """Write a model that is a table."""
        self.write(f"models/{name}.sql", TABLE + sql)

    def view(self, name: str, sql: str) -> None:
        """Write a model that is a view."""
        self.write(f"models/{name}.sql", "{{ config(materialized='view') }}\n" + sql)

    def profile(self, **keys: object) -> None:
        """Write the profile anew, with further keys."""
        self.write("profiles.yml", self.server.profile(self.schema, **keys))  # type: ignore[arg-type] # one of them may be threads

    async def run(self, command: str = "run", **options: Any) -> Ran:
        return await run(self.root, command, **options)

    async def build(self, **options: Any) -> Ran:
        """Run, and see that it went well."""
        ran = await self.run(**options)
        assert ran.exit_code == 0, ran.outcome.error or [
            result.error for result in ran.outcome.results
        ]
        return ran

    async def fetch(self, sql: str) -> list[tuple[Any, ...]]:
        return await self.server.fetch(sql.replace("{schema}", self.schema))

    async def execute(self, sql: str) -> None:
        await self.server.execute(sql.replace("{schema}", self.schema))

    async def relations(self) -> dict[str, str]:
        """What is in the schema: its `relkind` by name."""
        found = await self.fetch(
            "select relname, relkind::text from pg_class where relkind in ('r', 'v', 'm') "
            "and relnamespace = '{schema}'::regnamespace order by 1"
        )
        return dict(found)

    @asynccontextmanager
    async def holding(self, sql: str) -> AsyncIterator[None]:
        """Somebody else's transaction, open for the block, that has run a statement."""
        async with self.server.connect() as driver, driver.transaction():
            await driver.execute(sql.replace("{schema}", self.schema))
            yield


@dataclass
class Readers:
    """People who read the same queries again and again."""

    server: PostgresServer
    queries: list[str]
    seen: set[Any] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)
    reads: int = 0
    longest: float = 0.0

    @asynccontextmanager
    async def reading(self, count: int) -> AsyncIterator[None]:
        tasks = [asyncio.ensure_future(self._read(number)) for number in range(count)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, number: int) -> None:
        sql = self.queries[number % len(self.queries)]
        async with self.server.connect() as driver:
            while True:
                began = asyncio.get_running_loop().time()
                try:
                    self.seen.add(await driver.fetchval(sql))
                except asyncpg.PostgresError as error:
                    self.errors.append(f"{sql}: {error}")
                self.reads += 1
                self.longest = max(self.longest, asyncio.get_running_loop().time() - began)
