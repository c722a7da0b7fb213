"""One backend of the server, and the driver's connection to it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import asyncpg
from anyio import get_cancelled_exc_class
from asyncpg.prepared_stmt import PreparedStatement

from ..abilities import Fate
from ..base import Rows, Transaction
from ..cancellation import outlast
from ..errors import CommitInDoubtError, DatabaseError
from .backend import Backend
from .control import Control
from .ending import GRACE_SECONDS, CommitEnding, Ending
from .message import response_of
from .policy import ErrorClass, classify
from .problems import DRIVER_ERRORS
from .tracing import Tracer, in_doubt

T = TypeVar("T")


class Session:
    """(run() | commit())* → aclose().

    A cancellation ends the statement at the server, closes the session, and travels on when the
    server has answered: a connection that was cancelled is never used again.

    Attributes:
        is_altered: whether something was done that a later user of the session would notice.
        is_set: whether something was set that the same user goes by.
        told: the statements that prepare a session for what is asked of it again and again.
        served: what the connection is for that has it, or had it last.
    """

    def __init__(self, backend: Backend, control: Control, tracer: Tracer) -> None:
        self.driver = backend.driver
        self.pid = backend.pid
        self.is_altered = False
        self.is_set = False
        self.told: set[str] = set()
        self.served = ""
        self._control = control
        self._tracer = tracer
        self._has_ended = False
        self._has_failed = False
        self._prepared: dict[str, PreparedStatement[Any]] = {}
        self._prepared_count = 0

    @property
    def is_closed(self) -> bool:
        return self._has_ended or self.driver.is_closed()

    @property
    def has_open_transaction(self) -> bool:
        is_closed = self._has_ended or self.driver.is_closed()
        return not is_closed and self.driver.is_in_transaction()

    @property
    def has_failed(self) -> bool:
        """Whether a statement of the open transaction has failed: nothing of it can be kept."""
        return self._has_failed and self.has_open_transaction

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of something that the driver does.

        Raises:
            DatabaseError: the session was closed before.
            asyncpg.PostgresError, asyncpg.InterfaceError, OSError: as the driver has it.
        """
        if self._has_ended or self.driver.is_closed():
            work.close()
            raise _not_used_again()
        statement = asyncio.ensure_future(work)
        try:
            result = await asyncio.shield(statement)
        except asyncpg.PostgresError:
            self._has_failed = True
            raise
        except get_cancelled_exc_class():
            await self._end(Ending(statement, self.driver, self.pid, self._control))
            raise
        except asyncpg.InternalClientError:
            self._cut()
            raise
        self._has_failed = False
        return result

    async def name_transaction(self, number: int) -> str:
        """What the transaction of this number is called in `Tracing.fate_of`."""
        return await self._tracer.name_of(number)

    async def commit(self, sql: str, transaction: Transaction) -> bool:
        """Send a message that ends in COMMIT, and note in `transaction` what became of it.

        Whether its answer was heard: without one the session is lost, also where the transaction
        has gone through.

        A cancellation waits for the server's answer. Where none comes in time, the backend is
        ended, and the server is asked what became of the transaction. It is asked as well where
        the connection is lost: a COMMIT that is in progress is waited for, within a bound.

        Raises:
            CommitInDoubtError: the server can't be asked, or doesn't know yet.
            asyncpg.PostgresError, asyncpg.InterfaceError, OSError: as the driver has it.
        """
        if self._has_ended or self.driver.is_closed():
            raise _not_used_again()
        statement = asyncio.ensure_future(self.driver.execute(sql))
        try:
            tag = await asyncio.shield(statement)
        except get_cancelled_exc_class():
            ending = CommitEnding(
                statement, self.driver, self.pid, self._control, self._tracer, transaction.name
            )
            try:
                await self._end(ending)
            finally:
                transaction.name = ending.name
                _note(transaction, ending.fate)
            raise
        except DRIVER_ERRORS as error:
            if isinstance(error, asyncpg.InternalClientError):
                self._cut()
            if classify(error) is not ErrorClass.LOST:
                raise
            await self._trace(transaction, error)
            return False
        # COMMIT of a transaction that failed before is answered in this way, and is no error.
        if tag != "COMMIT":
            raise failed_before_error()
        transaction.committed = True
        return True

    async def _trace(self, transaction: Transaction, error: BaseException) -> None:
        """Find out whether a transaction went through although nobody said so.

        Raises:
            CommitInDoubtError: nobody can say; `error` is what else is raised if it didn't.
        """
        tracing = asyncio.ensure_future(self._final_fate(transaction))
        try:
            fate = await asyncio.shield(tracing)
        except get_cancelled_exc_class():
            try:
                await outlast(tracing.done, GRACE_SECONDS)
            finally:
                _note(transaction, tracing.result() if tracing.done() else Fate.UNKNOWN)
                tracing.cancel()
            raise
        _note(transaction, fate)
        if transaction.doubt is not None:
            raise transaction.doubt from error
        if not transaction.committed:
            raise error

    async def _final_fate(self, transaction: Transaction) -> Fate:
        if transaction.name is None:
            # It may be done twice, but not while the first is still at it.
            transaction.name = await self._tracer.name_at(self.pid)
        if transaction.name is None:
            return Fate.ROLLED_BACK
        return await self._tracer.final_fate_of(transaction.name)

    def _cut(self) -> None:
        """Give up a connection whose state the driver itself no longer knows."""
        self._has_ended = True
        self.driver.terminate()

    async def _end(self, ending: Ending) -> None:
        """Bring a statement and its backend to an end."""
        self._has_ended = True
        await ending.run()

    async def fetch_rows(self, sql: str) -> Rows:
        """The rows of a query, with the names of its columns."""
        statement = await self.driver.prepare(sql)
        records = await statement.fetch()
        return Rows(
            column_names=tuple(attribute.name for attribute in statement.get_attributes()),
            rows=[tuple(record) for record in records],
            response=response_of(statement.get_statusmsg() or ""),
        )

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
        self.is_altered = self.is_set = False

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


def _not_used_again() -> DatabaseError:
    return DatabaseError("the connection was closed, and is not used again")


def failed_before_error() -> DatabaseError:
    """Why a COMMIT has committed nothing."""
    return DatabaseError(
        "a statement of the transaction had failed before its COMMIT: all of it was rolled back."
    )


def _note(transaction: Transaction, fate: Fate) -> None:
    transaction.committed = fate is Fate.COMMITTED
    if not fate.is_final and transaction.name is not None:
        name = transaction.name
        transaction.doubt = CommitInDoubtError(in_doubt(name, fate), transaction=name)
