"""Whose indexes and triggers there are is known from the last look, and never wrongly."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from headrace.adapters.base import Adapter
from headrace.adapters.connection_abilities import Keeping
from headrace.adapters.errors import DatabaseError
from headrace.adapters.relation import Namespace, RelationType
from headrace.adapters.sqlite import known_handiwork

from .support import sqlite_adapter

INDEX = "create index by_id on orders (id)"
TRIGGER = "create trigger noted after insert on ORDERS begin select 1; end"


@pytest.fixture
async def adapter(tmp_path: Path) -> AsyncIterator[Adapter]:
    """With two tables, built anew once, so that it is known that nothing is on them."""
    async with sqlite_adapter(tmp_path) as opened:
        async with opened.connection("first") as connection:
            await connection.execute("create table orders (id)")
            await connection.execute("create table customers (id)")
        await rebuild(opened, "orders")
        await rebuild(opened, "customers")
        yield opened


async def rebuild(
    adapter: Adapter, name: str, *, schema: str = "main", first: str | None = None, last: str = ""
) -> None:
    """Build a table anew as a model is, with a statement of a hook's before and after."""
    relation = adapter.relation(schema, name, RelationType.TABLE)
    async with adapter.connection(name) as connection, connection.transaction():
        if first is not None:
            await connection.execute(first)
        assert isinstance(connection, Keeping)
        restore = connection.keep(relation)
        connection.defer(f"drop table {relation}")
        connection.defer(f"create table {relation} as select 1 as id")
        restore(name)
        if last:
            connection.defer(last)


def outside(path: Path, *statements: str) -> None:
    """What another program does to a file, each statement for itself."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for sql in statements:
            database.execute(sql)


def made(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as database:
        found = database.execute(
            "select name from sqlite_master where type in ('index', 'trigger') order by name"
        )
        return [str(name) for (name,) in found]


async def test_catalog_is_looked_through_once_for_many_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []
    look = known_handiwork._tables

    def counted(database: sqlite3.Connection, schema: str) -> frozenset[str]:
        looks.append(schema)
        return look(database, schema)

    monkeypatch.setattr(known_handiwork, "_tables", counted)
    names = [f"model_{number}" for number in range(20)]

    async with sqlite_adapter(tmp_path) as adapter:
        async with adapter.connection("first") as connection:
            for name in names:
                await connection.execute(f"create table {name} (id)")
        for name in names:
            await rebuild(adapter, name)

    assert looks == ['"main"']


async def test_what_others_make_meanwhile_is_kept(adapter: Adapter, tmp_path: Path) -> None:
    outside(tmp_path / "shop.db", INDEX, TRIGGER)

    await rebuild(adapter, "customers")
    for _ in range(3):
        await rebuild(adapter, "orders")

    assert made(tmp_path / "shop.db") == ["by_id", "noted"]


@pytest.mark.parametrize("sql", [INDEX, TRIGGER, f"select 1; {INDEX}; select 2"])
async def test_what_our_own_statements_make_is_kept(
    adapter: Adapter, tmp_path: Path, sql: str
) -> None:
    await rebuild(adapter, "customers", last=sql)
    await rebuild(adapter, "orders")
    await rebuild(adapter, "orders")

    assert len(made(tmp_path / "shop.db")) == 1


async def test_what_a_renaming_brings_to_a_name_is_kept(adapter: Adapter, tmp_path: Path) -> None:
    async with adapter.connection("other") as connection:
        await connection.execute("create table old (id)")
        await connection.execute("create index by_id on old (id)")
    await rebuild(adapter, "customers")

    await rebuild(
        adapter, "customers", first="drop table orders", last="alter table old rename to orders"
    )
    await rebuild(adapter, "orders")

    assert made(tmp_path / "shop.db") == ["by_id"]


@pytest.mark.parametrize("failing", ["select * from nowhere", "rollback"])
async def test_what_was_seen_in_a_transaction_that_came_to_nothing_is_forgotten(
    adapter: Adapter, tmp_path: Path, failing: str
) -> None:
    """The next version may have the number that the schema had there, with other things in it."""
    outside(tmp_path / "shop.db", INDEX)
    for number_of_others in range(1, 6):
        with pytest.raises(DatabaseError):
            await rebuild(adapter, "orders", first="drop index by_id", last=failing)
        others = [
            f"create table other_{number_of_others}_{n} (id)" for n in range(number_of_others)
        ]
        outside(tmp_path / "shop.db", *others)

        await rebuild(adapter, "orders")

        assert made(tmp_path / "shop.db") == ["by_id"]


async def test_file_that_takes_a_schemas_name_is_looked_at(
    adapter: Adapter, tmp_path: Path
) -> None:
    marts, other = tmp_path / "shop.marts.db", tmp_path / "other.db"
    await adapter.create_schema(Namespace(None, "marts"))
    async with adapter.connection("first") as connection:
        await connection.execute("create table marts.orders (id)")
    await rebuild(adapter, "orders", schema="marts")
    with closing(sqlite3.connect(marts)) as database:
        (version,) = database.execute("pragma schema_version").fetchone()
    await adapter.drop_schema(Namespace(None, "marts"))
    assert not marts.exists()
    outside(other, "create table orders (id)", INDEX, f"pragma schema_version = {version}")
    other.rename(marts)
    await adapter.list_schemas()

    await rebuild(adapter, "orders", schema="marts")

    assert made(marts) == ["by_id"]
