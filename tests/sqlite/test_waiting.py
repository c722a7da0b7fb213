"""What is waited for, and what isn't: others in the way, and transactions that are no more."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import anyio
import pytest
from headrace.adapters.base import Adapter, Transaction
from headrace.adapters.conformance_support import until
from headrace.adapters.errors import (
    CommitInDoubtError,
    ConnectionFailedError,
    DatabaseError,
    TransientDatabaseError,
)
from headrace.adapters.relation import Namespace
from headrace.adapters.sqlite.batch import Batch, Control
from headrace.adapters.sqlite.known_handiwork import KnownHandiwork
from headrace.adapters.sqlite.problems import database_error, is_busy

from ..adapters.support import sqlite_adapter
from ..adapters.test_sqlite_locks import locked_by_another_process
from .support import an_outside_program, assert_all_of

SCHEMAS = {"main": "shop.db", "main_raw": "shop.main_raw.db", "main_marts": "shop.main_marts.db"}


@pytest.fixture
async def adapter(tmp_path: Path) -> AsyncIterator[Adapter]:
    async with sqlite_adapter(tmp_path, lock_timeout=10) as opened:
        async with opened.connection("orders") as connection:
            await connection.execute("create table main.orders (id)")
        yield opened


def an_error(name: str) -> sqlite3.OperationalError:
    """An error of SQLite's with the code of a name."""
    codes = {"SQLITE_BUSY_SNAPSHOT": 517, "SQLITE_BUSY_RECOVERY": 261, "SQLITE_IOERR_WRITE": 778}
    error = sqlite3.OperationalError(name)
    error.sqlite_errorcode = codes.get(name) or int(getattr(sqlite3, name))
    error.sqlite_errorname = name
    return error


async def test_fifty_writers_to_three_files_lose_nothing_among_others(tmp_path: Path) -> None:
    """In one process, while that looks for schemas again and again, and another writes too."""
    with an_outside_program(tmp_path) as written:
        async with sqlite_adapter(tmp_path, threads=50, lock_timeout=60) as adapter:
            for schema in ("main_raw", "main_marts"):
                await adapter.create_schema(Namespace(None, schema))
            async with adapter.connection("first") as connection:
                for schema in SCHEMAS:
                    await connection.execute(f"create table {schema}.orders (id)")

            async def write(number: int) -> None:
                async with adapter.connection("writer") as connection:
                    async with connection.transaction():
                        for schema in SCHEMAS:
                            connection.defer(f"insert into {schema}.orders values ({number})")
                    await connection.execute(f"insert into main_raw.orders values (-{number})")
                await adapter.list_schemas()

            async with anyio.create_task_group() as tasks:
                for number in range(1, 51):
                    tasks.start_soon(write, number)

    assert_all_of(written)
    for schema, name in SCHEMAS.items():
        with closing(sqlite3.connect(tmp_path / name)) as database:
            assert database.execute("pragma integrity_check").fetchall() == [("ok",)], name
            found = database.execute("select id from orders where id > 0 order by id").fetchall()
            assert found == [(number,) for number in range(1, 51)], schema


@pytest.mark.parametrize(
    ("name", "in_transaction", "expected"),
    [
        ("SQLITE_BUSY", False, True),
        ("SQLITE_BUSY", True, True),
        ("SQLITE_BUSY_RECOVERY", False, True),
        ("SQLITE_PROTOCOL", False, True),
        ("SQLITE_SCHEMA", False, True),
        ("SQLITE_SCHEMA", True, False),
        ("SQLITE_BUSY_SNAPSHOT", False, True),
        ("SQLITE_BUSY_SNAPSHOT", True, False),
        ("SQLITE_IOERR_WRITE", False, False),
        ("SQLITE_LOCKED", False, False),
        ("SQLITE_CORRUPT", False, False),
    ],
)
def test_only_what_others_hold_is_waited_for(
    name: str, in_transaction: bool, expected: bool
) -> None:
    assert is_busy(an_error(name), in_transaction=in_transaction) is expected


async def test_transaction_that_was_overtaken_says_so_and_may_be_done_again(
    adapter: Adapter, tmp_path: Path
) -> None:
    async with adapter.connection("orders") as connection:
        await connection.execute("begin")
        await connection.query("select count(*) from main.orders")
        with closing(sqlite3.connect(tmp_path / "shop.db", isolation_level=None)) as other:
            other.execute("insert into orders values (1)")
        with anyio.fail_after(5), pytest.raises(TransientDatabaseError, match="BEGIN IMMEDIATE"):
            await connection.execute("insert into main.orders values (2)")
        await connection.execute("rollback")

    assert adapter.retries > 0


async def test_statement_is_not_run_again_outside_of_its_transaction(
    adapter: Adapter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some errors end the whole transaction. To go on after one would commit the rest alone."""
    transaction = Transaction()
    run = Batch.run
    failures = iter([True])

    def fail_once(batch: Batch, database: sqlite3.Connection, known: KnownHandiwork) -> None:
        if database.in_transaction and next(failures, False):
            database.execute("rollback")
            raise an_error("SQLITE_BUSY")
        run(batch, database, known)

    async def write() -> None:
        nonlocal transaction
        async with adapter.connection("orders") as connection:
            async with connection.transaction() as transaction:
                await connection.execute("insert into main.orders values (1)")
                await connection.execute("insert into main.orders values (2)")

    monkeypatch.setattr(Batch, "run", fail_once)
    with pytest.raises(DatabaseError, match="SQLITE_BUSY"):
        await write()

    assert not transaction.committed
    with closing(sqlite3.connect(tmp_path / "shop.db")) as database:
        assert database.execute("select id from orders").fetchall() == []


@pytest.mark.parametrize(
    ("name", "sql", "adds_to_several", "is_in_doubt"),
    [
        ("SQLITE_FULL", "COMMIT", True, True),
        ("SQLITE_IOERR_WRITE", "COMMIT", True, True),
        ("SQLITE_FULL", "COMMIT", False, False),
        ("SQLITE_CONSTRAINT", "COMMIT", True, False),
        ("SQLITE_FULL", "insert into orders values (1)", True, False),
    ],
)
def test_commit_over_several_files_that_stops_half_way_is_in_doubt(
    name: str, sql: str, adds_to_several: bool, is_in_doubt: bool
) -> None:
    error = database_error(an_error(name), sql, Path("shop.db"), adds_to_several=adds_to_several)

    assert isinstance(error, CommitInDoubtError) is is_in_doubt


@pytest.mark.parametrize(
    ("traceable", "schemas", "is_in_doubt"),
    [(print, ["raw"], True), (print, [], False), (None, ["raw"], False)],
)
async def test_transaction_whose_commit_stops_half_way_is_in_doubt(
    adapter: Adapter,
    monkeypatch: pytest.MonkeyPatch,
    traceable: Callable[[str], None] | None,
    schemas: list[str],
    is_in_doubt: bool,
) -> None:
    """Unless there is one file, which has all or nothing, or it may be done again anyway."""
    transaction = Transaction()
    control = Batch._control

    def fill_the_disk(
        batch: Batch, database: sqlite3.Connection, statement: Control, known: KnownHandiwork
    ) -> None:
        if statement is Control.COMMIT:
            raise an_error("SQLITE_FULL")
        control(batch, database, statement, known)

    async def write() -> None:
        nonlocal transaction
        async with adapter.connection("orders") as connection:
            async with connection.transaction(traceable=traceable) as transaction:
                await connection.execute("insert into main.orders values (1)")

    for schema in schemas:
        await adapter.create_schema(Namespace(None, schema))
    monkeypatch.setattr(Batch, "_control", fill_the_disk)
    with pytest.raises(DatabaseError) as caught:
        await write()

    assert isinstance(caught.value, CommitInDoubtError) is is_in_doubt
    assert not transaction.committed
    assert transaction.doubt is (caught.value if is_in_doubt else None)


async def test_commit_that_outlasts_its_cancellation_is_in_doubt(
    adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    transaction = Transaction()
    control, has_begun, may_end = Batch._control, anyio.Event(), threading.Event()
    loop, committing = asyncio.get_running_loop(), list[threading.Thread]()

    def take_long(
        batch: Batch, database: sqlite3.Connection, statement: Control, known: KnownHandiwork
    ) -> None:
        if statement is Control.COMMIT:
            batch.is_committing = True
            committing.append(threading.current_thread())
            loop.call_soon_threadsafe(has_begun.set)
            may_end.wait(10)
        control(batch, database, statement, known)

    async def write() -> None:
        nonlocal transaction
        async with adapter.connection("orders") as connection:
            async with connection.transaction() as transaction:
                await connection.execute("insert into main.orders values (1)")

    monkeypatch.setattr("headrace.adapters.sqlite.file_session.GRACE_SECONDS", 0.05)
    monkeypatch.setattr(Batch, "_control", take_long)
    task = asyncio.create_task(write())
    await has_begun.wait()
    task.cancel()
    await asyncio.wait([task])
    doubt, was_committed = transaction.doubt, transaction.committed
    may_end.set()
    await until(lambda: not any(thread.is_alive() for thread in committing))

    assert task.cancelled()
    assert not was_committed
    assert doubt is not None
    assert "may still go through" in str(doubt)


async def test_file_that_stays_locked_while_opening_says_how_to_go_on(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("create table orders (id)")  # not in write-ahead mode, which it has to be

    with locked_by_another_process(path), pytest.raises(ConnectionFailedError) as caught:
        await sqlite_adapter(tmp_path, lock_timeout=0.2).open()

    assert str(path) in str(caught.value)
    assert "lock_timeout" in str(caught.value)
