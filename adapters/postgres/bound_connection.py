"""A connection's session: taken from the pool when it is needed, and given back as new."""

from __future__ import annotations

from collections.abc import Coroutine, Sized
from typing import Any, TypeVar

from ..base import Connection
from ..errors import DatabaseError
from ..traffic import SessionBound
from .pool import Pool
from .problems import DRIVER_ERRORS, database_error
from .server_session import Session

T = TypeVar("T", bound=Sized)


class BoundConnection(Connection):
    """One task's connection. Its session is bound at the first statement, and kept to the end."""

    def __init__(self, pool: Pool, reset_sql: str) -> None:
        self._pool = pool
        self._reset_sql = reset_sql
        self._session: Session | None = None

    async def release(self) -> None:
        """Give the session back, as new: no open transaction, nothing temporary, no setting."""
        session, self._session = self._session, None
        if session is None:
            return
        try:
            if session.has_open_transaction:
                await self._end_transaction(session)
            if session.is_altered and not session.is_closed:
                await session.run(session.reset(self._reset_sql))
        except DRIVER_ERRORS:
            await session.aclose()
        finally:
            if session.is_closed:
                self.traffic.closed()
            self._pool.give_back(session)

    async def aclose(self) -> None:
        """Close the session, on which nothing runs."""
        if self._session is not None:
            await self._session.aclose()

    async def _asked(self, session: Session, sql: str, work: Coroutine[Any, Any, T]) -> T:
        """What the driver answers to something of ours: rows, or the server's word."""
        sent_at = self.traffic.sent(sql)
        try:
            answer = await session.run(work)
        except DRIVER_ERRORS as error:
            raise database_error(error, sql) from error
        if self.traffic.watch is not None:
            word = answer if isinstance(answer, str) else f"SELECT {len(answer)}"
            self.traffic.answered(word, sent_at)
        return answer

    def _let_go_of_lost(self, session: Session) -> None:
        """Go on with another session after a COMMIT that has gone through unheard.

        Nothing is open then. Only one that was set to something has no successor.
        """
        if session.is_closed and not session.is_set:
            self._session = None
            self.traffic.closed()
            self._pool.give_back(session)

    async def _bound_session(self, sql: str) -> Session:
        if "\0" in sql:
            raise nul_error(sql)
        if self._session is None:
            session = self._session = await self._pool.take()
            traffic = self.traffic
            if traffic.watch is not None:
                traffic.watch(SessionBound(traffic.adapter_type, traffic.name, session.served))
            session.served = traffic.name
        return self._session

    async def _roll_back(self, error: BaseException) -> None:
        session = self._session
        if session is None or not session.has_open_transaction:
            return
        if not isinstance(error, Exception):
            await session.aclose()
            return
        try:
            await self._end_transaction(session)
        except DRIVER_ERRORS:
            await session.aclose()

    async def _end_transaction(self, session: Session) -> None:
        sent_at = self.traffic.sent("ROLLBACK")
        self.traffic.answered(await session.run(session.driver.execute("ROLLBACK")), sent_at)


def nul_error(sql: str) -> DatabaseError:
    """That SQL can't be sent, since it holds what ends a message."""
    return DatabaseError("the SQL holds a NUL character, which ends a message.", sql=sql)
