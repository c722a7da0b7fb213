"""A connection's verbs: what goes to the server together, and what it answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager

import asyncpg

from ..base import Connection, Deferred, Response, Rows, Transaction
from ..errors import DatabaseError, DatabaseLockedError
from ..relation import Relation
from .message import Message, response_of
from .pool import Pool
from .problems import DRIVER_ERRORS, database_error
from .queued_locks import Exchange, Exclusion
from .server_session import Session, failed_before_error
from .statements import (
    alters_session,
    may_set,
    may_write,
    opens_transaction,
    says_rollback,
    split_at_commits,
    split_last,
)
from .text_copy import csv_chunks
from .tracing import NUMBER, doubted

SAVEPOINT = "headrace_swap"


class PostgresConnection(Connection):
    """One task's connection. Its session is bound at the first statement, and kept to the end.

    BEGIN and what is deferred go to the server with the statement that comes next.
    """

    def __init__(self, pool: Pool, reset_sql: str) -> None:
        self._pool = pool
        self._reset_sql = reset_sql
        self._session: Session | None = None
        self._deferred: list[Deferred] = []
        self._exchange: Exchange | None = None
        self._transaction: Transaction | None = None
        self._exclusion: Exclusion | None = None
        self._has_begun = False

    async def execute(self, sql: str) -> Response:
        await self._flush_exchange()
        *parts, rest = split_at_commits(sql)
        for part in parts:
            await self._execute(part)
            await self._commit_as_told()
        if parts and not rest:
            return Response("COMMIT", "COMMIT")
        return await self._execute(rest)

    async def _execute(self, sql: str) -> Response:
        last = Deferred(sql, wants_response=True)
        await self._send([*self._take_deferred(), last])
        assert last.response is not None
        return last.response

    async def _commit_as_told(self) -> None:
        """Carry out a COMMIT of somebody's SQL, so that it can be asked for if its answer is lost.

        Raises:
            DatabaseError: there was nothing left to be committed.
            CommitInDoubtError: nobody can say whether it went through.
        """
        session = await self._bound_session("COMMIT")
        if not session.has_open_transaction:
            await self._execute("COMMIT")  # the server has a warning for that, and no more
            return
        transaction = Transaction()
        if not session.has_failed:
            transaction.name = await self._name_of_open(session)
        self._has_begun = False
        try:
            await session.commit("COMMIT", transaction)
            self._let_go_of_lost(session)
        except DRIVER_ERRORS as error:
            raise database_error(error, "COMMIT") from error
        finally:
            self.has_kept |= transaction.committed or transaction.doubt is not None
            self.doubt = transaction.doubt

    @property
    def is_in_transaction(self) -> bool:
        """Whether a transaction is open, or will be with the next statement."""
        session = self._session
        return self._in_block or (session is not None and session.has_open_transaction)

    @property
    def carries_state(self) -> bool:
        session = self._session
        return session is not None and (session.is_altered or session.has_open_transaction)

    async def exchange(self, exchange: Exchange) -> None:
        """Queue an exchange behind what is deferred."""
        await self._flush()
        self._exchange = exchange

    def exclude(self, exclusion: Exclusion) -> None:
        """Note what has been queued to keep others out, to the end of the open transaction."""
        self._exclusion = exclusion

    async def execute_all(self, statements: Sequence[str]) -> None:
        """Run several statements of ours in one message, which leave the session as it was.

        An error says which of them it is about.
        """
        await self._flush()
        await self._send_message([Deferred(sql) for sql in statements], leaves_traces=False)

    async def query(self, sql: str) -> Rows:
        *parts, rest = split_at_commits(sql)
        for part in parts:
            await self._execute(part)
            await self._commit_as_told()
        if parts and not rest:
            return Rows((), (), Response("COMMIT", "COMMIT"))
        before, statement = split_last(rest)
        if before:
            self.defer(before)
        await self._flush()
        session = await self._bound_session(statement)
        comment = self.comment
        sent = comment.on(statement) if comment else statement
        was_open = session.has_open_transaction
        session.is_set |= may_set(statement)
        try:
            rows = await session.run(session.fetch_rows(sent))
        except DRIVER_ERRORS as error:
            offset = len(comment.before) if comment else 0
            told = database_error(error, statement, offset=offset)
            raise doubted(told, statement, was_open=was_open, is_query=True) from error
        self.has_kept |= not was_open and may_write(statement, is_query=True)
        return rows

    async def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """The rows of a question that many nodes ask: the session keeps it prepared."""
        await self._flush()
        session = await self._bound_session(sql)
        try:
            return await session.run(session.fetch_prepared(sql, *arguments))
        except DRIVER_ERRORS as error:
            raise database_error(error, sql) from error

    async def ask(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """The rows of a question that few nodes ask."""
        session = await self._bound_session(sql)
        try:
            return list(await session.run(session.driver.fetch(sql, *arguments)))
        except DRIVER_ERRORS as error:
            raise database_error(error, sql) from error

    def defer(self, sql: str, *, wants_response: bool = False) -> Deferred:
        deferred = Deferred(sql, wants_response=wants_response)
        self._deferred.append(deferred)
        return deferred

    @asynccontextmanager
    async def transaction(
        self, *, traceable: Callable[[str], None] | None = None
    ) -> AsyncIterator[Transaction]:
        if self._transaction is not None:
            raise RuntimeError("a transaction is already open on this connection")
        transaction = Transaction()
        self._transaction, self._has_begun = transaction, False
        try:
            yield transaction
            if traceable is not None:
                await self._name(transaction, traceable)
            await self._commit(transaction)
        except BaseException as error:
            await self._roll_back(error)
            exclusion = self._exclusion
            if isinstance(error, DatabaseLockedError) and exclusion and not exclusion.is_held:
                raise await exclusion.explained(error) from error
            raise
        finally:
            self._transaction = None
            self._deferred.clear()
            self._exchange = None
            if self._exclusion is not None:
                self._exclusion.end()
                self._exclusion = None

    async def _name(self, transaction: Transaction, note: Callable[[str], None]) -> None:
        """Ask for the transaction's name, and `note` it before its COMMIT is sent.

        What is queued still waits, to be sent with that.
        """
        if not (self._has_begun or self._deferred or self._exchange):
            return
        if not self._has_begun:
            await self._send_message([])
        transaction.name = await self._name_of_open(await self._bound_session(NUMBER))
        note(transaction.name)

    async def _name_of_open(self, session: Session) -> str:
        try:
            ((number,),) = await session.run(session.fetch_prepared(NUMBER))
        except DRIVER_ERRORS as error:
            raise database_error(error, NUMBER) from error
        return await session.name_transaction(number)

    @property
    def _in_block(self) -> bool:
        return self._transaction is not None

    async def insert_rows(
        self,
        relation: Relation,
        column_names: Sequence[str],
        batches: Iterable[Sequence[Sequence[object]]],
    ) -> int:
        await self._flush()
        sql = f"COPY {relation}"
        session = await self._bound_session(sql)
        copy = session.driver.copy_to_table(
            relation.identifier or "",
            schema_name=relation.schema,
            columns=list(column_names),
            source=csv_chunks(batches),
            format="csv",
        )
        was_open = session.has_open_transaction
        try:
            return response_of(await session.run(copy)).rows_affected or 0
        except DRIVER_ERRORS as error:
            raise doubted(database_error(error, sql), sql, was_open=was_open) from error

    async def release(self) -> None:
        """Give the session back, as new: no open transaction, nothing temporary, no setting."""
        session, self._session = self._session, None
        if session is None:
            return
        try:
            if session.has_open_transaction:
                await session.run(session.driver.execute("ROLLBACK"))
            if session.is_altered and not session.is_closed:
                await session.run(session.reset(self._reset_sql))
        except DRIVER_ERRORS:
            await session.aclose()
        finally:
            self._pool.give_back(session)

    async def aclose(self) -> None:
        """Close the session, on which nothing runs."""
        if self._session is not None:
            await self._session.aclose()

    async def _flush(self) -> None:
        """Send what was queued, and the BEGIN that hasn't been."""
        await self._flush_exchange()
        deferred = self._take_deferred()
        if deferred or (self._in_block and not self._has_begun):
            await self._send(deferred)

    async def _flush_exchange(self, commit: Transaction | None = None) -> None:
        """Send the exchange that is queued, and COMMIT with it.

        What was deferred since belongs behind it.
        """
        exchange, self._exchange = self._exchange, None
        if exchange is None:
            return
        session = await self._bound_session(exchange.statements[0])
        if exchange.preparation not in session.told:
            try:
                await session.run(session.driver.execute(exchange.preparation))
            except DRIVER_ERRORS as error:
                raise database_error(error, exchange.preparation) from error
            session.told.add(exchange.preparation)
        statements = [f"SAVEPOINT {SAVEPOINT}", *exchange.statements]
        try:
            await self._send_message(
                [Deferred(sql) for sql in statements], commit, leaves_traces=False
            )
        except DatabaseError as error:
            if not session.has_open_transaction:
                raise
            later = self._take_deferred()
            await self.execute(f"ROLLBACK TO SAVEPOINT {SAVEPOINT}")
            await exchange.recover(error)
            self._deferred = later
            if commit is not None:
                await self._send_message([], commit)

    def _take_deferred(self) -> list[Deferred]:
        deferred, self._deferred = self._deferred, []
        return deferred

    async def _send(self, parts: Sequence[Deferred], commit: Transaction | None = None) -> None:
        """Send statements in as few messages as their answers allow.

        The driver knows the answer of a message's last statement only.
        """
        waiting: list[Deferred] = []
        for part in parts:
            waiting.append(part)
            if part.wants_response:
                await self._send_message(waiting)
                waiting = []
        if waiting or commit is not None or not parts:
            await self._send_message(waiting, commit)

    async def _send_message(
        self,
        parts: Sequence[Deferred],
        commit: Transaction | None = None,
        *,
        leaves_traces: bool = True,
    ) -> None:
        begins = self._in_block and not self._has_begun
        message = Message(parts, begins=begins, commits=commit is not None, comment=self.comment)
        session = await self._bound_session(message.sql)
        if leaves_traces:
            session.is_altered |= any(alters_session(part.sql) for part in parts)
            session.is_set |= any(may_set(part.sql) for part in parts)
        self._has_begun = self._in_block
        if message.is_blank:
            message.note_answers("")
            return
        was_open = session.has_open_transaction or begins or opens_transaction(message.sql)
        try:
            if commit is None:
                tag = await session.run(session.driver.execute(message.sql))
                # A hook may end the transaction itself: then the next statement begins another.
                self._has_begun = self._in_block and session.has_open_transaction
                self.has_kept |= not was_open and may_write(message.sql, is_query=False)
                if tag == "ROLLBACK" and not says_rollback(message.sql):
                    raise failed_before_error()
            else:
                await session.commit(message.sql, commit)
                self._let_go_of_lost(session)
                tag = ""
        except DRIVER_ERRORS as error:
            raise doubted(message.error(error), message.sql, was_open=was_open) from error
        message.note_answers(tag)

    def _let_go_of_lost(self, session: Session) -> None:
        """Go on with another session after a COMMIT that has gone through unheard.

        Nothing is open then. Only where the session was set to something it isn't to be replaced.
        """
        if session.is_closed and not session.is_set:
            self._session = None
            self._pool.give_back(session)

    async def _bound_session(self, sql: str) -> Session:
        if "\0" in sql:
            raise DatabaseError("the SQL holds a NUL character, which ends a message.", sql=sql)
        if self._session is None:
            self._session = await self._pool.take()
        if self._session.is_closed:
            raise DatabaseError("the connection was closed, and is not used again", sql=sql)
        return self._session

    async def _commit(self, transaction: Transaction) -> None:
        if not (self._has_begun or self._deferred or self._exchange):
            transaction.committed = True
            return
        if self._exchange is not None:
            if not self._deferred:
                await self._flush_exchange(transaction)
                return
            await self._flush_exchange()
        await self._send(self._take_deferred(), transaction)

    async def _roll_back(self, error: BaseException) -> None:
        session = self._session
        if session is None or not session.has_open_transaction:
            return
        if not isinstance(error, Exception):
            await session.aclose()
            return
        try:
            await session.run(session.driver.execute("ROLLBACK"))
        except DRIVER_ERRORS:
            await session.aclose()
