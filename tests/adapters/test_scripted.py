"""The simulated database: scripted, recorded, and as punctual as the clock."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar

import anyio
import pytest
from headrace.adapters.base import Adapter, Transaction
from headrace.adapters.conformance import AdapterConformance
from headrace.adapters.conformance_support import identifiers, target_relation, until
from headrace.adapters.errors import DatabaseError, ProfileKeyError
from headrace.adapters.registry import create_adapter
from headrace.adapters.relation import Namespace
from headrace.adapters.testing import Outcome, ScriptedAdapter

from .support import make_target


def scripted(root: Path, **keys: object) -> ScriptedAdapter:
    adapter = create_adapter(make_target("testing", root, keys))
    assert isinstance(adapter, ScriptedAdapter)
    return adapter


class TestScripted(AdapterConformance):
    endless_query: ClassVar[str] = "select endless"

    @pytest.fixture
    def output(self) -> dict[str, object]:
        rules = [{"match": "endless", "latency": 600}]
        return {"type": "testing", "schema": "main", "rules": rules}


async def test_first_matching_rule_answers(tmp_path: Path) -> None:
    rules = [
        {"match": "FROM orders", "columns": ["n", "name"], "rows": [[3, "a"], [4, None]]},
        {"match": "orders", "error": "no such table: orders"},
    ]

    async with scripted(tmp_path, rules=rules) as adapter, adapter.connection("m") as connection:
        found = await connection.query("select * from orders")
        nothing = await connection.query("select 1")
        with pytest.raises(DatabaseError, match="no such table: orders"):
            await connection.execute("drop table orders")

    assert (found.column_names, found.rows) == (("n", "name"), [(3, "a"), (4, None)])
    assert (nothing.column_names, list(nothing.rows)) == ((), [])


async def test_statements_are_recorded_with_who_and_when_and_how(tmp_path: Path) -> None:
    rules = [{"match": "bad", "error": "refused"}]

    async def build(adapter: Adapter) -> None:
        async with adapter.connection("model.shop.orders") as connection:
            async with connection.transaction():
                connection.defer("first")
                await connection.execute("second")
                await connection.execute("bad")

    async with scripted(tmp_path, latency=0.02, rules=rules) as adapter:
        with pytest.raises(DatabaseError):
            await build(adapter)

    recorded = adapter.recorder.statements
    assert adapter.recorder.texts == ["begin", "first", "second", "bad", "rollback"]
    assert [statement.outcome for statement in recorded] == ["ok", "ok", "ok", "error", "ok"]
    assert {statement.connection for statement in recorded} == {"model.shop.orders"}
    second = recorded[2]
    assert second.ended_at is not None
    assert second.ended_at - second.started_at >= 0.019


async def test_statements_in_flight_are_known_and_counted(tmp_path: Path) -> None:
    rules = [{"match": "endless", "latency": 600}]

    async def query(adapter: Adapter, number: int) -> None:
        async with adapter.connection(f"c{number}") as connection:
            await connection.query(f"endless {number}")

    async with scripted(tmp_path, rules=rules) as adapter, anyio.create_task_group() as tasks:
        for number in range(3):
            tasks.start_soon(query, adapter, number)
        await until(lambda: len(adapter.recorder.running) == 3)
        tasks.cancel_scope.cancel()

    assert adapter.recorder.running == set()
    assert adapter.recorder.max_running == 3
    assert {statement.outcome for statement in adapter.recorder.statements} == {Outcome.CANCELLED}


async def test_cancelled_statement_runs_until_the_database_has_ended_it(tmp_path: Path) -> None:
    rules = [{"match": "endless", "latency": 600}]

    async with scripted(tmp_path, cancel_latency=0.05, rules=rules) as adapter:
        with anyio.move_on_after(0.01):
            async with adapter.connection("c") as connection:
                await connection.query("endless")

    (statement,) = adapter.recorder.statements
    assert statement.outcome is Outcome.CANCELLED
    assert statement.ended_at is not None
    assert statement.ended_at - statement.started_at >= 0.055


async def test_cancel_during_commit_waits_for_the_answer(tmp_path: Path) -> None:
    transaction = Transaction()

    async with scripted(tmp_path, rules=[{"match": "^commit$", "latency": 0.05}]) as adapter:
        orders = target_relation(adapter, "orders")
        with anyio.move_on_after(0.01) as scope:
            async with adapter.connection("c") as connection:
                async with connection.transaction() as transaction:
                    await connection.execute(f"create table {orders} as select 1")

        assert scope.cancelled_caught
        assert transaction.committed
        assert await identifiers(adapter) == {"orders"}


async def test_hosts_own_cancel_during_commit_waits_for_the_answer(tmp_path: Path) -> None:
    transaction = Transaction()

    async with scripted(tmp_path, rules=[{"match": "^commit$", "latency": 0.05}]) as adapter:
        orders = target_relation(adapter, "orders")

        async def build() -> None:
            nonlocal transaction
            async with adapter.connection("c") as connection:
                async with connection.transaction() as transaction:
                    await connection.execute(f"create table {orders} as select 1")

        task = asyncio.create_task(build())
        await until(lambda: "commit" in adapter.recorder.texts)
        task.cancel()
        await asyncio.wait([task])

        assert task.cancelled()
        assert transaction.committed
        assert await identifiers(adapter) == {"orders"}


async def test_failed_commit_is_not_committed(tmp_path: Path) -> None:
    rules = [{"match": "^commit$", "error": "disk full"}]
    transaction = Transaction()

    async with scripted(tmp_path, rules=rules) as adapter:
        orders = target_relation(adapter, "orders")

        async def build() -> None:
            nonlocal transaction
            async with adapter.connection("c") as connection:
                async with connection.transaction() as transaction:
                    await connection.execute(f"create table {orders} as select 1")

        with pytest.raises(DatabaseError, match="disk full"):
            await build()

        assert not transaction.committed
        assert await identifiers(adapter) == set()


async def test_catalog_follows_drops_and_renames(tmp_path: Path) -> None:
    async with scripted(tmp_path) as adapter, adapter.connection("c") as connection:
        await connection.execute('create table "main"."a" as select 1; create view v as select 1')
        await connection.execute('alter table "main"."a" rename to "b"; drop view if exists v')
        await connection.execute('create or replace view "other"."w" as select 1')

        assert await identifiers(adapter) == {"b"}
        (view,) = await adapter.list_relations(Namespace(None, "OTHER"))
    assert view.is_view


async def test_schemas_of_one_name_in_two_databases_are_two(tmp_path: Path) -> None:
    here, there = Namespace(None, "main"), Namespace("archive", "main")

    async with scripted(tmp_path) as adapter, adapter.connection("c") as connection:
        await adapter.create_schema(there)
        await adapter.create_schema(Namespace("archive", "old"))
        await connection.execute('create table "main"."a" as select 1')
        await connection.execute('create view "archive"."main"."b" as select 1')
        await connection.execute('alter view "archive"."main"."b" rename to "c"')
        listed = [[str(one) for one in await adapter.list_relations(at)] for at in (here, there)]
        schemas = [await adapter.list_schemas(database) for database in (None, "archive", "none")]
        await adapter.drop_schema(there)
        left = [await adapter.list_relations(at) for at in (here, there)]

    assert listed == [['"main"."a"'], ['"archive"."main"."c"']]
    assert schemas == [{"main"}, {"main", "old"}, set()]
    assert [len(relations) for relations in left] == [1, 0]
    assert await adapter.list_schemas("archive") == {"old"}


async def test_columns_are_the_rows_of_a_describe_rule(tmp_path: Path) -> None:
    rules = [{"match": 'describe "main"."orders"', "rows": [["id", "integer"], ["name", "text"]]}]

    async with scripted(tmp_path, rules=rules) as adapter, adapter.connection("c") as connection:
        columns = await connection.columns(target_relation(adapter, "orders"))

    assert [(column.name, column.data_type) for column in columns] == [
        ("id", "integer"),
        ("name", "text"),
    ]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"latence": 1}, "Did you mean 'latency'"),
        ({"rules": [{"error": "x"}]}, "without a 'match'"),
        ({"rules": [{"match": "("}]}, "not a regular expression"),
        ({"rules": ["x"]}, "must hold mappings"),
        ({"rules": [{"match": "x", "errors": "y"}]}, "Did you mean 'error'"),
        ({"rules": [{"match": "x", "columns": ["a"], "rows": [[1, 2]]}]}, "as long as"),
    ],
)
def test_wrong_scripts_are_refused_by_name(
    tmp_path: Path, keys: dict[str, object], message: str
) -> None:
    with pytest.raises(ProfileKeyError, match=message):
        scripted(tmp_path, **keys)
