"""SQLite among other processes: locks, kills, files that may not be written to."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import anyio
import pytest
from headrace.adapters.base import Adapter
from headrace.adapters.conformance_support import identifiers, target_relation, until
from headrace.adapters.errors import (
    ConnectionFailedError,
    DatabaseLockedError,
    DatabaseReadOnlyError,
)

from .support import sqlite_adapter

LOCK_FOR = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.readline()
database.execute("ROLLBACK")
"""

BUILD_FOREVER = """
import anyio, sys
from pathlib import Path
from headrace.adapters.base import Target
from headrace.adapters.registry import create_adapter

async def main():
    root = Path(sys.argv[1])
    keys = {"path": "shop.db"}
    target = Target("sqlite", "dev", "shop", "main", None, 1, root, keys)
    async with create_adapter(target) as adapter:
        async with adapter.connection("orders") as connection:
            round = 0
            while True:
                round += 1
                async with connection.transaction():
                    connection.defer('drop table if exists "main"."orders"')
                    await connection.execute(
                        'create table "main"."orders" as '
                        "with recursive n(i) as (select 1 union all select i + 1 from n "
                        f"where i < 20000) select i, {round} as round, hex(randomblob(50)) from n"
                    )
                print(round, flush=True)

anyio.run(main)
"""


@pytest.fixture
async def adapter(tmp_path: Path) -> AsyncIterator[Adapter]:
    async with sqlite_adapter(tmp_path, lock_timeout=0.3) as opened:
        yield opened


@pytest.fixture
def public_directory() -> Iterator[Path]:
    """A directory that any user may write to, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


@pytest.fixture
def read_only_directory(public_directory: Path) -> Iterator[Path]:
    """A directory with a database that may be written to, and nothing else."""
    make_file(public_directory / "shop.db", 0o666)
    public_directory.chmod(0o555)
    yield public_directory
    public_directory.chmod(0o755)


def make_file(path: Path, mode: int) -> Path:
    """An empty file."""
    path.touch()
    path.chmod(mode)
    return path


def make_read_only_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("create table orders as select 1 as id")
    path.chmod(0o444)


@contextmanager
def locked_by_another_process(path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", LOCK_FOR, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        yield process
        process.communicate("done\n", timeout=10)


def build_and_be_killed(root: Path, seconds: float) -> None:
    """Let another process rebuild a table again and again, and kill it in the middle."""
    with subprocess.Popen(
        [sys.executable, "-c", BUILD_FOREVER, str(root)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "1\n"
        time.sleep(seconds)
        process.kill()


@contextmanager
def an_ordinary_user() -> Iterator[None]:
    """Root may write everywhere, so that root has to be somebody else for a while.

    Somebody else may not be able to read the installed package, so that what is tested has to be
    imported before.
    """
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


async def test_lock_of_another_process_is_an_error_at_the_deadline(
    adapter: Adapter, tmp_path: Path
) -> None:
    async def build() -> None:
        async with adapter.connection("orders") as connection, connection.transaction():
            await connection.execute('create table "main"."orders" as select 1 as id')

    with locked_by_another_process(tmp_path / "shop.db"):
        started = time.monotonic()
        with pytest.raises(DatabaseLockedError) as caught:
            await build()
        waited = time.monotonic() - started

    assert str(tmp_path / "shop.db") in str(caught.value)
    assert "lock_timeout" in str(caught.value)
    assert 0.3 <= waited < 1


async def test_nobody_writes_between_what_a_transaction_reads_and_what_it_writes(
    adapter: Adapter, tmp_path: Path
) -> None:
    async with adapter.connection("orders") as connection:
        await connection.execute("create table orders as select 1 as id")

        async with connection.transaction():
            await connection.query("select max(id) from orders")
            with closing(sqlite3.connect(tmp_path / "shop.db", timeout=0)) as other:
                with pytest.raises(sqlite3.OperationalError, match="locked"):
                    other.execute("insert into orders values (2)")
            await connection.execute("insert into orders select max(id) + 1 from orders")

        found = await connection.query("select id from orders")
    assert found.rows == [(1,), (2,)]


async def test_lock_that_is_released_in_time_is_waited_for(
    adapter: Adapter, tmp_path: Path
) -> None:
    orders = target_relation(adapter, "orders")

    async def write() -> None:
        async with adapter.connection("orders") as connection:
            async with connection.transaction():
                await connection.execute(f"create table {orders} as select 1 as id")

    async with anyio.create_task_group() as tasks:
        with locked_by_another_process(tmp_path / "shop.db"):
            tasks.start_soon(write)
            await anyio.sleep(0.1)

    assert await identifiers(adapter) == {"orders"}


async def test_reader_does_not_wait_for_another_processs_lock(
    adapter: Adapter, tmp_path: Path
) -> None:
    with locked_by_another_process(tmp_path / "shop.db"):
        async with adapter.connection("orders") as connection:
            found = await connection.query("select 1")

    assert found.rows == [(1,)]


async def test_cancel_while_waiting_for_a_lock_is_prompt(adapter: Adapter, tmp_path: Path) -> None:
    with locked_by_another_process(tmp_path / "shop.db"):
        started = time.monotonic()
        with anyio.move_on_after(0.05) as scope:
            async with adapter.connection("orders") as connection:
                await connection.execute("create table orders (id)")
        waited = time.monotonic() - started

    assert scope.cancelled_caught
    assert waited < 0.25


async def test_cancelled_waiter_gives_its_place_in_the_queue_up(adapter: Adapter) -> None:
    async def write(number: int) -> None:
        async with adapter.connection("writer") as connection:
            async with connection.transaction():
                await connection.execute(f"create table t{number} (id)")

    async with adapter.connection("first") as connection, connection.transaction():
        await connection.execute("create table t0 (id)")
        with anyio.move_on_after(0.02) as scope:
            await write(1)

    with anyio.fail_after(1):
        await write(2)
    assert scope.cancelled_caught
    assert await identifiers(adapter) == {"t0", "t2"}


async def test_writers_of_two_adapters_share_a_queue(tmp_path: Path) -> None:
    order: list[str] = []

    async def write(adapter: Adapter, name: str) -> None:
        async with adapter.connection("writer") as connection:
            async with connection.transaction():
                await connection.execute(f"create table {name} (id)")
                order.append(name)

    # With no patience at all, a lock that is met instead of queued for would be an error.
    async with (
        sqlite_adapter(tmp_path, lock_timeout=0) as one,
        sqlite_adapter(tmp_path / "sub", path="../shop.db", lock_timeout=0) as two,
        anyio.create_task_group() as tasks,
    ):
        async with one.connection("first") as connection, connection.transaction():
            await connection.execute("create table t0 (id)")
            for number in range(1, 21):
                tasks.start_soon(write, two if number % 2 else one, f"t{number}")
            await anyio.sleep(0.05)

    assert sorted(order) == sorted(f"t{number}" for number in range(1, 21))


@pytest.mark.parametrize("seconds", [0, 0.002, 0.004, 0.007, 0.011])
async def test_killed_build_leaves_a_sound_database(tmp_path: Path, seconds: float) -> None:
    build_and_be_killed(tmp_path, seconds)

    with closing(sqlite3.connect(tmp_path / "shop.db")) as database:
        assert database.execute("pragma integrity_check").fetchall() == [("ok",)]
        found = database.execute("select count(*), count(distinct round) from orders").fetchone()
        assert found == (20000, 1)
    async with sqlite_adapter(tmp_path) as adapter, adapter.connection("next") as connection:
        await connection.execute('create table "main"."after" as select 1 as id')


async def test_read_only_file_is_named_before_any_statement(public_directory: Path) -> None:
    path = make_file(public_directory / "shop.db", 0o444)
    adapter = sqlite_adapter(public_directory)

    with an_ordinary_user(), pytest.raises(ConnectionFailedError, match="is read-only") as caught:
        await adapter.open()

    assert str(path) in str(caught.value)


async def test_read_only_directory_is_named_before_any_statement(read_only_directory: Path) -> None:
    adapter = sqlite_adapter(read_only_directory)

    with an_ordinary_user(), pytest.raises(ConnectionFailedError, match="directory") as caught:
        await adapter.open()

    assert f"{read_only_directory} is read-only" in str(caught.value)


async def test_file_of_a_schema_that_is_read_only_fails_where_it_is_written_to(
    public_directory: Path,
) -> None:
    make_read_only_database(public_directory / "shop.raw.db")
    opening = sqlite_adapter(public_directory)

    with an_ordinary_user():
        async with opening as adapter:
            async with adapter.connection("orders") as connection:
                found = await connection.query('select * from "raw"."orders"')
                await connection.execute("create table copied as select * from raw.orders")
                with pytest.raises(DatabaseReadOnlyError, match="must be writable"):
                    await connection.execute("insert into raw.orders values (2)")

    assert found.rows == [(1,)]


async def test_directory_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "warehouse").touch()

    with pytest.raises(ConnectionFailedError, match="warehouse"):
        await sqlite_adapter(tmp_path, path="warehouse/shop.db").open()


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"id,name\n1,a\n" * 100, "isn't SQLite's"), (None, "is not a file")],
)
async def test_what_is_no_database_is_said_to_be_none(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    path = tmp_path / "shop.db"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)

    with pytest.raises(ConnectionFailedError, match=message) as caught:
        await sqlite_adapter(tmp_path).open()

    assert str(path) in str(caught.value)
    if content is not None:
        assert path.read_bytes() == content


async def test_one_session_follows_another_among_writers(adapter: Adapter) -> None:
    """A session that has just written knows the schema: it is the next writer's, too."""
    seen: list[int] = []

    async def write(number: int) -> None:
        async with adapter.connection("writer") as connection:
            async with connection.transaction():
                # Temporary settings of a connection tell one session from another.
                (row,) = (await connection.query("pragma cache_size")).rows
                seen.append(int(str(row[0])))
                await connection.execute("pragma cache_size = 1234")

    async with anyio.create_task_group() as tasks:
        for number in range(8):
            tasks.start_soon(write, number)
        await until(lambda: len(seen) == 8)

    assert seen[1:] == [1234] * 7
