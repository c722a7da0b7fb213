"""Both ends of a connection notice that the other is gone without a word."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator

import pytest
from headrace.adapters.postgres.connecting import connect
from headrace.adapters.postgres.keys import read_keys

from ..postgres_server import PostgresServer
from .test_lost_statements import target_of

SETTINGS = (
    "tcp_keepalives_idle",
    "tcp_keepalives_interval",
    "tcp_keepalives_count",
    "tcp_user_timeout",
)
OPTIONS = ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT")


@pytest.fixture
async def ends(
    postgres: PostgresServer, request: pytest.FixtureRequest
) -> AsyncIterator[tuple[list[str], list[int]]]:
    """What the server has set for its end of a connection of ours, and we for ours."""
    keys = read_keys(target_of(postgres.over_tcp(), **request.param))
    backend = await connect(keys, "an-invocation")
    try:
        there = [await backend.driver.fetchval(f"show {name}") for name in SETTINGS]
        transport = getattr(backend.driver, "_transport")  # noqa: B009 # it is the driver's own
        ours = transport.get_extra_info("socket")
        assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        here = [
            ours.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
            for name in OPTIONS
            if hasattr(socket, name)
        ]
        yield there, here
    finally:
        backend.driver.terminate()


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux has all of them")
@pytest.mark.parametrize(
    ("ends", "idle"), [({}, 30), ({"keepalives_idle": 7}, 7)], indirect=["ends"]
)
async def test_each_end_asks_for_the_other(ends: tuple[list[str], list[int]], idle: int) -> None:
    there, here = ends

    assert there == [str(idle), "10", "3", "60000"]
    assert here == [idle, 10, 3, 60_000]


async def test_unix_socket_needs_none_of_it(postgres: PostgresServer) -> None:
    if not postgres.host.startswith("/"):
        pytest.skip("the server is reached by TCP")
    backend = await connect(read_keys(target_of(postgres)), "an-invocation")
    try:
        assert await backend.driver.fetchval("select 1") == 1
    finally:
        backend.driver.terminate()
