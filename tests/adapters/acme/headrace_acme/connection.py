"""One task's connection: what is deferred, the transaction, and the end of what is cancelled."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from hashlib import md5
from pathlib import Path
from typing import TypeVar

import anyio
from headrace.adapters.base import Connection, Deferred, Response, Rows, Transaction
from headrace.adapters.cancellation import outlast
from headrace.adapters.column import Column
from headrace.adapters.errors import DatabaseError
from headrace.adapters.relation import Relation, quote_identifier

T = TypeVar("T")

_COMMENT = re.compile(r"\s+|--[^\n]*|/\*.*?\*/", re.DOTALL)
_ENDING = re.compile(r"(?:commit|end|rollback);?", re.IGNORECASE)
_MAKING = re.compile(r'create(?:temporary)?table("[^"]+"(?:\."[^"]+")?)as', re.IGNORECASE)
_GRACE_SECONDS = 10.0


class AcmeConnection(Connection):
    def __init__(self, directory: Path, writing: anyio.Lock) -> None:
        self._directory = directory
        self._writing = writing
        self._database: sqlite3.Connection | None = None
        self._is_closed = False
        self._deferred: list[Deferred] = []
        self._transaction: Transaction | None = None

    async def execute(self, sql: str) -> Response:
        return (await self._send(Deferred(sql))).response

    async def query(self, sql: str) -> Rows:
        return await self._send(Deferred(sql), wants_rows=True)

    def defer(self, sql: str, *, wants_response: bool = False) -> Deferred:
        self._deferred.append(Deferred(sql, wants_response))
        return self._deferred[-1]

    async def columns(self, relation: Relation) -> list[Column]:
        schema = relation.schema if relation.include_policy.schema else None
        of_schema = "null" if schema is None else f"'{schema}'"
        found = await self.query(
            f"select name, type from pragma_table_xinfo('{relation.identifier}', {of_schema})"
        )
        return [Column(str(name), str(kind)) for name, kind in found.rows]

    @asynccontextmanager
    async def transaction(
        self, *, traceable: Callable[[str], None] | None = None
    ) -> AsyncIterator[Transaction]:
        if self._transaction is not None:
            raise RuntimeError("a transaction is already open on this connection")
        transaction = Transaction()
        async with self._writing:
            self._transaction = transaction
            try:
                await self._run("begin immediate")
                yield transaction
                await self._send()
                await self._commit(transaction)
            except BaseException:
                if self._database is not None and not self._is_closed:
                    self._database.rollback()
                raise
            finally:
                self._transaction = None
                self._deferred.clear()

    async def insert_rows(
        self,
        relation: Relation,
        column_names: Sequence[str],
        batches: Iterable[Sequence[Sequence[object]]],
    ) -> int:
        if self._transaction is None:
            async with self.transaction():
                return await self.insert_rows(relation, column_names, batches)
        await self._send()
        names = ", ".join(map(quote_identifier, column_names))
        marks = ", ".join("?" * len(column_names))
        sql = f"insert into {relation} ({names}) values ({marks})"
        count = 0
        for rows in batches:
            count += await self._in_thread(sql, partial(_load, sql, rows))
        return count

    async def attach(self, schema: str) -> None:
        """Make a schema's file, if it isn't there."""
        if not (self._directory / f"{schema}.db").exists():
            await self._in_thread("attach", partial(_attach, self._directory, schema))

    def close(self) -> None:
        self._is_closed = True
        if self._database is not None:
            self._database.close()

    async def _send(self, *last: Deferred, wants_rows: bool = False) -> Rows:
        """Run what is deferred and what comes now, one statement after the other."""
        parts, self._deferred = [*self._deferred, *last], []
        answer = Rows((), ())
        for part in parts:
            for sql in _statements(part.sql):
                if self._transaction is None and not wants_rows:
                    async with self._writing:
                        answer = await self._run(sql)
                else:
                    answer = await self._run(sql)
            part.response = answer.response
        return answer

    async def _run(self, sql: str) -> Rows:
        is_outside = self._transaction is None
        if is_outside and _ENDING.fullmatch(_COMMENT.sub("", sql)):
            return Rows((), ())
        comment = self.comment
        return await self._in_thread(sql, partial(_answer, comment.on(sql) if comment else sql))

    async def _commit(self, transaction: Transaction) -> None:
        """Commit. A cancellation waits for the answer, so that `committed` is the truth."""

        def commit(database: sqlite3.Connection) -> None:
            database.commit()
            transaction.committed = True

        await self._in_thread("commit", commit, may_interrupt=False)

    async def _in_thread(
        self, sql: str, work: Callable[[sqlite3.Connection], T], *, may_interrupt: bool = True
    ) -> T:
        if self._is_closed:
            raise DatabaseError("the connection was closed, and is not used again", sql=sql)
        running = asyncio.ensure_future(asyncio.to_thread(self._done, work))
        try:
            return await asyncio.shield(running)
        except sqlite3.Error as error:
            raise DatabaseError(str(error), sql=sql) from error
        except anyio.get_cancelled_exc_class():
            try:
                await outlast(
                    running.done, _GRACE_SECONDS, self._interrupt if may_interrupt else None
                )
            finally:
                self.close()
                if running.done():
                    running.exception()
            raise

    def _interrupt(self) -> None:
        if self._database is not None:
            self._database.interrupt()

    def _done(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._database is None:
            self._database = sqlite3.connect(
                ":memory:", isolation_level=None, check_same_thread=False, timeout=20
            )
            self._database.create_function("md5", 1, _md5, deterministic=True)
            self._database.create_function("split_part", 3, _split_part, deterministic=True)
            for file in sorted(self._directory.glob("*.db")):
                _attach(self._directory, file.stem, self._database)
        return work(self._database)


def _attach(directory: Path, schema: str, database: sqlite3.Connection) -> None:
    database.execute("attach ? as ?", (str(directory / f"{schema}.db"), schema))
    database.execute(f'pragma "{schema}".journal_mode=wal').fetchall()


def _load(sql: str, rows: Sequence[Sequence[object]], database: sqlite3.Connection) -> int:
    return database.executemany(sql, rows).rowcount


def _md5(text: object) -> str | None:
    return None if text is None else md5(str(text).encode()).hexdigest()


def _split_part(text: str, delimiter: str, number: int) -> str:
    return [*text.split(delimiter), ""][number - 1]


def _answer(sql: str, database: sqlite3.Connection) -> Rows:
    cursor = database.execute(sql)
    rows = cursor.fetchall()
    names = tuple(column[0] for column in cursor.description or ())
    words = _COMMENT.sub("", sql)
    if made := _MAKING.match(words):
        ((count,),) = database.execute(f"select count(*) from {made[1]}")
        return Rows((), (), Response(f"SELECT {count}", "SELECT", count))
    verb = re.match(r"[a-z]*?(?=into|from|[^a-z]|$)", words.lower())
    word = verb[0].upper() if verb else "OK"
    count = cursor.rowcount if cursor.rowcount >= 0 else len(rows)
    return Rows(names, rows, Response(f"{word} {count}", word, count))


def _statements(script: str) -> Iterator[str]:
    start, end = 0, script.find(";") + 1
    while end:
        if sqlite3.complete_statement(script[start:end]):
            if _COMMENT.sub("", script[start:end]).strip("; "):
                yield script[start:end].strip().rstrip(";")
            start = end
        end = script.find(";", end) + 1
    if _COMMENT.sub("", script[start:]):
        yield script[start:]
