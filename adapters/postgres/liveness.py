"""How each end of a connection notices that the other is gone without a word.

A host that lost its power or its network closes no socket. The systems at both ends then ask
whether anybody is there (keepalives), and give up on what isn't acknowledged (the user timeout,
https://www.postgresql.org/docs/current/runtime-config-connection.html#RUNTIME-CONFIG-TCP-SETTINGS).
"""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any

import asyncpg

from .keys import PostgresKeys

IDLE_SECONDS = 30
"""Silence after which a system asks, where `keepalives_idle` doesn't say otherwise."""
INTERVAL_SECONDS = 10
"""Between two of these questions."""
COUNT = 3
"""How many of them may stay without an answer."""
UNACKNOWLEDGED_SECONDS = IDLE_SECONDS + INTERVAL_SECONDS * COUNT
"""How long what was sent may stay unacknowledged."""

_HAS_USER_TIMEOUT = 120000


def server_settings(keys: PostgresKeys, server_version: int) -> list[str]:
    """The SQL that has the server's system look after its end. It ignores it for Unix sockets."""
    settings = [
        f"SET tcp_keepalives_idle = {_idle(keys)}",
        f"SET tcp_keepalives_interval = {INTERVAL_SECONDS}",
        f"SET tcp_keepalives_count = {COUNT}",
    ]
    if server_version >= _HAS_USER_TIMEOUT:
        settings.append(f"SET tcp_user_timeout = '{UNACKNOWLEDGED_SECONDS}s'")
    return settings


def watch(driver: asyncpg.Connection[Any], keys: PostgresKeys) -> None:
    """Have our own system look after our end, as far as it can."""
    # The driver neither takes such options nor hands out its socket.
    transport = getattr(driver, "_transport", None)
    found = transport.get_extra_info("socket") if transport is not None else None
    if found is None or found.family not in (socket.AF_INET, socket.AF_INET6):
        return
    for name, value in (
        ("TCP_KEEPIDLE", _idle(keys)),
        ("TCP_KEEPALIVE", _idle(keys)),  # what macOS calls it
        ("TCP_KEEPINTVL", INTERVAL_SECONDS),
        ("TCP_KEEPCNT", COUNT),
        ("TCP_USER_TIMEOUT", UNACKNOWLEDGED_SECONDS * 1000),
    ):
        if hasattr(socket, name):
            # Another event loop's transport may have no socket that takes options.
            with suppress(OSError, TypeError, AttributeError):
                found.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
                found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


def _idle(keys: PostgresKeys) -> int:
    return keys.keepalives_idle or IDLE_SECONDS
