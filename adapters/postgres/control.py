"""The connection that looks after the others: it ends their statements, and reads the catalog."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import asyncpg

from .problems import DRIVER_ERRORS

_END_SECONDS = 2.0
_POLL_SECONDS = 0.01

Connect = Callable[[], Awaitable["asyncpg.Connection[Any]"]]


class Control:
    """One connection beside the pool, used by one statement at a time, opened anew when lost.

    What it is asked to end is asked for by the number of its backend. Where the server can't be
    reached, nothing is raised: then there is nothing left that could be ended.
    """

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._driver: asyncpg.Connection[Any] | None = None
        self._turn = anyio.Lock()
        self.after_opening: Callable[[asyncpg.Connection[Any]], Awaitable[None]] | None = None
        """What a connection that was opened anew is told first."""

    async def open(self) -> asyncpg.Connection[Any]:
        """The connection, opened if it isn't.

        Raises:
            ConnectionFailedError: the server can't be reached, or refuses us.
        """
        if self._driver is None or self._driver.is_closed():
            self._driver = await self._connect()
            if self.after_opening is not None:
                await self.after_opening(self._driver)
        return self._driver

    async def aclose(self) -> None:
        driver, self._driver = self._driver, None
        if driver is not None and not driver.is_closed():
            with anyio.move_on_after(_END_SECONDS, shield=True):
                await driver.close(timeout=_END_SECONDS)

    async def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """The rows of a query. A cancellation ends the connection, and the next opens another.

        Raises:
            asyncpg.PostgresError, asyncpg.InterfaceError, OSError: as the driver has it.
        """
        async with self._turn:
            driver = await self.open()
            try:
                rows: list[asyncpg.Record] = await driver.fetch(sql, *arguments)
            except (anyio.get_cancelled_exc_class(), asyncpg.InternalClientError):
                driver.terminate()
                raise
            return rows

    async def execute(self, sql: str) -> None:
        """Run statements. Raises what `fetch` does, and is cancelled likewise."""
        async with self._turn:
            driver = await self.open()
            try:
                await driver.execute(sql)
            except (anyio.get_cancelled_exc_class(), asyncpg.InternalClientError):
                driver.terminate()
                raise

    async def cancel(self, pid: int) -> None:
        """Cancel what a backend does."""
        await self._ask("SELECT pg_catalog.pg_cancel_backend($1)", pid)

    async def terminate(self, pid: int) -> None:
        """End a backend."""
        await self._ask("SELECT pg_catalog.pg_terminate_backend($1)", pid)

    async def transaction_of(self, pid: int) -> int | None:
        """The number of the transaction that a backend has open, if that writes."""
        # The list has the lower 32 bits; the rest is the same for all transactions of today.
        found = await self._ask(
            "SELECT (pg_catalog.txid_current() >> 32 << 32) + backend_xid::text::bigint "
            "FROM pg_catalog.pg_stat_activity WHERE pid = $1",
            pid,
        )
        return found if isinstance(found, int) else None

    async def has_committed(self, transaction: int) -> bool | None:
        """Whether a transaction that is over is durable; None where nobody can say."""
        status = await self._ask("SELECT pg_catalog.txid_status($1::bigint)", transaction)
        return None if status is None else status == "committed"

    async def _ask(self, sql: str, *arguments: object) -> object:
        """The first value of an answer, or None where the server gives none."""
        try:
            rows = await self.fetch(sql, *arguments)
        except DRIVER_ERRORS:
            return None
        return rows[0][0] if rows else None
