"""One run at a time in a schema: advisory locks, which the server frees when we are gone."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Collection
from typing import Any

import anyio
import asyncpg

from ..errors import SchemaLockedError
from .control import Control
from .settings import literal

LOCK_CLASS = 1_214_607_716
"""The first half of the locks' keys, which tells them from those of others; "Head" in ASCII."""

_POLL_SECONDS = 0.5
_NAME_BYTES = 63

_TAKE = "SELECT pg_catalog.pg_try_advisory_lock($1, pg_catalog.hashtext($2::text))"
_HOLDER = """
SELECT a.application_name, a.usename, a.pid, pg_catalog.to_char(a.backend_start, 'HH24:MI:SS')
FROM pg_catalog.pg_locks AS l
JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d
                    WHERE d.datname = pg_catalog.current_database())
  AND l.classid::bigint = $1
  AND l.objid::bigint = (pg_catalog.hashtext($2::text)::bigint & 4294967295)
"""


async def lock_schemas(
    control: Control,
    schemas: Collection[str],
    application_name: str,
    seconds: float,
    tell: Callable[[str], None],
) -> None:
    """See `Locking.lock_schemas`. The locks are the control connection's, and go with it.

    Every run asks in the order of the names, so that two never wait for each other. Where the
    connection was lost, the next takes the locks again, and tells if somebody else has them now.
    """
    names = sorted(schemas)

    async def take_again(driver: asyncpg.Connection[Any]) -> None:
        await driver.execute(_name_session(application_name))
        for schema in names:
            if not await driver.fetchval(_TAKE, LOCK_CLASS, schema):
                tell(
                    f"the connection that held the lock of schema '{schema}' was lost, and "
                    "another run has taken it: both are building there now."
                )

    await control.execute(_name_session(application_name))
    deadline = anyio.current_time() + seconds
    for schema in names:
        told = False
        while not (await control.fetch(_TAKE, LOCK_CLASS, schema))[0][0]:
            holder = await _holder(control, schema)
            if anyio.current_time() >= deadline:
                raise SchemaLockedError(
                    f"another run is building in schema '{schema}': {holder}. Wait for its end, "
                    "or use --no-lock if the two build different models."
                )
            if not told:
                tell(f"another run is building in schema '{schema}': {holder}. Waiting for it.")
                told = True
            await anyio.sleep(min(_POLL_SECONDS, max(deadline - anyio.current_time(), 0.01)))
    control.after_opening = take_again


def _name_session(application_name: str) -> str:
    return f"SET application_name = {literal(holder_name(application_name))}"


def holder_name(application_name: str) -> str:
    """A session's name, with the process that it belongs to, as long as the server keeps it."""
    name = f"{application_name} {os.getpid()}@{socket.gethostname()}"
    return name.encode()[:_NAME_BYTES].decode(errors="ignore")


async def _holder(control: Control, schema: str) -> str:
    rows = await control.fetch(_HOLDER, LOCK_CLASS, schema)
    if not rows:
        return "it has just ended"
    name, user, pid, since = rows[0]
    return f"'{name}' of the user {user} (session {pid}), since {since}"
