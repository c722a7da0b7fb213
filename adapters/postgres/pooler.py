"""A pooler between us and the server: it must give each connection of ours a backend of its own.

A schema's lock, a transaction over several messages, settings and cancelling all hang on that. In
session mode it does. In transaction or statement mode a backend is handed from one client to the
next, so that two runs hold one lock, and it stays with the pool when both have gone
(https://www.pgbouncer.org/features.html).
"""

from __future__ import annotations

from secrets import token_hex

import asyncpg

from ..errors import ConnectionFailedError, TooManyConnectionsError
from .backend import Backend
from .keys import PostgresKeys
from .problems import DRIVER_ERRORS

_MARK = "headrace.session"
_WRITE = "SELECT pg_catalog.set_config($1, $2, false)"
_READ = "SELECT pg_catalog.pg_backend_pid(), pg_catalog.current_setting($1, true)"

_TURNS = (0, 0, 1, 0, 1, 1, 0, 0, 0, 1)
"""Who asks when. Were backends handed out in turn, an even change would go unnoticed."""

_OF_POOLER = frozenset(
    {
        "26000",  # a prepared statement isn't there: another backend has it
        "42P05",  # … or is there already: another client made it
        "08P01",  # what a pooler says of what its mode doesn't allow
    }
)


_NO_BACKEND = "query_wait_timeout"
"""What PgBouncer says when a client has waited too long for a backend."""


def is_of_pooler(error: BaseException) -> bool:
    """Whether an error of a connection that has only just begun is due to a pooler's mode."""
    is_refusal = isinstance(error, asyncpg.PostgresError) and error.sqlstate in _OF_POOLER
    return is_refusal and not is_crowded(error)


def is_crowded(error: BaseException) -> bool:
    """Whether somebody has let us in, and then had no backend for us.

    A server itself forks one before it lets anybody in.
    """
    return isinstance(error, TimeoutError) or _NO_BACKEND in str(error)


def crowded_error(keys: PostgresKeys) -> TooManyConnectionsError:
    return TooManyConnectionsError(
        f"{keys.place} took the connection, and had no session for it within "
        f"{keys.connect_timeout:g} s: raise the pooler's pool size (threads and two more), or "
        "lower 'threads'."
    )


def pooler_error(keys: PostgresKeys) -> ConnectionFailedError:
    return ConnectionFailedError(
        f"{keys.place} is a connection pooler that isn't in session mode: it hands one backend to "
        "several sessions, so that locks, transactions and settings of one run would be "
        "another's. Connect to the server itself, or to a pool with pool_mode = session."
    )


async def require_own_backends(first: Backend, second: Backend, keys: PostgresKeys) -> None:
    """See that two connections through a pooler each keep a backend, with its settings.

    Raises:
        ConnectionFailedError: they don't. The message says what to do.
    """
    backends = first, second
    marks = token_hex(8), token_hex(8)
    try:
        for backend, mark in zip(backends, marks, strict=True):
            await backend.driver.execute(
                _WRITE.replace("$1", f"'{_MARK}'").replace("$2", f"'{mark}'")
            )
        for turn in _TURNS:
            row = await backends[turn].driver.fetchrow(_READ, _MARK)
            if row is None or tuple(row) != (backends[turn].pid, marks[turn]):
                raise pooler_error(keys)
    except DRIVER_ERRORS as error:
        if is_of_pooler(error):
            raise pooler_error(keys) from error
        raise
    if first.pid == second.pid:
        raise pooler_error(keys)
