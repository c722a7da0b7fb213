"""What an adapter does whose database keeps rows: see `conformance`."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator

import anyio
import pytest

from .base import Adapter, Transaction
from .conformance_support import cancel_after, identifiers, target_relation
from .conformance_verbs import AdapterConformance
from .errors import DatabaseError


class SqlConformance(AdapterConformance):
    """What a database does that keeps rows."""

    async def test_query_brings_names_and_rows(self, adapter: Adapter) -> None:
        async with adapter.connection("rows") as connection:
            found = await connection.query("select 1 as id, 'é' as name union all select 2, null")

        assert found.column_names == ("id", "name")
        assert sorted(found.rows) == [(1, "é"), (2, None)]

    async def test_response_counts_the_rows(self, adapter: Adapter) -> None:
        orders = target_relation(adapter, "orders")

        async with adapter.connection("orders") as connection:
            made = await connection.execute(
                f"create table {orders} as select 1 as id union all select 2"
            )
            added = await connection.execute(f"insert into {orders} select id + 2 from {orders}")
            changed = await connection.execute(f"update {orders} set id = 0 where id = 1")
            gone = await connection.execute(f"delete from {orders} where id > 1")

        counts = [response.rows_affected for response in (made, added, changed, gone)]
        assert counts == [2, 2, 1, 3]
        assert [made.message, gone.message] == ["SELECT 2", "DELETE 3"]

    async def test_script_runs_whole_and_answers_for_its_last_statement(
        self, adapter: Adapter
    ) -> None:
        orders = target_relation(adapter, "orders")

        async with adapter.connection("orders") as connection:
            async with connection.transaction():
                response = await connection.execute(
                    f"create table {orders} (name text); -- a comment; with a semicolon\n"
                    f"insert into {orders} values ('a;b'); "
                    f"insert into {orders} values ('c'), ('d');"
                )
            found = await connection.query(f"select name from {orders} order by name")

        assert response.rows_affected == 2
        assert found.rows == [("a;b",), ("c",), ("d",)]

    async def test_refused_statement_is_an_error_that_holds_its_sql(self, adapter: Adapter) -> None:
        async with adapter.connection("orders") as connection:
            with pytest.raises(DatabaseError, match="absent") as caught:
                await connection.query("select * from absent")

        assert caught.value.sql == "select * from absent"
        assert caught.value.__cause__ is not None

    async def test_uncommitted_table_is_seen_inside_and_not_outside(self, adapter: Adapter) -> None:
        orders = target_relation(adapter, "orders")

        async with (
            adapter.connection("writer") as writer,
            adapter.connection("reader") as reader,
            writer.transaction(),
        ):
            await writer.execute(f"create table {orders} as select 1 as id")

            assert (await writer.query(f"select * from {orders}")).rows == [(1,)]
            with pytest.raises(DatabaseError):
                await reader.query(f"select * from {orders}")

    async def test_rows_of_every_kind_are_loaded_in_batches(self, adapter: Adapter) -> None:
        seed = target_relation(adapter, "seed")
        read: list[int] = []

        def batches() -> Iterator[list[tuple[object, ...]]]:
            for number in range(3):
                read.append(number)
                yield [(number, "it's; --", 0.5, None), (10 + number, 'q"', -1.5, "x")]

        async with adapter.connection("seed") as connection:
            await connection.execute(
                f'create table {seed} (id integer, "a b" text, size float, more text)'
            )
            names = ["id", "a b", "size", "more"]
            count = await connection.insert_rows(seed, names, batches())
            found = await connection.query(f"select * from {seed} order by id")

        assert count == 6
        assert read == [0, 1, 2]
        assert found.rows[0] == (0, "it's; --", 0.5, None)
        assert found.rows[-1] == (12, 'q"', -1.5, "x")

    async def test_failed_load_leaves_nothing(self, adapter: Adapter) -> None:
        seed = target_relation(adapter, "seed")

        async with adapter.connection("seed") as connection:
            await connection.execute(f"create table {seed} (id integer not null)")
            with pytest.raises(DatabaseError):
                await connection.insert_rows(seed, ["id"], [[(1,)], [(None,)]])
            found = await connection.query(f"select count(*) from {seed}")

        assert found.rows == [(0,)]

    async def test_columns_are_listed_in_order(self, adapter: Adapter) -> None:
        orders = target_relation(adapter, "orders")

        async with adapter.connection("orders") as connection:
            await connection.execute(f'create table {orders} (id integer, "a ""b""" text)')
            columns = await connection.columns(orders)
            of_nothing = await connection.columns(target_relation(adapter, "absent"))

        assert [column.name for column in columns] == ["id", 'a "b"']
        assert [column.data_type.lower() for column in columns] == ["integer", "text"]
        assert of_nothing == []

    async def test_temporary_table_is_gone_with_its_connection(self, adapter: Adapter) -> None:
        for _ in range(2):
            async with adapter.connection("incremental") as connection:
                async with connection.transaction():
                    await connection.execute('create temporary table "arriving" as select 1 as id')

        async with adapter.connection("later") as connection:
            with pytest.raises(DatabaseError):
                await connection.query('select * from "arriving"')

    async def test_fifty_writers_all_succeed(self, adapter: Adapter) -> None:
        async def write(number: int) -> None:
            relation = target_relation(adapter, f"table_{number}")
            async with adapter.connection("writer") as connection:
                async with connection.transaction():
                    await connection.execute(f"create table {relation} as select {number} as id")
                await connection.execute(f"insert into {relation} values (0)")

        async with anyio.create_task_group() as tasks:
            for number in range(50):
                tasks.start_soon(write, number)

        assert len(await identifiers(adapter)) == 50

    async def test_committed_is_what_the_database_holds_wherever_the_cancel_came(
        self, adapter: Adapter
    ) -> None:
        events = target_relation(adapter, "events")
        states: dict[int, Transaction] = {}
        moments = random.Random(20)
        async with adapter.connection("events") as connection:
            await connection.execute(f"create table {events} (id integer)")

        async def write(number: int) -> None:
            async with adapter.connection("events") as connection:
                async with connection.transaction() as states[number]:
                    await connection.execute(f"insert into {events} values ({number})")

        # The longer a write takes here and now, the later it is cancelled: half come through.
        longest = 0.002
        for number in range(150):
            task = asyncio.create_task(write(number))
            await cancel_after(task, moments.uniform(0, longest))
            is_through = number in states and states[number].committed
            longest *= 0.9 if is_through else 1.1

        async with adapter.connection("events") as connection:
            found = await connection.query(f"select id from {events}")
        committed = {number for number, state in states.items() if state.committed}
        assert {row[0] for row in found.rows} == committed
        assert 10 < len(committed) < 140
