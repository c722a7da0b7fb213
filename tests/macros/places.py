"""A project on one of the databases, whichever a test is run with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..building.support import Ran, rows, run
from ..postgres_server import PostgresServer


@dataclass(frozen=True, slots=True)
class Place:
    """A project's directory and its target: PostgreSQL's `server`, or else SQLite."""

    root: Path
    schema: str
    server: PostgresServer | None = None

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    async def run(self, *select: str, command: str = "run", **options: Any) -> Ran:
        """Run what is selected, or everything."""
        return await run(self.root, command, select=select, **options)

    async def build(self, *select: str, **options: Any) -> Ran:
        """Run, and see that it went well."""
        ran = await self.run(*select, **options)
        assert ran.exit_code == 0, ran.outcome.error or [
            result.error for result in ran.outcome.results
        ]
        return ran

    async def look(self, template: str) -> list[str]:
        """What a template says by `say(...)` once there is a database."""
        self.write("macros/say.sql", "{% macro say(it) %}{% do log(it, info=true) %}{% endmacro %}")
        self.write("models/look.sql", "{% if execute %}" + template + "{% endif %}select 1 as x")
        return (await self.build("look")).messages

    async def fetch(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query, in which `{schema}` is the target's."""
        sql = sql.replace("{schema}", self.schema)
        return rows(self.root, sql) if self.server is None else await self.server.fetch(sql)

    async def relations(self) -> set[tuple[str, str]]:
        """Name and kind of each relation in the schema."""
        if self.server is None:
            sql = "select name, type from sqlite_master where type in ('table', 'view')"
        else:
            sql = (
                "select relname, case relkind when 'v' then 'view' else 'table' end from pg_class "
                "where relnamespace = '{schema}'::regnamespace and relkind in ('r', 'v')"
            )
        return {(str(name), str(kind)) for name, kind in await self.fetch(sql)}
