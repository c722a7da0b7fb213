"""SQLite does what every adapter does, and leaves no thread behind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import ClassVar

import anyio
import pytest
from anyio.lowlevel import checkpoint
from headrace.adapters.base import Adapter, Response, Rows, Transaction
from headrace.adapters.column import Column
from headrace.adapters.conformance import ProjectConformance, SqlConformance
from headrace.adapters.conformance_support import cancel_after, identifiers, target_relation
from headrace.adapters.errors import DatabaseError
from headrace.adapters.relation import Namespace, Relation
from headrace.adapters.sqlite.batch import Batch
from headrace.adapters.sqlite.file_session import Session
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .support import ENDLESS_QUERY, sqlite_adapter


@pytest.fixture
async def adapter(tmp_path: Path) -> AsyncIterator[Adapter]:
    async with sqlite_adapter(tmp_path) as opened:
        yield opened


@pytest.fixture
async def adapter_of_attached_schema(tmp_path: Path) -> AsyncIterator[Adapter]:
    async with sqlite_adapter(tmp_path, schema="analytics") as opened:
        await opened.create_schema(Namespace(None, "analytics"))
        yield opened


class TestSqlite(ProjectConformance):
    endless_query: ClassVar[str] = ENDLESS_QUERY

    @pytest.fixture
    def output(self) -> dict[str, object]:
        return {"type": "sqlite", "path": "shop.db", "schema": "main"}


class TestSqliteInAnAttachedSchema(SqlConformance):
    endless_query: ClassVar[str] = ENDLESS_QUERY

    @pytest.fixture
    def adapter(self, adapter_of_attached_schema: Adapter) -> Adapter:
        return adapter_of_attached_schema


async def test_threads_are_back_where_they_were_after_closing(tmp_path: Path) -> None:
    before = set(threading.enumerate())

    async with sqlite_adapter(tmp_path) as adapter:
        async with adapter.connection("one"), adapter.connection("two") as connection:
            await connection.query("select 1")
        with anyio.move_on_after(0.05):
            async with adapter.connection("endless") as connection:
                await connection.query(ENDLESS_QUERY)

    assert set(threading.enumerate()) == before


async def test_thread_of_a_cancelled_query_has_ended_when_the_cancellation_travels_on(
    adapter: Adapter,
) -> None:
    before = set(threading.enumerate())

    with anyio.move_on_after(0.05):
        async with adapter.connection("endless") as connection:
            await connection.query(ENDLESS_QUERY)

    assert set(threading.enumerate()) == before


async def test_second_cancel_does_not_leave_the_query_running(adapter: Adapter) -> None:
    before = set(threading.enumerate())

    async def build() -> None:
        async with adapter.connection("endless") as connection:
            await connection.query(ENDLESS_QUERY)

    task = asyncio.create_task(build())
    await anyio.sleep(0.05)
    task.cancel()
    await checkpoint()
    task.cancel()
    await asyncio.wait([task])

    assert task.cancelled()
    assert set(threading.enumerate()) == before


@pytest.mark.parametrize("seconds", [0, 0.0001, 0.0003, 0.001, 0.003])
async def test_cancel_while_connecting_leaves_no_thread(tmp_path: Path, seconds: float) -> None:
    before = set(threading.enumerate())

    async def build() -> None:
        async with sqlite_adapter(tmp_path) as adapter, adapter.connection("one") as connection:
            await connection.query("select 1")

    await cancel_after(asyncio.create_task(build()), seconds)

    assert set(threading.enumerate()) == before


async def test_closing_ends_what_still_runs(tmp_path: Path) -> None:
    adapter = sqlite_adapter(tmp_path)
    await adapter.open()
    started = anyio.Event()
    errors: list[DatabaseError] = []

    async def build() -> None:
        async with adapter.connection("endless") as connection:
            started.set()
            try:
                await connection.query(ENDLESS_QUERY)
            except DatabaseError as error:
                errors.append(error)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(build)
        await started.wait()
        await anyio.sleep(0.05)
        with anyio.fail_after(1):
            await adapter.aclose()

    assert [str(error) for error in errors] == ["interrupted"]


async def test_cancelled_load_leaves_nothing(adapter: Adapter) -> None:
    seed = target_relation(adapter, "seed")
    rows = [(number,) for number in range(1_000_000)]

    with anyio.move_on_after(0.02) as scope:
        async with adapter.connection("seed") as connection:
            async with connection.transaction():
                await connection.execute(f"create table {seed} (id integer)")
                await connection.insert_rows(seed, ["id"], [rows])

    assert scope.cancelled_caught
    assert await identifiers(adapter) == set()


async def test_table_costs_two_messages_to_the_thread(
    adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[Batch] = []
    run = Session.run

    async def counted(session: Session, batch: Batch) -> None:
        batches.append(batch)
        await run(session, batch)

    monkeypatch.setattr(Session, "run", counted)

    async with adapter.connection("orders") as connection, connection.transaction():
        connection.defer("drop table if exists orders")
        await connection.execute("create table orders as select 1 as id")

    assert [len(batch.steps) for batch in batches] == [3, 1]


async def test_view_over_another_schema_says_what_to_do(adapter: Adapter) -> None:
    await adapter.create_schema(Namespace(None, "raw"))

    async with adapter.connection("orders") as connection:
        await connection.execute('create table "raw"."orders" as select 1 as id')
        with pytest.raises(DatabaseError, match="set materialized='table'"):
            await connection.execute('create view "main"."v" as select * from "raw"."orders"')


async def test_broken_view_fails_where_it_is_created(adapter: Adapter) -> None:
    async def build() -> None:
        async with adapter.connection("orders") as connection, connection.transaction():
            await connection.execute('create view "main"."v" as select * from "main"."absent"')

    with pytest.raises(DatabaseError, match=r"no such table: main\.absent"):
        await build()

    assert await identifiers(adapter) == set()


async def test_view_is_checked_without_running_its_query(adapter: Adapter) -> None:
    async with adapter.connection("orders") as connection:
        with anyio.fail_after(1):
            await connection.execute(f'create view "main"."endless" as {ENDLESS_QUERY}')

    assert await identifiers(adapter) == {"endless"}


async def test_statement_after_a_commit_of_somebodys_own_is_refused(adapter: Adapter) -> None:
    orders = target_relation(adapter, "orders")
    transaction = Transaction()

    async def build() -> None:
        nonlocal transaction
        async with adapter.connection("orders") as connection:
            async with connection.transaction() as transaction:
                await connection.execute(f"create table {orders} as select 1 as id")
                await connection.execute("commit")

    with pytest.raises(DatabaseError, match="transaction: false"):
        await build()

    assert not transaction.committed


async def test_begin_of_somebodys_own_keeps_others_waiting_until_commit(adapter: Adapter) -> None:
    orders = target_relation(adapter, "orders")
    order: list[str] = []

    async def write_too() -> None:
        async with adapter.connection("second") as connection:
            await connection.execute(f"create table if not exists {orders} (id)")
            order.append("second")

    async with anyio.create_task_group() as tasks:
        async with adapter.connection("first") as connection:
            await connection.execute("begin")
            tasks.start_soon(write_too)
            await anyio.sleep(0.02)
            await connection.execute(f"create table {orders} as select 1 as id")
            order.append("first")
            await connection.execute("commit")

    assert order == ["first", "second"]


async def test_transaction_that_was_left_open_is_rolled_back(adapter: Adapter) -> None:
    async with adapter.connection("first") as connection:
        await connection.execute("begin; create table left_open (id)")

    assert await identifiers(adapter) == set()


async def test_recursive_insert_counts_its_rows(adapter: Adapter) -> None:
    orders = target_relation(adapter, "orders")

    async with adapter.connection("orders") as connection:
        await connection.execute(f"create table {orders} (id integer)")
        response = await connection.execute(
            "with recursive n(i) as (select 1 union all select i + 1 from n where i < 5) "
            f"insert into {orders} select i from n"
        )

    assert (response.message, response.rows_affected) == ("INSERT 5", 5)


IDENTIFIERS = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=30
).filter(lambda name: not name.lower().startswith("sqlite_"))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(identifier=IDENTIFIERS, column=IDENTIFIERS)
def test_hostile_identifiers_round_trip(tmp_path: Path, identifier: str, column: str) -> None:
    name = Column(column, "integer").quoted

    async def round_trip() -> tuple[Response, list[Column], Rows, list[Relation]]:
        async with sqlite_adapter(tmp_path, threads=1) as adapter:
            relation = target_relation(adapter, identifier)
            async with adapter.connection("hostile") as connection:
                made = await connection.execute(f"create table {relation} as select 1 as id")
                await connection.execute(f"drop table {relation}")
                await connection.execute(f"create table {relation} ({name} integer)")
                columns = await connection.columns(relation)
                rows = await connection.query(f"select {name} from {relation}")
                listed = await adapter.list_relations(Namespace(None, "main"))
                await connection.execute(f"drop table {relation}")
            return made, columns, rows, listed

    made, columns, rows, listed = asyncio.run(round_trip())

    assert made.rows_affected == 1
    assert [found.name for found in columns] == [column]
    assert rows.column_names == (column,)
    assert [found.identifier for found in listed] == [identifier]
