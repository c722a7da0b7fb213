"""A connection to the simulated database: it waits, answers by the script, and is recorded."""

from __future__ import annotations

from asyncio import get_running_loop
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager

from anyio import get_cancelled_exc_class, sleep
from anyio.lowlevel import checkpoint

from ..base import Connection, Deferred, Response, Rows, Transaction
from ..cancellation import sleep_through
from ..column import Column
from ..errors import DatabaseError
from ..relation import Relation, quote_identifier
from .catalog import Catalog, Change, read_changes
from .recorder import Outcome, Recorder
from .script import Script


class ScriptedConnection(Connection):
    """One session of a simulated database.

    Transactions are recorded as the statements `begin`, `commit` and `rollback`, which take
    no time unless a rule says so. A text of several statements counts as one.
    """

    def __init__(self, name: str, script: Script, recorder: Recorder, catalog: Catalog) -> None:
        self.name = name
        self.is_closed = False
        self._script = script
        self._recorder = recorder
        self._catalog = catalog
        self._deferred: list[Deferred] = []
        self._in_transaction = False
        self._has_begun = False
        self._changes: list[Change] = []

    async def execute(self, sql: str) -> Response:
        return _response(await self._send(sql))

    async def query(self, sql: str) -> Rows:
        return await self._send(sql)

    def defer(self, sql: str, *, wants_response: bool = False) -> Deferred:
        deferred = Deferred(sql, wants_response)
        self._deferred.append(deferred)
        return deferred

    @asynccontextmanager
    async def transaction(
        self, *, traceable: Callable[[str], None] | None = None
    ) -> AsyncIterator[Transaction]:
        if self._in_transaction:
            raise RuntimeError("a transaction is already open on this connection")
        transaction = Transaction()
        self._in_transaction, self._has_begun = True, False
        try:
            yield transaction
            await self._commit(transaction)
        except BaseException as error:
            await self._roll_back(error)
            raise
        finally:
            self._in_transaction = False
            self._deferred.clear()
            self._changes.clear()

    async def insert_rows(
        self,
        relation: Relation,
        column_names: Sequence[str],
        batches: Iterable[Sequence[Sequence[object]]],
    ) -> int:
        names = ", ".join(quote_identifier(name) for name in column_names)
        count = 0
        for rows in batches:
            await self._send(f"insert into {relation} ({names})")
            count += len(rows)
        return count

    async def columns(self, relation: Relation) -> list[Column]:
        described = await self.query(f"describe {relation}")
        return [Column(str(name), str(data_type)) for name, data_type, *_ in described.rows]

    async def _send(self, sql: str) -> Rows:
        deferred, self._deferred = self._deferred, []
        if self._in_transaction and not self._has_begun:
            self._has_begun = True
            await self._run("begin", latency=0.0)
        for waiting in deferred:
            waiting.response = _response(await self._run(waiting.sql, latency=0.0))
        return await self._run(sql, latency=self._script.latency)

    async def _commit(self, transaction: Transaction) -> None:
        if self._deferred:
            # What goes with COMMIT takes as long as one statement, as it does before one.
            last = self._deferred.pop()
            last.response = _response(await self._send(last.sql))
        cancellation = await self._run_commit() if self._has_begun else None
        self._catalog.apply(self._changes)
        transaction.committed = True
        if cancellation is not None:
            raise cancellation
        await checkpoint()

    async def _run_commit(self) -> BaseException | None:
        """Once COMMIT is sent it is not interrupted, so that `committed` is the truth."""
        rule = self._script.rule_for("commit")
        statement = self._recorder.start("commit", self.name, _now())
        cancellation = await sleep_through(rule.latency or 0.0)
        outcome = Outcome.ERROR if rule.error else Outcome.OK
        self._recorder.end(statement, outcome, _now())
        if rule.error:
            raise cancellation or DatabaseError(rule.error, sql="commit")
        return cancellation

    async def _roll_back(self, error: BaseException) -> None:
        if not isinstance(error, Exception):
            self.is_closed = True
        elif self._has_begun and not self.is_closed:
            await self._run("rollback", latency=0.0)

    async def _run(self, sql: str, latency: float) -> Rows:
        """Let a statement take its time.

        Raises:
            DatabaseError: a rule says so.
        """
        if self.is_closed:
            raise DatabaseError("the connection was closed, and is not used again", sql=sql)
        rule = self._script.rule_for(sql)
        sent_at = self.traffic.sent(sql)
        statement = self._recorder.start(sql, self.name, _now())
        outcome = Outcome.ERROR if rule.error else Outcome.OK
        try:
            await self._wait(latency if rule.latency is None else rule.latency)
        except get_cancelled_exc_class():
            self.is_closed = True
            outcome = Outcome.CANCELLED
            raise
        finally:
            self._recorder.end(statement, outcome, _now())
        if rule.error:
            raise DatabaseError(rule.error, sql=sql)
        changes = read_changes(sql, self._catalog.home)
        if self._in_transaction:
            self._changes += changes
        else:
            self._catalog.apply(changes)
        self.traffic.answered(_response(rule.answer).message, sent_at)
        return rule.answer

    async def _wait(self, seconds: float) -> None:
        try:
            await sleep(seconds)
        except get_cancelled_exc_class():
            await sleep_through(self._script.cancel_latency)
            raise


def _now() -> float:
    """The loop's time. anyio asks first whose loop it is, twice for each statement."""
    return get_running_loop().time()


def _response(answer: Rows) -> Response:
    return answer.response if answer.column_names else Response("OK")
