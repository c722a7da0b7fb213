"""One run at a time in a schema: advisory locks, which the server frees when we are gone.

They are the control connection's, and go with it. So that they go as well where nobody closes it
(a host that lost its power, a network that was cut), the server ends that session when it hasn't
heard of us for `run_lock_lease` seconds; while we are there, we let it hear of us more often.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

import anyio
import asyncpg

from ..errors import AdapterError, SchemaLockedError
from .control import Control
from .problems import DRIVER_ERRORS
from .server_settings import literal

LOCK_CLASS = 1_214_607_716
"""The first half of the locks' keys, which tells them from those of others; "Head" in ASCII."""

_POLL_SECONDS = 0.5
_NAME_BYTES = 63
_LOOKS_PER_LEASE = 4
_END_TRIES = 40
_END_PAUSE_SECONDS = 0.05
_HAS_IDLE_TIMEOUT = 140000

_TAKE = "SELECT pg_catalog.pg_try_advisory_lock($1, pg_catalog.hashtext($2::text))"
_END_OWN = """
SELECT pg_catalog.pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity AS a
WHERE a.pid = $1 AND a.application_name = pg_catalog.current_setting('application_name')
"""
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


class Lease:
    """The locks of one run: take() → aclose(). In between they are looked after.

    Where the connection was lost, the next takes the locks again, at once, and tells if somebody
    else has them now.
    """

    def __init__(
        self,
        control: Control,
        application_name: str,
        seconds: float,
        server_version: int,
        tell: Callable[[str], None],
    ) -> None:
        self._control = control
        self._seconds = seconds
        self._settings = _name_session(application_name)
        if seconds and server_version >= _HAS_IDLE_TIMEOUT:
            self._settings += f"; SET idle_session_timeout = '{round(seconds * 1000)}ms'"
        self._tell = tell
        self._held: list[str] = []
        self._lost: set[str] = set()
        self._pid: int | None = None
        self._is_complete = False
        self._looking: asyncio.Task[None] | None = None

    async def take(self, schemas: Collection[str], seconds: float) -> None:
        """See `Locking.lock_schemas`.

        Every run asks in the order of the names, so that two never wait for each other.
        """
        self._control.after_opening = self._take_again
        await self._control.execute(self._settings)
        deadline = anyio.current_time() + seconds
        wanted = sorted(schemas)
        while len(self._held) < len(wanted):
            # Again from the first that was lost, should the connection have been meanwhile.
            schema = next(name for name in wanted if name not in self._held)
            await self._wait_for(schema, deadline)
        self._is_complete = True
        if self._seconds:
            self._looking = asyncio.ensure_future(self._look_after())

    async def aclose(self) -> None:
        """Look after the locks no longer: they go with the connection."""
        looking, self._looking = self._looking, None
        if looking is not None:
            looking.cancel()
            await asyncio.wait([looking])

    async def _wait_for(self, schema: str, deadline: float) -> None:
        told = False
        while not (await self._control.fetch(_TAKE, LOCK_CLASS, schema))[0][0]:
            holder = await _holder(self._control, schema)
            if anyio.current_time() >= deadline:
                raise SchemaLockedError(
                    f"another run is building in schema '{schema}': {holder}. Wait for its end, "
                    "or use --no-lock if the two build different models."
                )
            if not told:
                self._tell(
                    f"another run is building in schema '{schema}': {holder}. Waiting for it."
                )
                told = True
            pause = min(_POLL_SECONDS, self._seconds / _LOOKS_PER_LEASE or _POLL_SECONDS)
            await anyio.sleep(min(pause, max(deadline - anyio.current_time(), 0.01)))
        self._held.append(schema)
        self._pid = self._control.pid

    async def _take_again(self, driver: asyncpg.Connection[Any]) -> None:
        """Bring a connection that was opened anew to where the one before it was."""
        await driver.execute(self._settings)
        before, self._pid = self._pid, None
        if before is not None:
            await self._end_own(driver, before)
        for schema in [*self._held]:
            if await driver.fetchval(_TAKE, LOCK_CLASS, schema):
                continue
            self._held.remove(schema)
            # Before the run has begun, it is waited for as the first time.
            if self._is_complete:
                self._lost.add(schema)
                self._tell(
                    f"the connection that held the lock of schema '{schema}' was lost, and "
                    "another run has taken it: both are building there now."
                )
        self._pid = await driver.fetchval("SELECT pg_catalog.pg_backend_pid()")

    async def _end_own(self, driver: asyncpg.Connection[Any], pid: int) -> None:
        """End the session that held the locks, of which the server may not know that it is lost."""
        for _ in range(_END_TRIES):
            async with driver.transaction():
                await driver.execute("SET LOCAL ROLE NONE")
                if await driver.fetchval(_END_OWN, pid) is None:
                    return
            await anyio.sleep(_END_PAUSE_SECONDS)

    async def _take_lost(self) -> None:
        """Take the locks that another run had, where that has ended."""
        for schema in sorted(self._lost):
            if (await self._control.fetch(_TAKE, LOCK_CLASS, schema))[0][0]:
                self._lost.remove(schema)
                self._held.append(schema)

    async def _look_after(self) -> None:
        """Let the server hear of us, and open the connection anew where it was lost."""
        pause = self._seconds / _LOOKS_PER_LEASE
        while True:
            await asyncio.sleep(pause)
            # Whoever needs the connection next tells what is wrong with it.
            with suppress(*DRIVER_ERRORS, AdapterError):
                await self._control.look(2 * pause)
                await self._take_lost()


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
