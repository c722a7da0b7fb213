"""PostgreSQL as a whole: its connections, its catalog, and what it calls things."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase
from types import MappingProxyType
from typing import ClassVar

import asyncpg

from ..abilities import CatalogColumn, CatalogTable, Describing, Fate, Locking, Tracing
from ..base import Adapter, Connection, SwapPolicy, Target, Traffic
from ..cancellation import outlast
from ..errors import DatabaseError
from ..relation import Namespace, Relation, quote_identifier
from ..traffic import CATALOG
from ..value_kinds import STANDARD_TYPES as VALUE_TYPES
from ..value_kinds import ValueKind
from .backend import Backend
from .catalog import DESCRIPTION, KINDS, MAY_CREATE, RELATIONS, SCHEMAS, STANDARD_TYPES
from .connecting import connect, server_version
from .connection import PostgresConnection, Turns
from .control import Control
from .keys import PostgresKeys, read_keys
from .pool import Pool
from .pooler import pooler_error, require_own_backends
from .problems import DRIVER_ERRORS, connection_error, database_error
from .schema_locks import Lease
from .server_session import Session
from .server_settings import application_name, session_settings
from .statements import sets_session
from .tracing import Tracer, question_for
from .type_kinds import kind_of

CLOSE_SECONDS = 10.0
"""How long closing may take, before what is left is cut off."""

_UNIQUE_VIOLATION = "23505"
_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def create(target: Target) -> Adapter:
    """The adapter for a target of type `postgres`, not yet opened.

    Raises:
        ProfileKeyError: a key of the profile is missing, unknown or wrong.
    """
    return PostgresAdapter(target, read_keys(target))


class PostgresAdapter(Adapter, Locking, Describing, Tracing):
    """One database of a server: a pool of at most `threads` connections, and one beside it.

    The one beside it looks after the others: it reads the catalog, and ends at the server what
    was cancelled.
    """

    type: ClassVar[str] = "postgres"
    dialect: ClassVar[tuple[str, ...]] = ("postgres",)
    macro_directory: ClassVar[Path | None] = Path(__file__).parent / "macros"
    # https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS
    max_identifier_bytes: ClassVar[int | None] = 63
    swap_policy: ClassVar[SwapPolicy] = SwapPolicy.EXCHANGE
    is_case_sensitive: ClassVar[bool] = True
    names_databases: ClassVar[bool] = True
    column_types: ClassVar[Mapping[ValueKind, str]] = MappingProxyType(
        {
            **VALUE_TYPES,
            ValueKind.NUMBER: "float8",
            ValueKind.TIMESTAMP: "timestamp without time zone",
        }
    )
    has_materialized_views: ClassVar[bool] = True
    incremental_strategies: ClassVar[tuple[str, ...]] = ("append", "delete+insert", "merge")

    def __init__(self, target: Target, keys: PostgresKeys) -> None:
        self.target = target
        self._keys = keys
        self._control = Control(self._connect, keys.retries, has_role=bool(keys.role))
        self._tracer = Tracer(self._control, keys.commit_timeout)
        self._lease: Lease | None = None
        self._pool = Pool(target.threads, self._new_session, keys.connect_timeout)
        self._settings = ""
        self._turns = Turns()
        self.retries = keys.retries
        self.retry_backoff = keys.retry_backoff

    async def open(self) -> None:
        try:
            backend = await self._control.open()
            if backend.is_pooled:
                await self._check_pooler(backend)
            self._settings = session_settings(
                self._keys, self.target.invocation_id, server_version(backend.driver)
            )
        except DRIVER_ERRORS as error:
            await self.aclose()
            raise connection_error(error, self._keys) from error
        except BaseException:
            await self.aclose()
            raise

    async def _check_pooler(self, first: Backend) -> None:
        second = await self._connect()
        try:
            await require_own_backends(first, second, self._keys)
        finally:
            second.driver.terminate()

    async def aclose(self) -> None:
        # In a task of its own, so that a cancellation in the middle leaves none open.
        closing = asyncio.ensure_future(self._close_everything())
        await outlast(closing.done, CLOSE_SECONDS)

    async def _close_everything(self) -> None:
        if self._lease is not None:
            await self._lease.aclose()
            self._lease = None
        sessions = self._pool.empty()
        await asyncio.gather(*(session.aclose() for session in sessions))
        for session in sessions:
            self.traffic(session.served).closed()
        await self._control.aclose()

    @asynccontextmanager
    async def connection(self, name: str) -> AsyncIterator[Connection]:
        async with self._pool.lease():
            connection = PostgresConnection(self._pool, self._settings, self._keys, self._turns)
            if self.watch is not None:
                connection.traffic = Traffic(self.watch, self.type, name)
            try:
                yield connection
            except BaseException as error:
                if not isinstance(error, Exception):
                    await connection.aclose()
                raise
            finally:
                await connection.release()

    async def lock_schemas(
        self, namespaces: Collection[Namespace], tell: Callable[[str], None]
    ) -> None:
        name = application_name(self._keys.application_name, self.target.invocation_id)
        backend = await self._control.open()
        lease = self._lease = Lease(
            self._control, name, self._keys.run_lock_lease, server_version(backend.driver), tell
        )
        try:
            await lease.take({one.schema for one in namespaces}, self._keys.run_lock_timeout)
        except DRIVER_ERRORS as error:
            raise database_error(error, "SELECT pg_try_advisory_lock") from error

    def plain_table(self, relation: Relation, sql: str, config: Mapping[str, object]) -> str | None:
        if "unlogged" in config:
            return None
        return f"create table\n  {relation.include(database=False)} as (\n{sql}\n  );"

    def reaches(self, database: str | None) -> bool:
        # As dbt compares them, though to the server itself a quoted one is another.
        return database is None or database.strip('"').lower() == self._keys.database.lower()

    async def list_schemas(self, database: str | None = None) -> frozenset[str]:
        self.require_reachable(database)
        return frozenset(str(row[0]) for row in await self._fetch(SCHEMAS))

    async def create_schema(self, namespace: Namespace) -> None:
        self.require_reachable(namespace.database)
        try:
            await self._run(f"CREATE SCHEMA IF NOT EXISTS {quote_identifier(namespace.schema)}")
        except DatabaseError as error:
            # Another session made it at the same moment; IF NOT EXISTS doesn't see that.
            if error.code != _UNIQUE_VIOLATION:
                raise

    async def drop_schema(self, namespace: Namespace) -> None:
        self.require_reachable(namespace.database)
        await self._run(f"DROP SCHEMA IF EXISTS {quote_identifier(namespace.schema)} CASCADE")

    async def missing_rights(self) -> list[str]:
        schema = self.target.schema
        ((may, exists, user),) = await self._fetch(MAY_CREATE, schema)
        if may:
            return []
        if exists:
            what = f"create tables in the schema '{schema}': GRANT USAGE, CREATE ON SCHEMA"
            return [f"the user '{user}' may not {what} {quote_identifier(schema)} to it."]
        database = quote_identifier(self._keys.database)
        return [
            f"the schema '{schema}' doesn't exist, and the user '{user}' may not create it: GRANT "
            f"CREATE ON DATABASE {database} to it, or create the schema for it."
        ]

    async def list_relations(self, namespace: Namespace) -> list[Relation]:
        self.require_reachable(namespace.database)
        found = await self._fetch(RELATIONS, namespace.schema)
        return [self.relation(namespace.schema, str(name), KINDS[kind]) for name, kind in found]

    async def describe_schema(self, namespace: Namespace) -> list[CatalogTable]:
        self.require_reachable(namespace.database)
        return [
            CatalogTable(
                schema=str(row[5]),
                name=str(row[0]),
                type=STANDARD_TYPES.get(row[1], "BASE TABLE"),
                columns=tuple(map(CatalogColumn, *row[6:10])),
                database=row[4],
                owner=row[2],
                comment=row[3],
            )
            for row in map(tuple, await self._fetch(DESCRIPTION, namespace.schema))
        ]

    def are_same_type(self, one: str, other: str) -> bool:
        return kind_of(one) == kind_of(other)

    def folded(self, name: str | None) -> str | None:
        # Whether other capitals change depends on the server's locale: in UTF-8 they don't.
        return name.translate(_LOWER) if name else name

    @property
    def public_keys(self) -> Mapping[str, object]:
        return self._keys.public

    def sets_session(self, sql: str) -> bool:
        return sets_session(sql)

    async def fate_of(self, transaction: str) -> Fate:
        return await self._tracer.final_fate_of(transaction)

    def question_for(self, transaction: str) -> str:
        return question_for(transaction)

    async def _connect(self) -> Backend:
        return await connect(self._keys, self.target.invocation_id)

    async def _new_session(self) -> Session:
        backend = await self._connect()
        if backend.pid in (self._control.pid, *self._pool.pids):
            backend.driver.terminate()
            raise pooler_error(self._keys)
        return Session(backend, self._control, self._tracer)

    async def _fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        traffic = self.traffic(CATALOG)
        sent_at = traffic.sent(sql)
        try:
            rows = await self._control.fetch(sql, *arguments)
        except DRIVER_ERRORS as error:
            raise database_error(error, sql) from error
        traffic.answered(f"SELECT {len(rows)}", sent_at)
        return rows

    async def _run(self, sql: str) -> None:
        traffic = self.traffic(CATALOG)
        sent_at = traffic.sent(sql)
        try:
            tag = await self._control.execute(sql)
        except DRIVER_ERRORS as error:
            raise database_error(error, sql) from error
        traffic.answered(tag, sent_at)
