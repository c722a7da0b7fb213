"""Which errors of PostgreSQL may pass by themselves, by SQLSTATE.

The codes are those of https://www.postgresql.org/docs/current/errcodes-appendix.html.
"""

from __future__ import annotations

import re
import socket
import ssl
from enum import StrEnum

import asyncpg


class ErrorClass(StrEnum):
    """What an error asks of us."""

    USER = "user"
    """Somebody has to mend something: a query, a right, a disk. Never tried again."""
    TRANSIENT = "transient"
    """Another transaction was in the way: the same may succeed now."""
    LOCKED = "locked"
    """A lock wasn't to be had in time."""
    CROWDED = "crowded"
    """The server has no connection left for us."""
    LOST = "lost"
    """The connection is gone, and its transaction with it."""
    CANCELLED = "cancelled"
    """Somebody cancelled the statement at the server."""


_BY_CODE = {
    "40001": ErrorClass.TRANSIENT,  # serialization_failure
    "40P01": ErrorClass.TRANSIENT,  # deadlock_detected
    "55P03": ErrorClass.LOCKED,  # lock_not_available
    "53300": ErrorClass.CROWDED,  # too_many_connections
    "57014": ErrorClass.CANCELLED,  # query_canceled
    "57P01": ErrorClass.LOST,  # admin_shutdown
    "57P02": ErrorClass.LOST,  # crash_shutdown
    "57P03": ErrorClass.LOST,  # cannot_connect_now
    "57P05": ErrorClass.LOST,  # idle_session_timeout
    "25P03": ErrorClass.LOST,  # idle_in_transaction_session_timeout
}
_CONNECTION_EXCEPTION = "08"
_INTERNAL_ERROR = "XX000"
_UNIQUE_VIOLATION = "23505"
_DUPLICATE_OBJECT = "42710"
_MAKERS_OF_TYPES = ("TypeCreate", "RenameTypeInternal")
_DERIVED_NAME = re.compile(r"\W_")
_CONCURRENTLY = (
    "tuple concurrently updated",
    "tuple concurrently deleted",
    # What a statement has looked up by its name is gone by the time that it opens it.
    "could not open relation with OID",
    "cache lookup failed for",
)


def classify(error: BaseException) -> ErrorClass:
    """What an error of the driver or the network is."""
    if isinstance(error, asyncpg.PostgresError):
        code = error.sqlstate or ""
        if code.startswith(_CONNECTION_EXCEPTION):
            return ErrorClass.LOST
        if code == _INTERNAL_ERROR and str(error).startswith(_CONCURRENTLY):
            return ErrorClass.TRANSIENT
        if _is_of_derived_name(error, code):
            return ErrorClass.TRANSIENT
        return _BY_CODE.get(code, ErrorClass.USER)
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
        return ErrorClass.LOST  # the names' server didn't answer
    if isinstance(error, (socket.gaierror, ssl.SSLError)):
        return ErrorClass.USER
    if isinstance(
        error,
        (OSError, TimeoutError, asyncpg.ConnectionDoesNotExistError, asyncpg.InternalClientError),
    ):
        return ErrorClass.LOST
    if isinstance(error, asyncpg.InterfaceError) and "closed" in str(error):
        return ErrorClass.LOST
    return ErrorClass.USER


def _is_of_derived_name(error: asyncpg.PostgresError, code: str) -> bool:
    """Whether two made something at the same time whose name PostgreSQL derives from ours.

    The array types of tables with a long common prefix, for example. PostgreSQL looks for a name
    that is free, and somebody else may have taken it before the type is there, or is renamed.
    """
    if code == _UNIQUE_VIOLATION:
        return error.schema_name == "pg_catalog"
    is_of_type = getattr(error, "server_source_function", None) in _MAKERS_OF_TYPES
    return code == _DUPLICATE_OBJECT and is_of_type and _DERIVED_NAME.search(str(error)) is not None
