"""An adapter that is kept from its database: what can be told without asking it, it tells.

Only what is in a schema may be asked, as of dbt's cache: an incremental model's template does so
to know whether it is built anew. Who doesn't ask for that needs no database.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import NoReturn

import anyio

from .base import Adapter, Connection, Deferred, Response, Rows, Transaction
from .column import Column
from .errors import AdapterError
from .relation import Namespace, Relation


class OfflineError(AdapterError):
    """The database is asked for something, and isn't to be."""

    def __init__(self, wanted: str) -> None:
        super().__init__(
            f"connection never acquired: {wanted} needs the database, and with --no-introspect "
            "nothing is asked of it. Leave that flag away, or put what asks under "
            "`{% if flags.INTROSPECT %}`."
        )


def offline(adapter: Adapter) -> Adapter:
    """The same adapter, unopened, which refuses whatever would need its database."""
    name, bases = f"Offline{type(adapter).__name__}", (OfflineAdapter, type(adapter))
    made: OfflineAdapter = object.__new__(type(name, bases, {}))
    vars(made).update(vars(adapter))
    made._online, made._listing = adapter, anyio.Lock()
    return made


class OfflineAdapter(Adapter):
    """What an adapter does without its database: next to nothing. It connects only to list."""

    _online: Adapter
    _listing: anyio.Lock

    async def open(self) -> None:
        """Open nothing."""

    async def aclose(self) -> None:
        """Close nothing."""

    @asynccontextmanager
    async def connection(self, name: str) -> AsyncIterator[Connection]:
        yield OfflineConnection()

    async def list_schemas(self, database: str | None = None) -> frozenset[str]:
        _refuse("the list of schemas")

    async def create_schema(self, namespace: Namespace) -> None:
        _refuse("creating a schema")

    async def drop_schema(self, namespace: Namespace) -> None:
        _refuse("dropping a schema")

    async def list_relations(self, namespace: Namespace) -> list[Relation]:
        async with self._listing, self._online as adapter:
            return await adapter.list_relations(namespace)


class OfflineConnection(Connection):
    """No connection: each of its verbs raises OfflineError."""

    async def execute(self, sql: str) -> Response:
        _refuse("a statement")

    async def query(self, sql: str) -> Rows:
        _refuse("a query")

    def defer(self, sql: str, *, wants_response: bool = False) -> Deferred:
        _refuse("a statement")

    def transaction(
        self, *, traceable: Callable[[str], None] | None = None
    ) -> AbstractAsyncContextManager[Transaction]:
        _refuse("a transaction")

    async def insert_rows(
        self,
        relation: Relation,
        column_names: Sequence[str],
        batches: Iterable[Sequence[Sequence[object]]],
    ) -> int:
        _refuse("loading rows")

    async def columns(self, relation: Relation) -> list[Column]:
        _refuse(f"what columns {relation} has")


def _refuse(wanted: str) -> NoReturn:
    raise OfflineError(wanted)
