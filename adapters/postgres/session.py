"""One backend of the server, and the driver's connection to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import asyncpg
from anyio import get_cancelled_exc_class, move_on_after, sleep
from asyncpg.prepared_stmt import PreparedStatement

from ..cancellation import outlast
from ..errors import CommitInDoubtError, DatabaseError
from .control import Control
from .ending import GRACE_SECONDS, Ending
from .policy import ErrorClass, classify
from .problems import DRIVER_ERRORS

T = TypeVar("T")

TRACE_SECONDS = 20.0
"""How long a server that was lost during COMMIT is asked what became of it."""

_TRACE_PAUSE_SECONDS = 0.2


class Session:
    """(run() | commit())* → aclose().

    A cancellation ends the statement at the server, closes the session, and travels on when the
    server has answered: a connection that was cancelled is never used again.

    Attributes:
        is_altered: whether something was done that a later user of the session would notice.
        told: the statements that prepare a session for what is asked of it again and again.
    """

    def __init__(self, driver: asyncpg.Connection[Any], control: Control) -> None:
        self.driver = driver
        self.is_altered = False
        self.told: set[str] = set()
        self._control = control
        self._pid = driver.get_server_pid()
        self._has_ended = False
        self._prepared: dict[str, PreparedStatement[Any]] = {}
        self._prepared_count = 0

    @property
    def is_closed(self) -> bool:
        return self._has_ended or self.driver.is_closed()

    @property
    def has_open_transaction(self) -> bool:
        return not self.is_closed and self.driver.is_in_transaction()

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of something that the driver does.

        Raises:
            asyncpg.PostgresError, asyncpg.InterfaceError, OSError: as the driver has it.
        """
        statement = asyncio.ensure_future(work)
        try:
            return await asyncio.shield(statement)
        except get_cancelled_exc_class():
            await self._end(statement, is_commit=False)
            raise
        except asyncpg.InternalClientError:
            self._cut()
            raise

    async def commit(
        self, sql: str, note: Callable[[bool], None], transaction: int | None = None
    ) -> None:
        """Send a message that ends in COMMIT, and `note` whether the transaction is durable.

        A cancellation waits for the server's answer. Where none comes in time, the backend is
        ended, and the server is asked what became of the transaction. It is asked as well where
        the connection is lost and the number of the `transaction` is known.

        Raises:
            CommitInDoubtError: the server can't be asked.
            asyncpg.PostgresError, asyncpg.InterfaceError, OSError: as the driver has it.
        """
        statement = asyncio.ensure_future(self.driver.execute(sql))
        try:
            tag = await asyncio.shield(statement)
        except get_cancelled_exc_class():
            note(await self._end(statement, is_commit=True))
            raise
        except DRIVER_ERRORS as error:
            if isinstance(error, asyncpg.InternalClientError):
                self._cut()
            if transaction is None or classify(error) is not ErrorClass.LOST:
                raise
            note(await self._trace(transaction, error))
            return
        # COMMIT of a transaction that failed before is answered in this way, and is no error.
        note(tag == "COMMIT")
        if tag != "COMMIT":
            raise DatabaseError("the transaction had failed before its COMMIT, and was rolled back")

    async def _trace(self, transaction: int, error: BaseException) -> bool:
        """True for a transaction that went through although nobody said so."""
        with move_on_after(TRACE_SECONDS):
            while True:
                committed = await self._control.has_committed(transaction)
                if committed:
                    return True
                if committed is False:
                    raise error
                await sleep(_TRACE_PAUSE_SECONDS)
        raise CommitInDoubtError(
            "the connection to the server was lost during COMMIT, and it couldn't be asked whether "
            "that went through. Look at the relation before you run the model again."
        ) from error

    def _cut(self) -> None:
        """Give up a connection whose state the driver itself no longer knows."""
        self._has_ended = True
        self.driver.terminate()

    async def _end(self, statement: asyncio.Future[Any], *, is_commit: bool) -> bool:
        """Bring a statement and its backend to an end. True if it committed."""
        self._has_ended = True
        ending = Ending(statement, self.driver, self._pid, self._control, is_commit=is_commit)
        await ending.run()
        return ending.has_committed

    async def fetch_prepared(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """The rows of a query that is prepared once a session."""
        statement = self._prepared.get(sql)
        if statement is None:
            # Never the same name twice: the driver closes by name what is no longer used.
            self._prepared_count += 1
            name = f"headrace_{self._prepared_count}"
            statement = self._prepared[sql] = await self.driver.prepare(sql, name=name)
        rows: list[asyncpg.Record] = await statement.fetch(*arguments)
        return rows

    async def reset(self, settings: str) -> None:
        """Forget all that was done to the session, and set it up anew."""
        self._prepared.clear()
        self.told.clear()
        await self.driver.execute("DISCARD ALL")
        await self.driver.execute(settings)
        self.is_altered = False

    async def aclose(self) -> None:
        """Close the connection, on which nothing runs, within `GRACE_SECONDS`."""
        if self.is_closed:
            return
        self._has_ended = True
        closing = asyncio.ensure_future(self.driver.close(timeout=GRACE_SECONDS))
        try:
            await outlast(closing.done, GRACE_SECONDS)
        finally:
            self.driver.terminate()
