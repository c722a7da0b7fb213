"""The PostgreSQL that tests run against: one that they start themselves, or one that is named.

`HEADRACE_TEST_POSTGRES` names another, as postgresql://user:password@host:port/database. Its
user must be allowed to create roles.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import anyio
import asyncpg

VARIABLE = "HEADRACE_TEST_POSTGRES"

GONE_SECONDS = 2.0
"""How long what a dead process did may go on at the server."""

_PROGRAM = Path(__file__).with_name("embedded_postgres.py")
_SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=64MB")


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A server that runs, and how to get in. One of our own may be stopped and started again."""

    host: str
    port: int
    user: str
    password: str | None
    database: str
    program: subprocess.Popen[str] | None = field(default=None, repr=False)

    def keys(self, **more: object) -> dict[str, object]:
        """The connection keys of a profile."""
        keys: dict[str, object] = {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "dbname": self.database,
            **more,
        }
        if self.password:
            keys.setdefault("password", self.password)
        return keys

    def profile(self, schema: str, *, threads: int = 4, **more: object) -> str:
        """The text of a profiles.yml."""
        output = {"type": "postgres", "schema": schema, "threads": threads, **self.keys(**more)}
        pairs = ", ".join(f"{key}: {value!r}" for key, value in output.items())
        return f"shop:\n  target: dev\n  outputs:\n    dev: {{{pairs}}}\n"

    def over_tcp(self) -> PostgresServer:
        """The same server by its port, where the password is looked at."""
        return replace(self, host="127.0.0.1") if self.host.startswith("/") else self

    def stop(self) -> None:
        """Stop the server at once, as a crash would. What was committed last may be lost."""
        self._order("stop")

    def start_again(self) -> None:
        """Start it as it was, at the same port. Blocks until it takes connections."""
        self._order("start")

    def restart(self) -> None:
        """Stop it in good order, and start it again. Blocks until it takes connections."""
        self._order("restart")

    def begin_epoch(self) -> None:
        """Let 3 * 2**32 transactions have gone by. Blocks until it takes connections again."""
        self._order("epoch")

    def _order(self, order: str) -> None:
        assert self.program is not None, "the server is not ours to stop"
        assert self.program.stdin is not None
        self.program.stdin.write(f"{order}\n")
        self.program.stdin.flush()
        _answer(self.program)

    @asynccontextmanager
    async def connect(self, **settings: Any) -> AsyncIterator[asyncpg.Connection[Any]]:
        """A connection of somebody else's."""
        driver: asyncpg.Connection[Any] = await asyncpg.connect(
            host=self.host,
            port=self.port,
            user=settings.pop("user", self.user),
            password=self.password,
            database=self.database,
            **settings,
        )
        try:
            yield driver
        finally:
            driver.terminate()

    async def execute(self, sql: str) -> None:
        async with self.connect() as driver:
            await driver.execute(sql)

    async def fetch(self, sql: str, *arguments: object) -> list[tuple[Any, ...]]:
        """The rows of a query, asked by somebody else."""
        async with self.connect() as driver:
            return [tuple(row) for row in await driver.fetch(sql, *arguments)]

    async def backends(self, pattern: str = "headrace%") -> list[tuple[Any, ...]]:
        """Pid, state and query of each session whose name is like the pattern."""
        return await self.fetch(
            "select pid, state, query from pg_stat_activity where application_name like $1",
            pattern,
        )

    async def terminate_backends(self, pattern: str = "headrace%") -> None:
        """End each session whose name is like the pattern, and wait until they are gone."""
        await self.fetch(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
            "where application_name like $1",
            pattern,
        )

    async def assert_nothing_left(self, schema: str) -> None:
        """No temporary name of ours, and within `GONE_SECONDS` no session."""
        names = await self.fetch(
            "select relname from pg_class join pg_namespace n on n.oid = relnamespace "
            "where nspname like $1 and relname like 'headrace\\_tmp\\_%'",
            f"{schema}%",
        )
        assert not names, f"left behind: {names}"
        deadline = anyio.current_time() + GONE_SECONDS
        while left := await self.backends():
            assert anyio.current_time() < deadline, f"still at the server: {left}"
            await anyio.sleep(0.02)


@contextmanager
def running_server(max_connections: int = 120) -> Iterator[PostgresServer]:
    """A server of our own, in a directory of its own, which is gone afterwards.

    It goes as well when this process is killed: see the program.
    """
    settings = (*_SETTINGS, f"max_connections={max_connections}")
    with subprocess.Popen(
        [sys.executable, "-P", _PROGRAM, *settings],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        # Ctrl-C is for the tests, which then take their leave of it.
        start_new_session=True,
    ) as program:
        yield PostgresServer(**_answer(program), program=program)


def _answer(program: subprocess.Popen[str]) -> dict[str, Any]:
    assert program.stdout is not None
    line = program.stdout.readline()
    answer: dict[str, Any] = json.loads(line) if line else {"error": "it ended without a word"}
    if "error" in answer:
        raise RuntimeError(f"{answer['error']}\nSet {VARIABLE} to use another server.")
    return answer


def named_server(url: str) -> PostgresServer:
    """The server that a URL names."""
    parts = urlsplit(url)
    return PostgresServer(
        host=parts.hostname or "localhost",
        port=parts.port or 5432,
        user=unquote(parts.username or "postgres"),
        password=unquote(parts.password) if parts.password else None,
        database=parts.path.lstrip("/") or "postgres",
    )


@contextmanager
def server_for_tests() -> Iterator[PostgresServer]:
    """The server that the variable names, or one of our own."""
    url = os.environ.get(VARIABLE)
    if url:
        yield named_server(url)
        return
    with running_server() as server:
        yield server
