"""The files of schemas while others have them: attached, detached, deleted, linked, damaged."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import anyio
import pytest
from headrace.adapters.base import Adapter
from headrace.adapters.errors import (
    ConnectionFailedError,
    DatabaseError,
    DatabaseLockedError,
    TransientDatabaseError,
)
from headrace.adapters.relation import Namespace
from headrace.adapters.sqlite.schema_files import attach_limit

from ..adapters.support import sqlite_adapter
from ..adapters.test_sqlite_locks import locked_by_another_process
from ..open_files import open_below


def make_database(path: Path, *, is_wal: bool = False) -> None:
    with closing(sqlite3.connect(path)) as database:
        if is_wal:
            database.execute("pragma journal_mode=wal")
        database.execute("create table t (id)")


@pytest.fixture
def full_house(tmp_path: Path) -> Path:
    """A directory with as many files beside the database as SQLite attaches."""
    for number in range(attach_limit()):
        make_database(tmp_path / f"shop.found_{number}.db")
    return tmp_path


async def write(adapter: Adapter, sql: str) -> None:
    async with adapter.connection("orders") as connection:
        await connection.execute(sql)


async def test_transaction_goes_on_where_a_schema_is_detached_meanwhile(full_house: Path) -> None:
    """SQLite can't detach within a transaction, and no statement fails for that."""
    last = f"found_{attach_limit() - 1}"

    async with sqlite_adapter(full_house) as adapter:
        async with adapter.connection("orders") as connection:
            async with connection.transaction() as transaction:
                await connection.execute("create table main.orders as select 1 as id")
                await adapter.create_schema(
                    Namespace(None, "staging")
                )  # which makes room for itself
                await connection.execute("insert into main.orders values (2)")
                await connection.execute(f"insert into {last}.t values (3)")
                found = await connection.query(f"select t.id from main.orders, {last}.t as t")
            await connection.execute("create table staging.orders as select 4 as id")
            with pytest.raises(DatabaseError, match=f"no such table: {last}"):
                await connection.query(f"select id from {last}.t")
        listed = await adapter.list_relations(Namespace(None, "staging"))

    assert transaction.committed
    assert found.rows == [(3,), (3,)]
    assert len(listed) == 1
    with closing(sqlite3.connect(full_house / f"shop.{last}.db")) as database:
        assert database.execute("select id from t").fetchall() == [(3,)]


async def test_schema_that_has_no_room_within_a_transaction_says_so(full_house: Path) -> None:
    async with sqlite_adapter(full_house) as adapter:
        async with adapter.connection("orders") as connection:
            async with connection.transaction():
                await connection.execute("create table main.orders as select 1 as id")
                await adapter.create_schema(Namespace(None, "staging"))
                with pytest.raises(DatabaseError, match="Create the schema before the transaction"):
                    await connection.execute("create table staging.orders as select 4 as id")
            await connection.execute("create table staging.orders as select 4 as id")


async def test_file_of_a_dropped_schema_stays_where_somebody_has_it_open(tmp_path: Path) -> None:
    """To delete it would take along what they write to it."""
    path = tmp_path / "shop.staging.db"

    async with sqlite_adapter(tmp_path) as adapter:
        await adapter.create_schema(Namespace(None, "staging"))
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("create table theirs (id)")
            await adapter.drop_schema(Namespace(None, "staging"))
            other.execute("create table if not exists theirs (id)")
            other.execute("insert into theirs values (1)")
        seen = await adapter.list_relations(Namespace(None, "staging"))
        await adapter.drop_schema(Namespace(None, "staging"))

    assert [relation.identifier for relation in seen] == ["theirs"]
    assert not path.exists()


async def test_dropped_schema_is_let_go_of_by_every_session(tmp_path: Path) -> None:
    async with sqlite_adapter(tmp_path) as adapter:
        await adapter.create_schema(Namespace(None, "staging"))
        async with adapter.connection("one") as one, adapter.connection("two") as two:
            await one.execute("create table staging.orders (id)")
            await two.query("select * from staging.orders")
            await adapter.drop_schema(Namespace(None, "staging"))
            is_there = (tmp_path / "shop.staging.db").exists()
            await adapter.create_schema(Namespace(None, "staging"))
            await two.execute("create table staging.orders as select 1 as id")
            found = await one.query("select id from staging.orders")

    assert not is_there
    assert found.rows == [(1,)]


async def test_write_to_a_file_that_was_replaced_meanwhile_is_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "shop.found.db"
    make_database(path)

    async with sqlite_adapter(tmp_path) as adapter:
        await write(adapter, "insert into found.t values (1)")
        path.unlink()
        make_database(path)
        with pytest.raises(TransientDatabaseError, match="deleted or moved"):
            await write(adapter, "insert into found.t values (2)")
        await write(adapter, "insert into found.t values (3)")

    with closing(sqlite3.connect(path)) as database:
        assert database.execute("select id from t").fetchall() == [(3,)]


@pytest.mark.parametrize("name", ["main", "TEMP"])
async def test_file_whose_schema_could_have_no_name_is_left_alone(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / f"shop.{name}.db"
    make_database(path)
    before = path.read_bytes()

    async with sqlite_adapter(tmp_path) as adapter:
        await write(adapter, "create table orders (id)")
        found = await adapter.list_relations(Namespace(None, "main"))

    assert [relation.identifier for relation in found] == ["orders"]
    assert path.read_bytes() == before


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs Linux's /proc")
async def test_session_that_could_not_begin_leaves_no_file_open(tmp_path: Path) -> None:
    (tmp_path / "shop.db").write_bytes(b"no database" * 100)

    with pytest.raises(ConnectionFailedError):
        await sqlite_adapter(tmp_path).open()

    assert open_below(tmp_path) == []


_ABANDONING = """
import asyncio, sys
from pathlib import Path
from tests.adapters.support import sqlite_adapter

async def abandon():
    adapter = sqlite_adapter(Path(sys.argv[1]))
    await adapter.open()
    await adapter.connection("orders").__aenter__()
    print("open", flush=True)

asyncio.run(abandon())
"""


def test_session_that_nobody_closed_keeps_no_process_from_ending(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    ended = subprocess.run(
        [sys.executable, "-c", _ABANDONING, tmp_path],
        cwd=root,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )

    assert (ended.returncode, ended.stdout) == (0, "open\n"), ended.stderr


@pytest.mark.parametrize("is_main", [True, False])
async def test_file_with_a_second_name_is_refused(tmp_path: Path, is_main: bool) -> None:
    """SQLite keeps a log beside each name: two who use two of them lose each other's rows."""
    path = tmp_path / ("shop.db" if is_main else "raw.db")
    make_database(path)
    (tmp_path / "backup.db").hardlink_to(path)

    with pytest.raises(ConnectionFailedError, match=r"2 names \(hard links\)") as caught:
        await sqlite_adapter(
            tmp_path, schemas_and_paths={"main": "shop.db", "raw": "raw.db"}
        ).open()

    assert str(path) in str(caught.value)


@pytest.mark.parametrize("name", ["shop.db", "link.db", "sub/../raw.db"])
async def test_one_file_for_two_schemas_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "sub").mkdir()
    make_database(tmp_path / "shop.db")
    make_database(tmp_path / "raw.db")
    (tmp_path / "link.db").symlink_to("raw.db")
    paths = {"main": "shop.db", "raw": "raw.db", "again": name}

    with pytest.raises(ConnectionFailedError, match="are one file"):
        await sqlite_adapter(tmp_path, schemas_and_paths=paths, lock_timeout=0.1).open()


async def test_damaged_file_that_lies_there_is_named_where_it_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "shop.raw.db"
    make_database(path)
    with path.open("r+b") as file:  # the first page's list of cells
        file.seek(100)
        file.write(b"\xff" * 100)

    async with sqlite_adapter(tmp_path) as adapter:
        with pytest.raises(DatabaseError, match=r"'raw' isn't attached: .*shop\.raw\.db: "):
            await write(adapter, "create table raw.orders (id)")
        await write(adapter, "create table main.orders (id)")


async def test_lock_on_an_attached_file_is_told_of_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "shop.raw.db"
    make_database(path, is_wal=True)

    async with sqlite_adapter(tmp_path, lock_timeout=0.2) as adapter:
        with locked_by_another_process(path):
            with pytest.raises(DatabaseLockedError) as caught:
                await write(adapter, "create table main.orders (id); insert into raw.t values (1)")

    assert str(caught.value).startswith(f"{path} has been locked by another process for 0.2 s.")


async def test_connections_by_different_paths_keep_each_others_locks(tmp_path: Path) -> None:
    """Two adapters of one process by a link and by the file, and another process among them."""
    make_database(tmp_path / "shop.db", is_wal=True)
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "sub").mkdir()

    async with (
        sqlite_adapter(tmp_path, lock_timeout=30) as one,
        sqlite_adapter(tmp_path, path="link/shop.db", lock_timeout=30) as two,
    ):
        for number in range(5):
            await write(one, f"insert into t values ({number})")
            async with sqlite_adapter(tmp_path, path="sub/../shop.db") as third:
                await write(third, f"insert into t values ({number})")
            await write(two, f"insert into t values ({number})")
            with locked_by_another_process(tmp_path / "shop.db"), anyio.move_on_after(0.02) as wait:
                await write(two, "insert into t values (-1)")
            assert wait.cancelled_caught

    with closing(sqlite3.connect(tmp_path / "shop.db")) as database:
        assert database.execute("pragma integrity_check").fetchall() == [("ok",)]
        found = database.execute("select id, count(*) from t group by id").fetchall()
    assert found == [(number, 3) for number in range(5)]


async def test_schema_whose_file_has_gone_is_not_made_by_who_had_found_it(tmp_path: Path) -> None:
    make_database(tmp_path / "shop.found.db")

    async with sqlite_adapter(tmp_path) as adapter:
        shutil.move(tmp_path / "shop.found.db", tmp_path / "elsewhere.db")
        async with adapter.connection("one") as one, adapter.connection("two") as two:
            await one.query("select 1")
            await two.query("select 1")

    assert not (tmp_path / "shop.found.db").exists()
