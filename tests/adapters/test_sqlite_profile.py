"""What a profile may say of an SQLite database, and where its schemas live."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from headrace.adapters.errors import ConnectionFailedError, NotSupportedError, ProfileKeyError
from headrace.adapters.registry import create_adapter
from headrace.adapters.relation import Namespace, RelationType
from headrace.adapters.sqlite.schema_files import attach_limit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .support import make_target, sqlite_adapter


async def test_path_counts_from_the_project_and_its_directories_are_made(tmp_path: Path) -> None:
    async with sqlite_adapter(tmp_path, path="warehouse/deep/coffee.db") as adapter:
        assert await adapter.list_schemas() == {"main"}

    assert (tmp_path / "warehouse" / "deep" / "coffee.db").is_file()


async def test_schema_lives_beside_the_database_and_is_known_to_the_next_run(
    tmp_path: Path,
) -> None:
    async with sqlite_adapter(tmp_path, path="warehouse/coffee.db") as adapter:
        await adapter.create_schema(Namespace(None, "staging"))

    async with sqlite_adapter(tmp_path, path="warehouse/coffee.db") as adapter:
        schemas = await adapter.list_schemas()
        listed = await adapter.list_relations(Namespace(None, "staging"))

    assert schemas == {"main", "staging"}
    assert listed == []
    assert (tmp_path / "warehouse" / "coffee.staging.db").is_file()


async def test_form_of_dbt_sqlite_is_read(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with closing(sqlite3.connect(tmp_path / "data" / "raw_2024.db")) as database:
        database.execute("create table orders as select 7 as id")

    async with sqlite_adapter(
        tmp_path,
        database="shop",
        schemas_and_paths={"main": "data/etl.db", "raw": "data/raw_2024.db"},
        schema_directory="schemas",
        extensions=[],
    ) as adapter:
        await adapter.create_schema(Namespace(None, "marts"))
        async with adapter.connection("orders") as connection:
            found = await connection.query('select * from "raw"."orders"')

    assert found.rows == [(7,)]
    assert (tmp_path / "data" / "etl.db").is_file()
    assert (tmp_path / "schemas" / "marts.db").is_file()


def test_relation_is_named_by_schema_and_identifier(tmp_path: Path) -> None:
    adapter = sqlite_adapter(tmp_path)

    relation = adapter.relation("main", "orders", RelationType.TABLE, database="shop")

    assert str(relation) == '"main"."orders"'


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({}, "'path' is missing"),
        ({"path": ":memory:"}, "several connections"),
        ({"path": ""}, "an empty text"),
        ({"path": 5}, "must be a text, not a number"),
        ({"path": "file:x.db?mode=ro"}, "not a URI"),
        ({"path": "a\0b"}, "NUL"),
        ({"path": "x.db", "lock_timout": 3}, "Did you mean 'lock_timeout'"),
        ({"path": "x.db", "lock_timeout": "long"}, "seconds"),
        ({"path": "x.db", "lock_timeout": -1}, "below 0"),
        ({"path": "x.db", "extensions": "crypto"}, "must be a list"),
        ({"schemas_and_paths": {"raw": "x.db"}}, "has no 'main'"),
        ({"path": "x.db", "schemas_and_paths": {"main": "y.db"}}, "two files for one"),
        ({"schemas_and_paths": ["x.db"]}, "must be a mapping"),
    ],
)
def test_wrong_keys_are_refused_by_name(
    tmp_path: Path, keys: dict[str, object], message: str
) -> None:
    with pytest.raises(ProfileKeyError, match=message):
        create_adapter(make_target("sqlite", tmp_path, keys))


async def test_extension_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConnectionFailedError, match="extension") as caught:
        await sqlite_adapter(tmp_path, extensions=["absent/crypto.so"]).open()

    can_load = hasattr(sqlite3.Connection, "enable_load_extension")
    expected = str(tmp_path / "absent" / "crypto.so") if can_load else "this Python's sqlite3"
    assert expected in str(caught.value)


async def test_one_schema_too_many_is_an_error_that_names_the_limit(tmp_path: Path) -> None:
    limit = attach_limit()

    async with sqlite_adapter(tmp_path) as adapter:
        for number in range(limit):
            await adapter.create_schema(Namespace(None, f"schema_{number}"))
        with pytest.raises(NotSupportedError, match=f"at most {limit} files"):
            await adapter.create_schema(Namespace(None, "one_more"))
        async with adapter.connection("still") as connection:
            await connection.query("select 1")

    assert not (tmp_path / "shop.one_more.db").exists()


async def test_files_beyond_the_limit_leave_room_for_the_targets_schema(tmp_path: Path) -> None:
    for number in range(attach_limit() + 3):
        make_database(tmp_path / f"shop.a{number}.db")
    make_database(tmp_path / "shop.zebra.db")

    async with sqlite_adapter(tmp_path, schema="zebra") as adapter:
        assert "zebra" in await adapter.list_schemas()


async def test_files_that_are_no_databases_are_no_schemas(tmp_path: Path) -> None:
    (tmp_path / "shop.notes.db").write_text("milk")
    (tmp_path / "shop.folder.db").mkdir()
    (tmp_path / "shop.empty.db").touch()
    make_database(tmp_path / "other.db")
    make_database(tmp_path / "shop.real.db")

    async with sqlite_adapter(tmp_path) as adapter:
        assert await adapter.list_schemas() == {"main", "real"}


@pytest.mark.parametrize("number", ["110000", "ffffffff", "f" * 40])
async def test_file_whose_name_stands_for_no_letter_is_no_schema(
    tmp_path: Path, number: str
) -> None:
    make_database(tmp_path / f"shop.%{number};.db")
    make_database(tmp_path / "shop.real.db")

    async with sqlite_adapter(tmp_path) as adapter:
        assert await adapter.list_schemas() == {"main", "real"}


async def test_file_that_was_merely_found_keeps_its_journal_mode(tmp_path: Path) -> None:
    make_database(tmp_path / "shop.found.db")

    async with sqlite_adapter(tmp_path) as adapter:
        async with adapter.connection("orders") as connection:
            found = await connection.query('pragma "found".journal_mode')
            own = await connection.query('pragma "main".journal_mode')

    assert (found.rows, own.rows) == ([("delete",)], [("wal",)])


async def test_schema_made_while_a_connection_is_open_is_known_to_it(tmp_path: Path) -> None:
    async with sqlite_adapter(tmp_path) as adapter, adapter.connection("orders") as connection:
        await connection.query("select 1")
        async with connection.transaction():
            await connection.execute("create table main.orders (id)")
            await adapter.create_schema(Namespace(None, "inside"))
            await connection.execute("create table inside.orders as select 1 as id")
        await adapter.create_schema(Namespace(None, "outside"))
        await connection.execute("create table outside.orders as select 1 as id")

        assert len(await adapter.list_relations(Namespace(None, "inside"))) == 1


async def test_schema_that_is_dropped_and_made_again_is_a_new_one(tmp_path: Path) -> None:
    async with sqlite_adapter(tmp_path) as adapter, adapter.connection("orders") as connection:
        await adapter.create_schema(Namespace(None, "staging"))
        await connection.execute("create table staging.orders as select 1 as id")
        await adapter.drop_schema(Namespace(None, "staging"))
        assert not (tmp_path / "shop.staging.db").exists()
        await adapter.create_schema(Namespace(None, "staging"))
        await connection.execute("create table staging.orders as select 2 as id")

    async with sqlite_adapter(tmp_path) as adapter, adapter.connection("orders") as connection:
        found = await connection.query("select id from staging.orders")
    assert found.rows == [(2,)]


async def test_dropping_a_schema_that_the_profile_names_keeps_its_file(tmp_path: Path) -> None:
    paths = {"main": "etl.db", "raw": "kept.db"}

    async with sqlite_adapter(tmp_path, schemas_and_paths=paths) as adapter:
        async with adapter.connection("orders") as connection:
            await connection.execute(
                "create table raw.t (id integer primary key autoincrement);"
                "create view raw.v as select * from raw.t;"
                "create virtual table raw.words using fts5(word);"
            )
        await adapter.drop_schema(Namespace(None, "raw"))
        left = await adapter.list_relations(Namespace(None, "raw"))

    assert left == []
    assert (tmp_path / "kept.db").is_file()


@pytest.mark.parametrize("schema", ["", "temp", "MAIN\0", "a\0b", "\ud800"])
async def test_schema_that_cannot_be_is_refused(tmp_path: Path, schema: str) -> None:
    async with sqlite_adapter(tmp_path) as adapter:
        with pytest.raises(NotSupportedError):
            await adapter.create_schema(Namespace(None, schema))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    schema=st.text(
        st.characters(exclude_characters="\0", exclude_categories=["Cs"]),
        min_size=1,
        max_size=20,
    ).filter(lambda name: name.lower() not in ("main", "temp"))
    | st.sampled_from(["..", "../x", "/etc/x", "a/../../b", "%2f;", "a.b", "C:\\x", "~"])
)
def test_hostile_schema_stays_in_its_directory(tmp_path: Path, schema: str) -> None:
    async def create_and_find() -> frozenset[str]:
        async with sqlite_adapter(tmp_path, path="in/shop.db") as adapter:
            await adapter.create_schema(Namespace(None, schema))
        async with sqlite_adapter(tmp_path, path="in/shop.db") as adapter:
            schemas = await adapter.list_schemas()
            await adapter.drop_schema(Namespace(None, schema))
        return schemas

    schemas = asyncio.run(create_and_find())

    assert schemas == {"main", schema}
    assert os.listdir(tmp_path) == ["in"]
    assert os.listdir(tmp_path / "in") == ["shop.db"]


def make_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("create table t (id)")
