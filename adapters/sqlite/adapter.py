"""SQLite as a whole: its connections, its catalog, and what it calls things."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

from ..abilities import CatalogColumn, CatalogTable, Describing
from ..base import Adapter, Connection, SwapPolicy, Target
from ..relation import Namespace, Parts, Relation, RelationType, quote_identifier
from ..traffic import CATALOG
from ..value_kinds import STANDARD_TYPES, ValueKind
from .connection import SqliteConnection
from .file_session import Session, close_sessions
from .keys import SqliteKeys, read_keys
from .live_files import delete_database
from .pool import Pool
from .schema_files import SchemaFile, SchemaFiles
from .statements import literal
from .writers import WriterQueue, writer_queue

_WITHOUT_DATABASE = Parts(database=False)


def create(target: Target) -> Adapter:
    """The adapter for a target of type `sqlite`, not yet opened.

    Raises:
        ProfileKeyError: a key of the profile is missing, unknown or wrong.
    """
    return SqliteAdapter(target, read_keys(target))


class SqliteAdapter(Adapter, Describing):
    """A database in a file, and its schemas in files beside it.

    A transaction is atomic within each file. One that writes to several files commits them one
    after the other, so that a process that is killed in its COMMIT, or a disk that is full by
    then, may leave it in some of them (https://www.sqlite.org/lang_attach.html).
    """

    type: ClassVar[str] = "sqlite"
    dialect: ClassVar[tuple[str, ...]] = ("sqlite",)
    macro_directory: ClassVar[Path | None] = Path(__file__).parent / "macros"
    # In write-ahead mode a reader sees the last commit and nothing of what is under way. To
    # rename a table costs time for each table of the schema (4.6 ms at 1,000 of them), and to
    # drop and build it anew doesn't.
    swap_policy: ClassVar[SwapPolicy] = SwapPolicy.IN_PLACE
    ignored_configs: ClassVar[frozenset[str]] = frozenset({"grants", "persist_docs"})
    has_views_across_schemas: ClassVar[bool] = False
    has_fixed_types: ClassVar[bool] = False
    # Every integer has 64 bits, and the columns of a seed keep the type that they have had.
    column_types: ClassVar[Mapping[ValueKind, str]] = MappingProxyType(
        {
            **STANDARD_TYPES,
            ValueKind.BIG_INTEGER: STANDARD_TYPES[ValueKind.INTEGER],
        }
    )
    retries = 3

    def __init__(self, target: Target, keys: SqliteKeys) -> None:
        self.target = target
        self._keys = keys
        self._pools: tuple[Pool, ...] = ()

    async def open(self) -> None:
        self._files = SchemaFiles(self._keys, first=self.target.schema)
        self._writers: WriterQueue = writer_queue(self._keys.path)
        new_session = partial(Session, self._keys, self._files)
        self._pool = Pool(self.target.threads, new_session, self._keys.lock_timeout)
        # A task that holds the last connection of the pool may still ask for the catalog.
        self._catalog_pool = Pool(1, new_session, self._keys.lock_timeout)
        self._pools = (self._pool, self._catalog_pool)
        try:
            await self._refresh_schemas()
            async with self._lease(self._catalog_pool) as connection:
                await connection.query("SELECT 1")  # attaches the schemas
        except BaseException:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        sessions = [session for pool in self._pools for session in pool.empty()]
        await close_sessions(sessions)
        for session in sessions:
            if session.served:
                self.traffic(session.served).closed()

    def connection(self, name: str) -> AbstractAsyncContextManager[Connection]:
        # SQLite has no list of sessions for the name to stand in.
        return self._lease(self._pool, name)

    @asynccontextmanager
    async def _lease(self, pool: Pool, name: str = CATALOG) -> AsyncIterator[SqliteConnection]:
        async with pool.lease():
            connection = SqliteConnection(pool, self._writers, self._keys)
            connection.traffic = self.traffic(name)
            try:
                yield connection
            except BaseException as error:
                if not isinstance(error, Exception):
                    await connection.aclose()
                raise
            finally:
                await connection.release()

    def plain_table(self, relation: Relation, sql: str, config: Mapping[str, object]) -> str | None:
        return f"create table {relation.include()} as\n  {sql}\n  ;"

    async def list_schemas(self, database: str | None = None) -> frozenset[str]:
        await self._refresh_schemas()
        return frozenset({"main", *(file.schema for file in self._files.attached)})

    async def create_schema(self, namespace: Namespace) -> None:
        schema = namespace.schema
        async with self._lease(self._catalog_pool) as connection:
            if schema in self._files:
                return
            self._files.add(schema)
            try:
                # Whichever statement comes first attaches the file, and so creates it.
                await connection.query("SELECT 1")
            except BaseException:
                self._files.remove(schema)
                raise

    async def drop_schema(self, namespace: Namespace) -> None:
        schema = namespace.schema
        await self._refresh_schemas()
        if schema not in self._files:
            return
        async with self._lease(self._catalog_pool) as connection:
            async with connection.transaction():
                await self._drop_relations(connection, schema)
        file = self._files.find(schema)
        if file is not None and file.path == self._files.path_of(file.schema):
            await self._remove_file(file)

    async def _is_there(self, schema: str) -> bool:
        """Whether a schema has its file, which somebody else may have made meanwhile."""
        if schema not in self._files:
            await self._refresh_schemas()
        return schema in self._files

    async def list_relations(self, namespace: Namespace) -> list[Relation]:
        schema = namespace.schema
        if not await self._is_there(schema):
            return []
        async with self._lease(self._catalog_pool) as connection:
            found = await connection.query(
                f"SELECT name, type FROM {quote_identifier(schema)}.sqlite_master "
                "WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
            )
        return [
            self.relation(schema, str(name), RelationType(str(kind))) for name, kind in found.rows
        ]

    async def describe_schema(self, namespace: Namespace) -> list[CatalogTable]:
        schema = namespace.schema
        if not await self._is_there(schema):
            return []
        async with self._lease(self._catalog_pool) as connection:
            found = await connection.query(
                "SELECT m.name, m.type, c.name, c.type, c.cid + 1 "
                f"FROM {quote_identifier(schema)}.sqlite_master AS m, "
                f"pragma_table_xinfo(m.name, {literal(schema)}) AS c "
                "WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
                "AND c.hidden <> 1 ORDER BY m.name, c.cid"
            )
        columns: dict[tuple[str, str], list[CatalogColumn]] = {}
        for table, kind, name, data_type, index in found.rows:
            column = CatalogColumn(str(name), str(data_type), int(str(index)))
            columns.setdefault((str(table), str(kind)), []).append(column)
        return [
            CatalogTable(schema, table, "VIEW" if kind == "view" else "BASE TABLE", tuple(found))
            for (table, kind), found in columns.items()
        ]

    def are_same_type(self, one: str, other: str) -> bool:
        return True  # a column holds what it is given, and most expressions have no type at all

    def time_condition(self, expression: str, start: datetime, end: datetime) -> str:
        # Times are texts here, in more forms than one: datetime() makes them comparable.
        moments = [moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") for moment in (start, end)]
        return (
            f"datetime({expression}) >= '{moments[0]}' and datetime({expression}) < '{moments[1]}'"
        )

    @property
    def public_keys(self) -> Mapping[str, object]:
        return self._keys.public

    def relation(
        self,
        schema: str | None,
        identifier: str | None,
        type: RelationType | None = None,
        *,
        database: str | None = None,
        quote_policy: Parts | None = None,
    ) -> Relation:
        """A relation as `"schema"."identifier"`: SQLite has no name for a database."""
        return Relation(
            database=database or self.target.database,
            schema=schema,
            identifier=identifier,
            type=type,
            quote_policy=quote_policy or Parts(),
            include_policy=_WITHOUT_DATABASE,
            quote_character=self.quote_character,
        )

    async def _refresh_schemas(self) -> None:
        """Look on the disk for schemas, from a connection's thread."""
        async with self._catalog_pool.lease():
            session = await self._catalog_pool.take()
            try:
                self._files.refresh(await session.call(self._files.scan))
            finally:
                self._catalog_pool.give_back(session)

    async def _drop_relations(self, connection: SqliteConnection, schema: str) -> None:
        """Drop all that is in a schema: views first, then what owns other tables."""
        quoted = quote_identifier(schema)
        found = await connection.query(
            f"SELECT type, name FROM {quoted}.sqlite_master WHERE type IN ('table', 'view') "
            "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
            "ORDER BY type = 'view' DESC, sql LIKE 'create virtual%' DESC"
        )
        for kind, name in found.rows:
            connection.defer(f"DROP {kind} IF EXISTS {quoted}.{quote_identifier(str(name))}")

    async def _remove_file(self, file: SchemaFile) -> None:
        """Detach an emptied schema and delete its file.

        Where somebody has it open, also in this process, an empty schema stays.
        """
        self._files.remove(file.schema)
        for session in [session for pool in self._pools for session in pool.alive]:
            await session.catch_up()
        async with self._catalog_pool.lease():
            session = await self._catalog_pool.take()
            try:
                await session.call(delete_database, file.path)
            finally:
                self._catalog_pool.give_back(session)
