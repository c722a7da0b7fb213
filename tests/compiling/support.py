"""What the tests of compiling share: a parsed project with its SQLite database open."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from headrace.adapters.base import Connection, Rows
from headrace.adapters.relation_cache import RelationCache
from headrace.engine.core.events import Event, MessageLogged
from headrace.engine.template.compiler import Compiler
from headrace.engine.template.template_engine import TemplateEngine
from headrace.engine.template.template_environment import TemplateEnvironment

from ..manifest.support import Parsed, parse


class Compilation:
    """Compiles the nodes of one project, on one connection."""

    def __init__(self, parsed: Parsed, connection: Connection) -> None:
        self.parsed = parsed
        self.connection = connection
        self.events: list[Event] = []
        workspace = parsed.workspace
        self._compiler = Compiler(
            TemplateEngine(
                environment=TemplateEnvironment(workspace.codes),
                common=workspace.common_context(self.events.append),
                manifest=parsed.manifest,
                adapter=workspace.adapter,
                cache=RelationCache(workspace.adapter),
                relations=workspace.relations,
            )
        )

    async def sql(self, name: str) -> str:
        """The SQL of the only node of that name."""
        return (await self._compiler.compile(self.parsed.node(name), self.connection)).sql

    async def rows(self, name: str) -> Rows:
        """What the database answers to a node's SQL."""
        return await self.connection.query(await self.sql(name))

    @property
    def messages(self) -> list[str]:
        """What templates logged."""
        return [event.message for event in self.events if isinstance(event, MessageLogged)]


@asynccontextmanager
async def compiling(
    root: Path, *, vars: Mapping[str, object] | None = None
) -> AsyncIterator[Compilation]:
    """Parse a project and open its database, for the length of the block."""
    parsed = parse(root, vars=vars)
    async with (
        parsed.workspace.adapter as adapter,
        adapter.connection("test") as connection,
    ):
        yield Compilation(parsed, connection)
