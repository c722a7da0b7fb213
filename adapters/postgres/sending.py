"""What goes to the server together, in which order, and what it answers.

    defer() … queue() → (execute() | query() | COMMIT), each of which sends what is queued before it

Everything that is sent as text goes through one loop, `_send`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager

import asyncpg

from ..answers import Deferred, Response, Rows, Transaction
from ..errors import DatabaseLockedError
from ..relation import Relation
from .bound_connection import BoundConnection
from .message import Message, Queued, Together, response_of, take_message
from .pool import Pool
from .problems import DRIVER_ERRORS, database_error
from .queued import Exclusion, QueuedSwap
from .server_session import Session, failed_before_error
from .statements import (
    alters_session,
    may_set,
    may_write,
    names_session,
    opens_transaction,
    says_rollback,
    split_at_commits,
    split_last,
)
from .text_copy import csv_chunks
from .tracing import NUMBER, doubted

SAVEPOINT = "headrace_swap"

_COMMITTED = Response("COMMIT", "COMMIT")


class SendingConnection(BoundConnection):
    """BEGIN and what is deferred go to the server with the statement that comes next."""

    def __init__(self, pool: Pool, reset_sql: str) -> None:
        super().__init__(pool, reset_sql)
        self._queue: list[Queued] = []
        self._transaction: Transaction | None = None
        self._exclusion: Exclusion | None = None
        self._has_begun = False

    async def execute(self, sql: str) -> Response:
        rest = await self._carry_out_commits(sql)
        if rest is None:
            return _COMMITTED
        last = Deferred(rest, wants_response=True)
        await self._send(last)
        assert last.response is not None
        return last.response

    async def query(self, sql: str) -> Rows:
        rest = await self._carry_out_commits(sql)
        if rest is None:
            return Rows((), (), _COMMITTED)
        before, statement = split_last(rest)
        if before:
            self.defer(before)
        await self._send()
        session = await self._bound_session(statement)
        comment = self.comment
        sent = comment.on(statement) if comment else statement
        was_open = session.has_open_transaction
        session.is_set |= may_set(statement)
        sent_at = self.traffic.sent(sent)
        try:
            rows = await session.run(session.fetch_rows(sent))
        except DRIVER_ERRORS as error:
            offset = len(comment.before) if comment else 0
            told = database_error(error, statement, offset=offset)
            raise doubted(told, statement, was_open=was_open, is_query=True) from error
        self.traffic.answered(rows.response.message, sent_at)
        self.has_kept |= not was_open and may_write(statement, is_query=True)
        return rows

    async def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """The rows of a question that many nodes ask: the session keeps it prepared."""
        await self._send()
        session = await self._bound_session(sql)
        return await self._asked(session, sql, session.fetch_prepared(sql, *arguments))

    async def ask(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """The rows of a question that few nodes ask. What is queued waits on."""
        session = await self._bound_session(sql)
        return list(await self._asked(session, sql, session.driver.fetch(sql, *arguments)))

    def defer(self, sql: str, *, wants_response: bool = False) -> Deferred:
        deferred = Deferred(sql, wants_response=wants_response)
        self._queue.append(deferred)
        return deferred

    def queue_swap(self, swap: QueuedSwap) -> None:
        """Queue a swap behind what is deferred. It goes with the COMMIT, if that comes next."""
        statements = (f"SAVEPOINT {SAVEPOINT}", *swap.statements)
        self._queue.append(Together([Deferred(sql) for sql in statements], swap))

    def exclude(self, exclusion: Exclusion) -> None:
        """Note what has been queued to keep others out, to the end of the open transaction."""
        self._exclusion = exclusion

    async def flush(self) -> None:
        """Send what is queued, and the BEGIN that hasn't been."""
        await self._send()

    async def execute_all(self, statements: Sequence[str]) -> None:
        """Run several statements of ours in one message, which leave the session as it was.

        An error says which of them it is about.
        """
        await self._send(Together([Deferred(sql) for sql in statements]))

    @property
    def is_in_transaction(self) -> bool:
        """Whether a transaction is open, or will be with the next statement."""
        session = self._session
        is_open = session is not None and session.has_open_transaction
        return self._transaction is not None or is_open

    @property
    def carries_state(self) -> bool:
        session = self._session
        return session is not None and (session.is_altered or session.has_open_transaction)

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
            if self._has_begun or self._queue:
                await self._send(commit=transaction, traceable=traceable)
            else:
                transaction.committed = True
        except BaseException as error:
            await self._roll_back(error)
            exclusion = self._exclusion
            if isinstance(error, DatabaseLockedError) and exclusion and not exclusion.is_held:
                raise await exclusion.explained(error) from error
            raise
        finally:
            self._transaction = None
            self._queue.clear()
            if self._exclusion is not None:
                self._exclusion.end()
                self._exclusion = None

    async def insert_rows(
        self,
        relation: Relation,
        column_names: Sequence[str],
        batches: Iterable[Sequence[Sequence[object]]],
    ) -> int:
        await self._send()
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
        sent_at = self.traffic.sent(f"{sql} FROM STDIN")
        try:
            tag = await session.run(copy)
        except DRIVER_ERRORS as error:
            raise doubted(database_error(error, sql), sql, was_open=was_open) from error
        self.traffic.answered(tag, sent_at)
        return response_of(tag).rows_affected or 0

    async def _send(
        self,
        *parts: Queued,
        commit: Transaction | None = None,
        traceable: Callable[[str], None] | None = None,
    ) -> None:
        """Send what is queued, what comes now, and COMMIT, in as few messages as can be.

        Before a COMMIT that is `traceable` the transaction is named.
        """
        queue, self._queue = [*self._queue, *parts], []
        is_left = bool(queue) or self._has_to_begin or commit is not None
        while is_left:
            taken, ends = take_message(queue)
            commits = ends and commit is not None
            if commits and commit is not None and commit.name is None and traceable is not None:
                await self._send()  # BEGIN, where it hasn't been
                await self._name(commit, traceable)
            begins = self._transaction is not None and not self._has_begun
            message = Message(taken.parts, begins=begins, commits=commits, comment=self.comment)
            session = await self._bound_session(message.sql)
            if taken.swap is not None and taken.swap.preparation not in session.told:
                await self._prepare(session, taken.swap)
            is_left = bool(queue) or (commit is not None and not commits)
            if not (begins or commits) and message.is_blank:
                self._has_begun = self._transaction is not None
                message.note_answers("")
                continue
            was_open = begins or session.has_open_transaction or opens_transaction(message.sql)
            self._note_sending(session, message, leaves_traces=taken.leaves_traces)
            sent_at = self.traffic.sent(message.sql)
            try:
                if commits and commit is not None:
                    if not await session.commit(message.sql, commit):
                        self._let_go_of_lost(session)
                    if taken.swap is None:  # whose statements' answers nobody asks for
                        message.note_answers("")
                    self.traffic.answered("COMMIT", sent_at)
                else:
                    tag = await session.run(session.driver.execute(message.sql))
                    # A hook may end the transaction itself: then the next statement begins another.
                    self._has_begun = self._transaction is not None and session.has_open_transaction
                    self.traffic.answered(tag, sent_at)
                    self._note_sent(message, tag, was_open=was_open)
            except DRIVER_ERRORS as error:
                told = doubted(message.error(error), message.sql, was_open=was_open)
                if taken.swap is None or not session.has_open_transaction:
                    raise told from error
                told.__cause__ = error
                await self.execute_all([f"ROLLBACK TO SAVEPOINT {SAVEPOINT}"])
                await taken.swap.recover(told)
                queue[:0], self._queue = self._queue, []
                is_left |= commits

    @property
    def _has_to_begin(self) -> bool:
        return self._transaction is not None and not self._has_begun

    async def _prepare(self, session: Session, swap: QueuedSwap) -> None:
        """Tell a session what is asked in every swap of the kind, before its first."""
        preparing = session.driver.execute(swap.preparation)
        await self._asked(session, swap.preparation, preparing)
        session.told.add(swap.preparation)

    def _note_sending(self, session: Session, message: Message, *, leaves_traces: bool) -> None:
        """Note what a message will do to the session."""
        for part in message.parts if leaves_traces else ():
            if names_session(part.sql):
                session.is_altered |= alters_session(part.sql)
                session.is_set |= may_set(part.sql)
        self._has_begun = self._transaction is not None

    def _note_sent(self, message: Message, tag: str, *, was_open: bool) -> None:
        """Note what a message has done.

        Raises:
            DatabaseError: its transaction had failed before, and was rolled back.
        """
        self.has_kept |= not was_open and may_write(message.sql, is_query=False)
        if tag == "ROLLBACK" and not says_rollback(message.sql):
            raise failed_before_error()
        message.note_answers(tag)

    async def _carry_out_commits(self, sql: str) -> str | None:
        """Run SQL up to its last COMMIT. What is left to be run; None where that was the end."""
        *parts, rest = split_at_commits(sql)
        for part in parts:
            await self._send(Deferred(part, wants_response=True))
            await self._commit_as_told()
        return None if parts and not rest else rest

    async def _commit_as_told(self) -> None:
        """Carry out a COMMIT of somebody's SQL, so that it can be asked for if its answer is lost.

        Raises:
            DatabaseError: there was nothing left to be committed.
            CommitInDoubtError: nobody can say whether it went through.
        """
        session = await self._bound_session("COMMIT")
        if not session.has_open_transaction:
            # The server has a warning for that, and no more.
            await self._send(Deferred("COMMIT", wants_response=True))
            return
        transaction = Transaction()
        if not session.has_failed:
            await self._name(transaction)
        self._has_begun = False
        sent_at = self.traffic.sent("COMMIT")
        try:
            if not await session.commit("COMMIT", transaction):
                self._let_go_of_lost(session)
            self.traffic.answered("COMMIT", sent_at)
        except DRIVER_ERRORS as error:
            raise database_error(error, "COMMIT") from error
        finally:
            self.has_kept |= transaction.committed or transaction.doubt is not None
            self.doubt = transaction.doubt

    async def _name(
        self, transaction: Transaction, note: Callable[[str], None] | None = None
    ) -> None:
        """Ask for the open transaction's name, and `note` it before its COMMIT is sent."""
        session = await self._bound_session(NUMBER)
        ((number,),) = await self._asked(session, NUMBER, session.fetch_prepared(NUMBER))
        transaction.name = await session.name_transaction(number)
        if note is not None:
            note(transaction.name)
