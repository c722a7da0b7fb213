"""One process of the server that works for us, and the driver's connection to it."""

from __future__ import annotations

from typing import Any

import asyncpg
from msgspec import Struct


class Backend(Struct, frozen=True):
    """A connection, and the number of the process behind it.

    `pid` is what the server itself says: behind a pooler, the driver was told another.
    """

    driver: asyncpg.Connection[Any]
    pid: int

    @property
    def is_pooled(self) -> bool:
        """Whether somebody stands between us and the server."""
        return self.pid != self.driver.get_server_pid()
