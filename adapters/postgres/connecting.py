"""Getting in: connect, again where that may help, and set the session up."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import asyncpg

from ..backoff import Backoff
from ..cancellation import outlast
from .backend import Backend
from .keys import PostgresKeys
from .liveness import watch
from .policy import ErrorClass, classify
from .pooler import crowded_error, is_crowded, is_of_pooler, pooler_error
from .problems import DRIVER_ERRORS, connection_error
from .server_settings import session_settings

CLOSE_SECONDS = 2.0
"""How long a connection that can't be used may take to close."""

_BACKOFF = Backoff(first=0.5, limit=5.0, jitter=(0.5, 1.0))


async def connect(keys: PostgresKeys, invocation_id: str) -> Backend:
    """A new connection, whose session is set as ours are.

    What may pass by itself (a server that starts, a network that was away) is tried again
    `retries` times, after a pause that doubles. A cancellation closes what was opened.

    Raises:
        ConnectionFailedError: the server can't be reached, or refuses us.
        TooManyConnectionsError: it has no connection left for us, or a pooler hasn't.
    """
    for attempt in range(keys.retries + 1):
        try:
            return await _connect_once(keys, invocation_id)
        except DRIVER_ERRORS as error:
            if attempt == keys.retries or not _may_pass(error):
                raise connection_error(error, keys) from error
        await anyio.sleep(_BACKOFF.after(attempt + 1))
    raise AssertionError("the last attempt returns or raises")


async def _connect_once(keys: PostgresKeys, invocation_id: str) -> Backend:
    # Nearly no statement of a run comes twice, and a pooler between us and the server could
    # not keep prepared ones.
    driver: asyncpg.Connection[Any] = await asyncpg.connect(
        keys.certificates_dsn,
        host=keys.host,
        port=keys.port,
        user=keys.user,
        password=keys.password,
        database=keys.database,
        timeout=keys.connect_timeout or None,  # type: ignore[arg-type] # 0 is no limit
        ssl=keys.sslmode,  # type: ignore[arg-type] # one of SSL_MODES
        statement_cache_size=0,
    )
    try:
        watch(driver, keys)
        with anyio.fail_after(keys.connect_timeout or None):
            await driver.execute(session_settings(keys, invocation_id, server_version(driver)))
            return Backend(driver, int(await driver.fetchval("SELECT pg_catalog.pg_backend_pid()")))
    except BaseException as error:
        closing = asyncio.ensure_future(driver.close(timeout=CLOSE_SECONDS))
        await outlast(closing.done, CLOSE_SECONDS)
        if is_of_pooler(error):
            raise pooler_error(keys) from error
        if is_crowded(error):
            raise crowded_error(keys) from error
        raise


def server_version(driver: asyncpg.Connection[Any]) -> int:
    """The server's number, such as 160014 for 16.14."""
    version = driver.get_server_version()
    return version.major * 10000 + version.micro


def _may_pass(error: BaseException) -> bool:
    return classify(error) in (ErrorClass.LOST, ErrorClass.TRANSIENT)
