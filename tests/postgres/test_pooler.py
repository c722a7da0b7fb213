"""A pooler in front: in session mode all works through it, and in any other nothing is begun."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import asyncpg
import pytest
from headrace import ExitCode, Status
from headrace.adapters.postgres.problems import database_error

from ..postgres_server import PostgresServer
from .support import Shop
from .test_cancel import SLOW, sleeping, until_sleeping
from .test_faults import until_found

PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
needs_pgbouncer = pytest.mark.skipif(PGBOUNCER is None, reason="pgbouncer isn't installed")

LOCKS = "select pid from pg_locks where locktype = 'advisory' and granted"


@contextmanager
def pooled(server: PostgresServer, settings: Mapping[str, object]) -> Iterator[PostgresServer]:
    """A pgbouncer in front of a server, and how to get in through it."""
    assert PGBOUNCER is not None
    target = server.over_tcp()
    port = _free_port()
    # Its user must be able to get there, who isn't root: it refuses to be.
    place = Path(tempfile.mkdtemp(prefix="headrace-pgb-", dir="/tmp"))
    user = "nobody" if os.geteuid() == 0 else None
    (place / "users").write_text(f'"{target.user}" "{target.password}"\n')
    lines = [
        "[databases]",
        f"* = host={target.host} port={target.port}",
        "[pgbouncer]",
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =",
        f"auth_type = plain\nauth_file = {place / 'users'}",
        *(f"{key} = {value}" for key, value in settings.items()),
    ]
    (place / "ini").write_text("\n".join(lines) + "\n")
    for path in (place, *place.iterdir()):
        path.chmod(0o755)
    with (place / "log").open("wb") as log:
        command = [PGBOUNCER, str(place / "ini")]
        process = subprocess.Popen(command, stderr=log, cwd="/", user=user)
    try:
        _wait_for(port, process, place / "log")
        yield replace(target, port=port)
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(place)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 20
    while True:
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.02)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


POOLS = [
    {"pool_mode": "transaction", "default_pool_size": 1},
    {"pool_mode": "transaction", "default_pool_size": 2},
    {"pool_mode": "transaction", "default_pool_size": 20},
    {"pool_mode": "transaction", "default_pool_size": 20, "min_pool_size": 5},
    {
        "pool_mode": "transaction",
        "default_pool_size": 2,
        "min_pool_size": 2,
        "server_round_robin": 1,
    },
    {
        "pool_mode": "transaction",
        "default_pool_size": 9,
        "min_pool_size": 9,
        "server_round_robin": 1,
    },
    {"pool_mode": "statement", "default_pool_size": 1},
    {"pool_mode": "statement", "default_pool_size": 20},
]


@needs_pgbouncer
@pytest.mark.parametrize("settings", POOLS, ids=lambda pool: "-".join(map(str, pool.values())))
async def test_pool_that_is_not_in_session_mode_is_refused_before_any_lock(
    shop: Shop, settings: dict[str, object]
) -> None:
    shop.table("orders", "select 1 as id")
    with pooled(shop.server, settings) as front:
        shop.write("profiles.yml", front.profile(shop.schema, sslmode="disable"))
        # Some of its backends have been in use.
        for _ in range(4):
            ran = await shop.run()

            assert ran.exit_code == ExitCode.COULD_NOT_RUN
            assert "pool_mode = session" in str(ran.outcome.error)
            assert ran.statuses == {}
        assert await shop.fetch(LOCKS) == []


@needs_pgbouncer
async def test_others_who_use_the_pool_do_not_hide_its_mode(shop: Shop) -> None:
    shop.table("orders", "select 1 as id")
    settings = {"pool_mode": "transaction", "default_pool_size": 6}
    with pooled(shop.server, settings) as front:
        shop.write("profiles.yml", front.profile(shop.schema, sslmode="disable"))

        async def work() -> None:
            async with front.connect(statement_cache_size=0) as driver:
                while True:
                    await driver.execute("select pg_sleep(random() / 100)")

        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(work)
            ran = await shop.run()
            tasks.cancel_scope.cancel()

    assert ran.exit_code == ExitCode.COULD_NOT_RUN
    assert "pool_mode = session" in str(ran.outcome.error)


@needs_pgbouncer
async def test_session_mode_builds_locks_and_cancels_as_without(shop: Shop) -> None:
    shop.table("orders", "select 1 as id")
    shop.view("recent", "select id from {{ ref('orders') }}")
    settings = {"pool_mode": "session", "default_pool_size": 20}
    with pooled(shop.server, settings) as front:
        shop.write("profiles.yml", front.profile(shop.schema, sslmode="disable"))
        first = await shop.run()
        again = await shop.run()
        shop.table("slow", SLOW)
        task = asyncio.ensure_future(shop.run(select=("slow",)))
        await until_sleeping(shop, 1)
        await until_found(shop, LOCKS)
        task.cancel()
        await asyncio.wait([task], timeout=3)

        assert task.cancelled()
        assert await sleeping(shop) == []
        assert await shop.fetch(LOCKS) == []
    assert first.statuses == again.statuses == dict.fromkeys(["orders", "recent"], Status.SUCCESS)


@needs_pgbouncer
async def test_small_pool_in_session_mode_is_made_do_with(shop: Shop) -> None:
    for number in range(6):
        shop.table(f"t{number}", "select 1 as id from (select pg_sleep(0.05)) as nap")
    with pooled(shop.server, {"pool_mode": "session", "default_pool_size": 3}) as front:
        shop.write(
            "profiles.yml",
            front.profile(shop.schema, sslmode="disable", connect_timeout=1, threads=4),
        )
        ran = await shop.run()

    assert ran.exit_code == 0
    assert len(await shop.relations()) == 6


@needs_pgbouncer
async def test_pool_that_has_no_backend_for_us_is_a_clear_error(shop: Shop) -> None:
    shop.table("orders", "select 1 as id")
    with pooled(shop.server, {"pool_mode": "session", "default_pool_size": 1}) as front:
        shop.write(
            "profiles.yml", front.profile(shop.schema, sslmode="disable", connect_timeout=0.5)
        )
        ran = await shop.run()

    assert ran.exit_code == ExitCode.COULD_NOT_RUN
    assert "raise the pooler's pool size" in str(ran.outcome.error)


@pytest.mark.parametrize(
    "kind", [asyncpg.InvalidSQLStatementNameError, asyncpg.DuplicatePreparedStatementError]
)
def test_prepared_statement_that_another_backend_has_is_told_with_its_cause(
    kind: type[asyncpg.PostgresError],
) -> None:
    error = database_error(kind("prepared statement"), "select 1")

    assert "pool_mode = session" in str(error)


@needs_pgbouncer
async def test_debug_tells_of_the_mode(shop: Shop) -> None:
    with pooled(shop.server, {"pool_mode": "transaction"}) as front:
        shop.write("profiles.yml", front.profile(shop.schema, sslmode="disable"))
        ran = await shop.run("debug")

    assert ran.exit_code != 0
    assert "pool_mode = session" in "\n".join(ran.lines)
