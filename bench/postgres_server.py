"""The PostgreSQL of a benchmark: one that is named, or one that is started for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

PROGRAM = Path(__file__).parents[1] / "tests" / "embedded_postgres.py"
SETTINGS = ("max_connections=120", "max_locks_per_transaction=512")
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@dataclass(frozen=True)
class Server:
    """How to get in."""

    host: str
    port: int
    user: str
    password: str
    database: str
    starter: int | None = None
    """The process whose child it is, where it was started for this."""

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

    def cpu_seconds(self) -> float | None:
        """How long it has been on processors, all its sessions together, where that is told."""
        if self.starter is None or not Path("/proc/self/stat").exists():
            return None
        found = {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                # After the name, which may hold anything: the state, the parent, …
                fields = path.read_text(errors="replace").rpartition(")")[2].split()
            except OSError:
                continue  # it has ended
            # Its own and those of its children that have ended: fields 14 to 17 of proc(5).
            found[int(path.parent.name)] = (int(fields[1]), sum(map(int, fields[11:15])))
        servers = {pid for pid, (parent, _) in found.items() if parent == self.starter}
        ticks = sum(
            ticks for pid, (parent, ticks) in found.items() if pid in servers or parent in servers
        )
        return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def server_to_use(url: str | None, *, fast: bool = False) -> Iterator[Server]:
    """The server of a URL, or one that is started for this, which ends with this process.

    One that is started is as durable as PostgreSQL is by default, unless it is to be `fast`.
    """
    if find_spec("asyncpg") is None:
        raise SystemExit("asyncpg is not installed: pip install asyncpg")
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
    with subprocess.Popen(
        [sys.executable, "-P", PROGRAM, *SETTINGS, *(FAST if fast else ())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    ) as program:
        assert program.stdout is not None
        answer = json.loads(program.stdout.readline() or '{"error": "it ended without a word"}')
        if "error" in answer:
            raise SystemExit(f"{answer['error']}; or name a server with --server")
        yield Server(**answer, starter=program.pid)
