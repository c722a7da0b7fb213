"""The verbs of every adapter: see `conformance`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import ClassVar

import anyio
import pytest

from .base import Adapter, Connection, Transaction
from .conformance_support import (
    cancel_after,
    identifiers,
    target_namespace,
    target_of,
    target_relation,
    until,
)
from .errors import DatabaseError
from .registry import create_adapter
from .relation import Namespace


class AdapterConformance:
    """The verbs, transactions, cancellation and the pool.

    Nothing is asked of the SQL but that relations are created and dropped.

    Attributes:
        endless_query: a query that runs until it is cancelled.
    """

    endless_query: ClassVar[str]

    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        """The directory of the project, from which a profile's relative paths count."""
        return tmp_path

    @pytest.fixture
    async def adapter(self, output: Mapping[str, object], root: Path) -> AsyncIterator[Adapter]:
        """An adapter for the output of a profile, opened, whose target's schema exists."""
        async with create_adapter(target_of(output, root)) as opened:
            await opened.create_schema(target_namespace(opened))
            yield opened

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

        listed = await adapter.list_relations(target_namespace(adapter))
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
        staging = orders.namespace

        await adapter.create_schema(staging)
        await adapter.create_schema(staging)
        async with adapter.connection("orders") as connection:
            await connection.execute(f"create table {orders} as select 1 as id")
        created = await adapter.list_schemas()
        held = await adapter.list_relations(staging)
        await adapter.drop_schema(staging)
        await adapter.drop_schema(staging)

        assert "staging" in created
        assert [relation.identifier for relation in held] == ["orders"]
        assert "staging" not in await adapter.list_schemas()
        assert await adapter.list_relations(staging) == []

    async def test_absent_schema_has_no_relations(self, adapter: Adapter) -> None:
        assert await adapter.list_relations(Namespace(None, "never_made")) == []

    async def test_closing_twice_is_closing_once(self, adapter: Adapter) -> None:
        await adapter.aclose()
        await adapter.aclose()
