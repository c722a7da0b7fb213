"""What goes to the thread together, and who waits for whom.

Everything that is run goes through one loop, `_send`; the statements of one batch are run one after
the other in the thread, by `Batch.run`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager

from anyio import current_time, get_cancelled_exc_class, sleep

from ..backoff import Backoff
from ..base import Connection, Deferred, Response, Rows, Transaction
from ..errors import CommitInDoubtError, DatabaseError
from ..relation import Relation, quote_identifier
from .batch import Batch, Control, Insertion, Work
from .file_session import GRACE_SECONDS, Session
from .keys import SqliteKeys
from .pool import Pool
from .problems import (
    DRIVER_ERRORS,
    commit_goes_on_error,
    database_error,
    has_moved,
    is_busy,
    locked_error,
    transaction_gone_error,
)
from .statements import is_ending, is_reading
from .writers import WriterQueue

_BACKOFF = Backoff(first=0.005, limit=0.1, jitter=(0.5, 1.0))


class SendingConnection(Connection):
    """One task's connection. Its session is bound at the first statement, and kept to the end.

    What writes waits for its turn among the writers of this process, and has it until the
    commit. Locks of other processes are waited for in the event loop, `lock_timeout` long.
    """

    def __init__(self, pool: Pool, writers: WriterQueue, keys: SqliteKeys) -> None:
        self._pool = pool
        self._writers = writers
        self._keys = keys
        self._session: Session | None = None
        self._deferred: list[Deferred | Work] = []
        self._has_turn = False
        self._in_block = False
        self._has_begun = False
        self._may_be_done_again = True

    async def execute(self, sql: str) -> Response:
        return (await self._run(sql, wants_rows=False)).response

    async def query(self, sql: str) -> Rows:
        return await self._run(sql, wants_rows=True)

    def defer(self, sql: str, *, wants_response: bool = False) -> Deferred:
        deferred = Deferred(sql, wants_response)
        self._deferred.append(deferred)
        return deferred

    def defer_work(self, work: Work) -> None:
        """Queue work of an open transaction, as `defer` does statements."""
        self._deferred.append(work)

    @asynccontextmanager
    async def transaction(
        self, *, traceable: Callable[[str], None] | None = None
    ) -> AsyncIterator[Transaction]:
        if self._in_block:
            raise RuntimeError("a transaction is already open on this connection")
        transaction = Transaction()
        await self._take_turn()
        self._in_block, self._has_begun = True, False
        self._may_be_done_again = traceable is None
        try:
            yield transaction
            if self._has_begun or self._deferred:
                await self._send(Control.COMMIT, commit=transaction)
            else:
                transaction.committed = True
        except BaseException as error:
            await self._roll_back(error)
            raise
        finally:
            self._in_block = False
            self._deferred.clear()
            self._give_turn_back()

    async def insert_rows(
        self,
        relation: Relation,
        column_names: Sequence[str],
        batches: Iterable[Sequence[Sequence[object]]],
    ) -> int:
        if not self._in_block:
            async with self.transaction():
                return await self.insert_rows(relation, column_names, batches)
        names = ", ".join(quote_identifier(name) for name in column_names)
        marks = ", ".join("?" * len(column_names))
        sql = f"INSERT INTO {relation} ({names}) VALUES ({marks})"
        count = 0
        for rows in batches:
            count += (await self._send(Insertion(sql, rows))).inserted
        return count

    async def release(self) -> None:
        """Give the session back, as new: no open transaction, nothing temporary."""
        session = self._session
        if session is None:
            return
        try:
            if session.has_open_transaction:
                await self._end_transaction(session)
            if not session.is_closed and session.has_temporary:
                await session.call(session.drop_temporary)
        except DRIVER_ERRORS:
            await session.aclose()
        finally:
            self._session = None
            if session.is_closed:
                self.traffic.closed()
            self._pool.give_back(session)
            self._give_turn_back()

    async def aclose(self) -> None:
        """Close the session, which ends what it does, and forget it."""
        if self._session is not None:
            await self._session.aclose()

    async def _run(self, sql: str, *, wants_rows: bool) -> Rows:
        if not self._in_block and is_ending(sql) and not self._has_open_transaction:
            # Nothing, as in PostgreSQL: dbt's `run_hooks` commits wherever it stands.
            return Rows((), ())
        is_alone = not (self._in_block or self._deferred)
        if self._in_block or (is_alone and is_reading(sql)):
            return (await self._send(sql, wants_rows=wants_rows)).answer
        await self._take_turn()
        try:
            return (await self._send(sql, wants_rows=wants_rows)).answer
        finally:
            # A BEGIN in somebody's own SQL keeps the turn until the COMMIT.
            if not self._has_open_transaction:
                self._give_turn_back()

    @property
    def _has_open_transaction(self) -> bool:
        return self._session is not None and self._session.has_open_transaction

    @property
    def carries_state(self) -> bool:
        session = self._session
        return session is not None and (session.has_temporary or session.has_open_transaction)

    async def _roll_back(self, error: BaseException) -> None:
        session = self._session
        if session is None:
            return
        if not isinstance(error, Exception):
            await session.aclose()
        elif session.has_open_transaction:
            try:
                await self._end_transaction(session)
            except DRIVER_ERRORS:
                await session.aclose()

    async def _end_transaction(self, session: Session) -> None:
        sent_at = self.traffic.sent(Control.ROLLBACK.value)
        await session.roll_back()
        self.traffic.answered(Control.ROLLBACK.value, sent_at)

    async def _send(
        self,
        *steps: str | Insertion,
        wants_rows: bool = False,
        commit: Transaction | None = None,
    ) -> Batch:
        """Run what was deferred and some steps in the thread, with the BEGIN that hasn't been sent.

        As often as it takes to get past another process's lock. With `commit` the last step is a
        COMMIT, and what became of it is noted there.

        Raises:
            DatabaseError: a statement failed.
            DatabaseLockedError: the lock was there for all of `lock_timeout`.
        """
        begin = [Control.BEGIN] if self._in_block and not self._has_begun else []
        deferred, self._deferred = self._deferred, []
        batch = Batch([*begin, *deferred, *steps], wants_rows=wants_rows, comment=self.comment)
        session = await self._bound_session()
        if self._in_block and self._has_begun and not session.in_transaction:
            raise transaction_gone_error(batch.current_sql)
        deadline: float | None = None
        attempt = 0
        sent_at = self.traffic.sent(batch.sql) if self.traffic.watch is not None else 0.0
        while True:
            attempt += 1
            had_begun = session.in_transaction
            try:
                await session.run(batch)
                if self.traffic.watch is not None:
                    self.traffic.answered(batch.status, sent_at)
                return batch
            except get_cancelled_exc_class():
                await session.aclose()
                raise
            except DRIVER_ERRORS as error:
                had_begun |= self._in_block and batch.position > 0
                if not self._may_run_again(error, session, had_begun):
                    failure = await self._failure(error, session, batch)
                    if commit is not None and isinstance(failure, CommitInDoubtError):
                        commit.doubt = failure
                    raise failure from error
                deadline = deadline or current_time() + self._keys.lock_timeout
                if current_time() >= deadline:
                    raise await self._locked(error, session, batch) from error
            finally:
                self._note_run(batch, commit)
            await self._pause(min(_BACKOFF.after(attempt), deadline - current_time()))

    async def _bound_session(self) -> Session:
        if self._session is None:
            self._session = await self._pool.take()
            self._session.served = self.traffic.bound(self._session.served)
        session = self._session
        if session.is_closed:
            raise DatabaseError("the connection was closed, and is not used again")
        return session

    def _note_run(self, batch: Batch, commit: Transaction | None) -> None:
        """Note what has been done by now: all of a batch, or what came before an error."""
        self._has_begun |= self._in_block and batch.position > 0
        if commit is not None:
            commit.committed = batch.has_committed
            if batch.is_committing:  # its thread was left to itself
                commit.doubt = commit_goes_on_error(self._keys.path, GRACE_SECONDS)
            self.has_kept |= batch.has_committed
        elif self._has_turn and not (self._in_block or self._has_open_transaction):
            self.has_kept |= batch.position > 0

    def _may_run_again(self, error: Exception, session: Session, had_begun: bool) -> bool:
        """Whether to go on with the statement that failed.

        Not so where SQLite has rolled its transaction back with it: the rest would be committed
        without what came before.
        """
        is_open = session.has_open_transaction
        return is_busy(error, in_transaction=is_open) and not (had_begun and not is_open)

    async def _failure(self, error: Exception, session: Session, batch: Batch) -> DatabaseError:
        if has_moved(error):
            await session.aclose()
        return database_error(
            error,
            batch.current_sql,
            self._keys.path,
            left_out=session.left_out,
            adds_to_several=session.has_several_files and not self._may_be_done_again,
        )

    async def _locked(self, error: Exception, session: Session, batch: Batch) -> DatabaseError:
        try:
            files = await session.locked_files()
        except DRIVER_ERRORS:
            files = []
        keys = self._keys
        return locked_error(error, batch.current_sql, keys.path, keys.lock_timeout, files)

    async def _pause(self, seconds: float) -> None:
        try:
            await sleep(max(seconds, 0))
        except get_cancelled_exc_class():
            await self.aclose()
            raise

    async def _take_turn(self) -> None:
        if not self._has_turn:
            await self._writers.take()
            self._has_turn = True

    def _give_turn_back(self) -> None:
        if self._has_turn:
            self._has_turn = False
            self._writers.give_back()
