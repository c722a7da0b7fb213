"""The simulated database as a whole."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import ClassVar

from anyio import Semaphore

from ..base import Adapter, Connection, SwapPolicy, Target
from ..relation import Namespace, Relation, quote_identifier
from .catalog import Catalog
from .connection import ScriptedConnection
from .recorder import Recorder
from .script import Script, read_script


def create(target: Target) -> Adapter:
    """The adapter for a target of type `testing`, not yet opened.

    Raises:
        ProfileKeyError: a key of the profile is unknown or wrong.
    """
    return ScriptedAdapter(target, read_script(target))


class ScriptedAdapter(Adapter):
    """A simulated database, for tests, for trying out a schedule, and for load tests.

    It runs no SQL. It knows which relations exist by the simple CREATE, DROP and ALTER … RENAME
    statements that it was sent; a relation's columns are the rows of a rule that matches
    `describe <relation>`.

    Attributes:
        recorder: what was sent, what runs now, and what became of it.
        script: what is answered. It may be replaced at any time.
    """

    type: ClassVar[str] = "testing"
    dialect: ClassVar[tuple[str, ...]] = ("testing",)
    swap_policy: ClassVar[SwapPolicy] = SwapPolicy.IN_PLACE
    names_databases: ClassVar[bool] = True

    def __init__(self, target: Target, script: Script) -> None:
        self.target = target
        self.script = script
        self.recorder = Recorder()
        self._catalog = Catalog(Namespace(target.database, target.schema))

    async def open(self) -> None:
        self._leases = Semaphore(self.target.threads)

    async def aclose(self) -> None:
        """Nothing is open."""

    @asynccontextmanager
    async def connection(self, name: str) -> AsyncIterator[Connection]:
        async with self._leases:
            yield self._connection(name)

    def plain_table(self, relation: Relation, sql: str, config: Mapping[str, object]) -> str | None:
        return f"create table\n    {relation.include()} as (\n{sql}\n    );"

    async def list_schemas(self, database: str | None = None) -> frozenset[str]:
        return self._catalog.schemas(database)

    async def create_schema(self, namespace: Namespace) -> None:
        await self._connection("catalog").execute(f"create schema {_rendered(namespace)}")
        self._catalog.add_schema(namespace)

    async def drop_schema(self, namespace: Namespace) -> None:
        await self._connection("catalog").execute(f"drop schema {_rendered(namespace)}")
        self._catalog.drop_schema(namespace)

    async def list_relations(self, namespace: Namespace) -> list[Relation]:
        await self._connection("catalog").query(f"list relations of {_rendered(namespace)}")
        return [
            self.relation(
                entry.name.namespace.schema,
                entry.name.identifier,
                entry.type,
                database=entry.name.namespace.database,
            )
            for entry in self._catalog.entries(namespace)
        ]

    @property
    def public_keys(self) -> Mapping[str, object]:
        return dict(self.target.keys)

    def _connection(self, name: str) -> ScriptedConnection:
        connection = ScriptedConnection(name, self.script, self.recorder, self._catalog)
        connection.traffic = self.traffic(name)
        return connection


def _rendered(namespace: Namespace) -> str:
    parts = (namespace.database, namespace.schema)
    return ".".join(quote_identifier(part) for part in parts if part)
