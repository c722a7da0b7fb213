"""The server that tests run against is theirs for as long as they run, and no longer."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import anyio
import asyncpg
import pytest

from . import postgres_server
from .postgres_server import PostgresServer, named_server, running_server

OWNER = """
import subprocess, sys
subprocess.Popen([sys.executable, *sys.argv[1:]], stdin=subprocess.PIPE).wait()
"""
PROGRAM = Path(__file__).with_name("embedded_postgres.py")


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A server that may be stopped."""
    with running_server(max_connections=10) as server:
        yield server


def directory_of_server_whose_owner_is_killed() -> Path:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, PROGRAM], stdout=subprocess.PIPE, encoding="utf-8"
    ) as owner:
        assert owner.stdout is not None
        facts = owner.stdout.readline()
        owner.kill()
        # The program has this end of the pipe as well, and so this waits for it.
        owner.stdout.read()
    return Path(json.loads(facts)["host"])


def test_server_goes_with_a_process_that_is_killed() -> None:
    place = directory_of_server_whose_owner_is_killed()

    assert not place.exists()


async def test_server_goes_with_its_block() -> None:
    with running_server(max_connections=10) as server:
        assert await server.fetch("select 1") == [(1,)]

    assert not await anyio.Path(server.host).exists()
    with pytest.raises(OSError):
        await server.over_tcp().fetch("select 1")


def test_server_that_does_not_start_says_why() -> None:
    with (
        pytest.raises(RuntimeError, match=r"(?s)max_connections.*Set HEADRACE_TEST_POSTGRES"),
        running_server(max_connections=0),
    ):
        pass


async def test_stopped_server_starts_again_with_its_data(own_server: PostgresServer) -> None:
    await own_server.execute("create table kept as select 7 as id")
    await own_server.execute("checkpoint")

    own_server.stop()
    with pytest.raises(OSError):
        await own_server.fetch("select 1")
    own_server.start_again()

    assert await own_server.fetch("select id from kept") == [(7,)]


async def test_password_is_looked_at_over_tcp(own_server: PostgresServer) -> None:
    over_tcp = own_server.over_tcp()

    assert await over_tcp.fetch("select 1") == [(1,)]
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(
            host=over_tcp.host, port=over_tcp.port, user=over_tcp.user, password="another"
        )


async def test_terminated_backends_are_gone(postgres: PostgresServer) -> None:
    async with postgres.connect(server_settings={"application_name": "theirs to end"}):
        assert len(await postgres.backends("theirs to%")) == 1

        await postgres.terminate_backends("theirs to%")

        assert await postgres.backends("theirs to%") == []


async def test_temporary_relation_that_is_left_is_noticed(
    postgres: PostgresServer, schema: str
) -> None:
    await postgres.execute(f"create table {schema}.headrace_tmp_orders ()")

    with pytest.raises(AssertionError, match="headrace_tmp_orders"):
        await postgres.assert_nothing_left(schema)

    await postgres.execute(f"drop table {schema}.headrace_tmp_orders")


async def test_session_that_is_left_is_noticed_and_one_that_ends_is_waited_for(
    postgres: PostgresServer, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = {"application_name": "headrace left"}
    async with postgres.connect(server_settings=name) as driver:
        with monkeypatch.context() as patch:
            patch.setattr(postgres_server, "GONE_SECONDS", 0.05)
            with pytest.raises(AssertionError, match=r"still at the server.*idle"):
                await postgres.assert_nothing_left(schema)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(postgres.assert_nothing_left, schema)
            await anyio.sleep(0.05)
            await driver.close()


def test_url_names_a_server() -> None:
    server = named_server("postgresql://me:p%40ss@db.example:6432/shop")

    assert server.keys() == {
        "host": "db.example",
        "port": 6432,
        "user": "me",
        "password": "p@ss",
        "dbname": "shop",
    }
