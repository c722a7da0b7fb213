"""The connection that looks after the others: it ends their statements, and reads the catalog."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anyio
import asyncpg

from ..backoff import Backoff
from ..errors import AdapterError
from .backend import Backend
from .policy import ErrorClass, classify
from .problems import DRIVER_ERRORS

T = TypeVar("T")

_END_SECONDS = 2.0
_BACKOFF = Backoff(first=0.05, limit=2.0)

Connect = Callable[[], Awaitable[Backend]]


class Control:
    """One connection beside the pool, used by one statement at a time, opened anew when lost.

    What it is told may be told twice: where its connection was lost meanwhile, it is said again
    on another one, `retries` times. What it is asked to end is asked for by the number of its
    backend. Where the server can't be reached, nothing is raised: then there is nothing left that
    could be ended.
    """

    def __init__(self, connect: Connect, retries: int = 0, *, has_role: bool = False) -> None:
        """`has_role`: what it does it does as another role than the one that has logged in."""
        self._connect = connect
        self._retries = retries
        self._has_role = has_role
        self._backend: Backend | None = None
        self._turn = anyio.Lock()
        self.after_opening: Callable[[asyncpg.Connection[Any]], Awaitable[None]] | None = None
        """What a connection that was opened anew is told first."""

    async def open(self) -> Backend:
        """The connection, opened if it isn't.

        Raises:
            ConnectionFailedError: the server can't be reached, or refuses us.
            asyncpg.PostgresError, asyncpg.InterfaceError, OSError: as the driver has it.
        """
        if self._backend is None or self._backend.driver.is_closed():
            backend = await self._connect()
            try:
                if self.after_opening is not None:
                    await self.after_opening(backend.driver)
            except BaseException:
                backend.driver.terminate()
                raise
            self._backend = backend
        return self._backend

    @property
    def pid(self) -> int | None:
        """The number of its backend, while it is open."""
        backend = self._backend
        return None if backend is None or backend.driver.is_closed() else backend.pid

    async def aclose(self) -> None:
        backend, self._backend = self._backend, None
        self.after_opening = None
        if backend is not None and not backend.driver.is_closed():
            with anyio.move_on_after(_END_SECONDS, shield=True):
                await backend.driver.close(timeout=_END_SECONDS)

    async def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """The rows of a query. A cancellation ends the connection, and the next opens another.

        Raises:
            asyncpg.PostgresError, asyncpg.InterfaceError, OSError: as the driver has it.
        """

        async def work(driver: asyncpg.Connection[Any]) -> list[asyncpg.Record]:
            return list(await driver.fetch(sql, *arguments))

        return await self._told(work)

    async def execute(self, sql: str) -> str:
        """Run statements; gives back the server's word on the last of them.

        Raises what `fetch` does, and is cancelled likewise.
        """

        async def work(driver: asyncpg.Connection[Any]) -> str:
            return await driver.execute(sql)

        return await self._told(work)

    async def look(self, seconds: float) -> None:
        """See that the connection is there, and open another if it doesn't answer in time.

        Raises:
            ConnectionFailedError: the server can't be reached, or refuses us.
            asyncpg.PostgresError, asyncpg.InterfaceError, OSError: as the driver has it.
        """

        async def work(driver: asyncpg.Connection[Any]) -> None:
            with anyio.fail_after(seconds):
                await driver.execute("SELECT 1")

        await self._told(work)

    async def _told(self, work: Callable[[asyncpg.Connection[Any]], Awaitable[T]]) -> T:
        """Do some work, and again on another connection where the one that it had was lost."""
        for attempt in range(self._retries + 1):
            async with self._turn:
                try:
                    backend = await self.open()
                    return await self._done(work, backend.driver)
                except DRIVER_ERRORS as error:
                    if attempt == self._retries or classify(error) is not ErrorClass.LOST:
                        raise
            await anyio.sleep(_BACKOFF.after(attempt + 1))
        raise AssertionError("the last attempt returns or raises")

    async def _done(
        self,
        work: Callable[[asyncpg.Connection[Any]], Awaitable[T]],
        driver: asyncpg.Connection[Any],
    ) -> T:
        try:
            return await work(driver)
        except anyio.get_cancelled_exc_class():
            driver.terminate()
            raise
        except DRIVER_ERRORS as error:
            if classify(error) is ErrorClass.LOST:
                # The driver may not know it: a protocol that has failed is never usable again.
                driver.terminate()
            raise

    async def cancel(self, pid: int) -> None:
        """Cancel what a backend does."""
        await self.ask("SELECT pg_catalog.pg_cancel_backend($1)", pid)

    async def terminate(self, pid: int) -> None:
        """End a backend."""
        await self.ask("SELECT pg_catalog.pg_terminate_backend($1)", pid)

    async def ask(self, sql: str, *arguments: object) -> asyncpg.Record | None:
        """The first row of an answer, or None where the server gives none."""
        try:
            rows = await self.fetch_about_sessions(sql, *arguments)
        except (*DRIVER_ERRORS, AdapterError):
            return None
        return rows[0] if rows else None

    async def fetch_about_sessions(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """The rows of a query about sessions of ours. Raises what `fetch` does.

        They are those of the user who has logged in: another role may neither look at them nor
        cancel what they do.
        """
        if not self._has_role:
            return await self.fetch(sql, *arguments)

        async def work(driver: asyncpg.Connection[Any]) -> list[asyncpg.Record]:
            async with driver.transaction():
                await driver.execute("SET LOCAL ROLE NONE")
                return list(await driver.fetch(sql, *arguments))

        return await self._told(work)
