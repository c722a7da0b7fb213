"""What every adapter does alike. A new adapter is done when these pass.

A class of tests for an adapter inherits one of the two, and brings the fixture `adapter` (opened,
with 4 threads and a target schema that exists) and an endless query. `AdapterConformance` asks
nothing of the SQL but that relations are created and dropped; `SqlConformance` asks for a
database that keeps rows.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from typing import ClassVar

import anyio
import pytest
from headrace.adapters.base import Adapter, Connection, Transaction
from headrace.adapters.errors import DatabaseError
from headrace.adapters.relation import Namespace, Relation

from .support import cancel_after, until


class AdapterConformance:
    """The verbs, transactions, cancellation and the pool."""

    endless_query: ClassVar[str]

    async def test_committed_relation_is_listed(self, adapter: Adapter) -> None:
        orders = target_relation(adapter, "orders")

        async with adapter.connection("orders") as connection:
            async with connection.transaction() as transaction:
                await connection.execute(f"create table {orders} as select 1 as id")

        assert transaction.committed
        assert await identifiers(adapter) == {"orders"}

    async def test_relation_is_listed_with_its_type(self, adapter: Adapter) -> None:
        orders, recent = target_relation(adapter, "orders"), target_relation(adapter, "recent")

        async with adapter.connection("orders") as connection:
            await connection.execute(f"create table {orders} as select 1 as id")
            await connection.execute(f"create view {recent} as select * from {orders}")

        listed = await adapter.list_relations(Namespace(None, adapter.target.schema))
        assert {relation.identifier for relation in listed if relation.is_table} == {"orders"}
        assert {relation.identifier for relation in listed if relation.is_view} == {"recent"}
        assert {str(relation) for relation in listed} == {str(orders), str(recent)}

    async def test_failed_block_is_rolled_back(self, adapter: Adapter) -> None:
        orders = target_relation(adapter, "orders")
        transaction = Transaction()

        async def fail() -> None:
            nonlocal transaction
            async with adapter.connection("orders") as connection:
                async with connection.transaction() as transaction:
                    await connection.execute(f"create table {orders} as select 1 as id")
                    raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fail()

        assert not transaction.committed
        assert await identifiers(adapter) == set()

    async def test_connection_works_on_after_a_rollback(self, adapter: Adapter) -> None:
        orders = target_relation(adapter, "orders")

        async def fail(connection: Connection) -> None:
            async with connection.transaction():
                await connection.execute(f"create table {orders} as select 1 as id")
                raise ZeroDivisionError

        async with adapter.connection("orders") as connection:
            with pytest.raises(ZeroDivisionError):
                await fail(connection)
            async with connection.transaction():
                await connection.execute(f"create table {orders} as select 2 as id")

        assert await identifiers(adapter) == {"orders"}

    @pytest.mark.parametrize("sql", ["commit", "ROLLBACK;", "-- done\nend ;"])
    async def test_ending_a_transaction_that_is_not_there_is_nothing(
        self, adapter: Adapter, sql: str
    ) -> None:
        orders = target_relation(adapter, "orders")

        async with adapter.connection("orders") as connection:
            await connection.execute(sql)
            await connection.execute(f"create table {orders} as select 1 as id")

        assert await identifiers(adapter) == {"orders"}

    async def test_deferred_statements_go_before_the_next_and_before_commit(
        self, adapter: Adapter
    ) -> None:
        old, new = target_relation(adapter, "orders"), target_relation(adapter, "orders_new")

        async with adapter.connection("orders") as connection:
            async with connection.transaction():
                connection.defer(f"create table {old} as select 1 as id")
                await connection.execute(f"create table {new} as select 2 as id")
                connection.defer(f"drop table {old}")
                connection.defer(f'alter table {new} rename to "orders"')

        assert await identifiers(adapter) == {"orders"}

    async def test_transaction_of_deferred_statements_alone_commits(self, adapter: Adapter) -> None:
        orders = target_relation(adapter, "orders")

        async with adapter.connection("orders") as connection:
            async with connection.transaction() as transaction:
                connection.defer(f"create table {orders} as select 1 as id")

        assert transaction.committed
        assert await identifiers(adapter) == {"orders"}

    async def test_empty_transaction_is_committed(self, adapter: Adapter) -> None:
        async with adapter.connection("nothing") as connection:
            async with connection.transaction() as transaction:
                pass

        assert transaction.committed

    async def test_second_transaction_inside_the_first_is_refused(self, adapter: Adapter) -> None:
        async with adapter.connection("orders") as connection:
            async with connection.transaction():
                with pytest.raises(RuntimeError, match="already open"):
                    async with connection.transaction():
                        pass

    async def test_cancelled_query_ends_within_a_second(self, adapter: Adapter) -> None:
        with anyio.fail_after(1.1):
            with anyio.move_on_after(0.1) as scope:
                async with adapter.connection("endless") as connection:
                    await connection.query(self.endless_query)

        assert scope.cancelled_caught

    async def test_hosts_own_cancel_ends_a_query_in_a_transaction(self, adapter: Adapter) -> None:
        async def build() -> None:
            async with adapter.connection("endless") as connection:
                async with connection.transaction():
                    await connection.query(self.endless_query)

        task = asyncio.create_task(build())
        with anyio.fail_after(1.1):
            await cancel_after(task, 0.1)

        assert task.cancelled()

    async def test_cancelled_connection_is_not_used_again(self, adapter: Adapter) -> None:
        async with adapter.connection("endless") as connection:
            await connection.query("select 1")  # from here on it is open, however busy we are
            with anyio.move_on_after(0.05):
                await connection.query(self.endless_query)

            with pytest.raises(DatabaseError, match="closed"):
                await connection.query("select 1")

    async def test_pool_gives_a_sound_connection_after_a_cancellation(
        self, adapter: Adapter
    ) -> None:
        for _ in range(2 * adapter.target.threads):
            with anyio.move_on_after(0.02):
                async with adapter.connection("endless") as connection:
                    await connection.query(self.endless_query)

        async with adapter.connection("sound") as connection:
            await connection.query("select 1")

    async def test_no_more_connections_than_threads(self, adapter: Adapter) -> None:
        held = 0
        most = 0
        everyone_waits = anyio.Event()

        async def hold() -> None:
            nonlocal held, most
            async with adapter.connection("holder"):
                held += 1
                most = max(most, held)
                await everyone_waits.wait()
                held -= 1

        async with anyio.create_task_group() as tasks:
            for _ in range(3 * adapter.target.threads):
                tasks.start_soon(hold)
            await until(lambda: held == adapter.target.threads)
            everyone_waits.set()

        assert most == adapter.target.threads

    async def test_catalog_answers_while_every_connection_is_taken(self, adapter: Adapter) -> None:
        async with anyio.create_task_group() as tasks:
            for _ in range(adapter.target.threads):
                tasks.start_soon(self._hold_a_connection, adapter)
            await anyio.sleep(0.01)

            with anyio.fail_after(1):
                assert await identifiers(adapter) == set()
            tasks.cancel_scope.cancel()

    @staticmethod
    async def _hold_a_connection(adapter: Adapter) -> None:
        async with adapter.connection("holder"):
            await anyio.sleep_forever()

    async def test_schema_is_created_once_and_dropped_with_what_is_in_it(
        self, adapter: Adapter
    ) -> None:
        orders = adapter.relation("staging", "orders")

        await adapter.create_schema(Namespace(None, "staging"))
        await adapter.create_schema(Namespace(None, "staging"))
        async with adapter.connection("orders") as connection:
            await connection.execute(f"create table {orders} as select 1 as id")
        created = await adapter.list_schemas()
        held = await adapter.list_relations(Namespace(None, "staging"))
        await adapter.drop_schema(Namespace(None, "staging"))
        await adapter.drop_schema(Namespace(None, "staging"))

        assert "staging" in created
        assert [relation.identifier for relation in held] == ["orders"]
        assert "staging" not in await adapter.list_schemas()
        assert await adapter.list_relations(Namespace(None, "staging")) == []

    async def test_absent_schema_has_no_relations(self, adapter: Adapter) -> None:
        assert await adapter.list_relations(Namespace(None, "never_made")) == []

    async def test_closing_twice_is_closing_once(self, adapter: Adapter) -> None:
        await adapter.aclose()
        await adapter.aclose()


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


def target_relation(adapter: Adapter, identifier: str) -> Relation:
    """A relation in the target's schema."""
    return adapter.relation(adapter.target.schema, identifier)


async def identifiers(adapter: Adapter) -> set[str | None]:
    """What the target's schema holds."""
    listed = await adapter.list_relations(Namespace(None, adapter.target.schema))
    return {relation.identifier for relation in listed}
