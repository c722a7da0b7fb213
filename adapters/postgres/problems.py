"""PostgreSQL's errors as ours: what happened, where, and what to do."""

from __future__ import annotations

import socket
import ssl

import asyncpg

from ..errors import (
    AdapterError,
    ConnectionFailedError,
    ConnectionLostError,
    DatabaseError,
    DatabaseLockedError,
    DatabaseReadOnlyError,
    TooManyConnectionsError,
    TransientDatabaseError,
)
from .keys import PostgresKeys
from .policy import ErrorClass, classify

DRIVER_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError)
"""What the driver raises; an OSError is the network's, a ValueError of text that is none."""

_READ_ONLY = "25006"
_WRONG_PASSWORD = ("28P01", "28000")
_NO_DATABASE = "3D000"
_NOT_READY = "57P03"
_NO_PRIVILEGE = "42501"

_TYPES: dict[ErrorClass, type[DatabaseError]] = {
    ErrorClass.LOCKED: DatabaseLockedError,
    ErrorClass.LOST: ConnectionLostError,
    ErrorClass.TRANSIENT: TransientDatabaseError,
}


def connection_error(error: BaseException, keys: PostgresKeys) -> AdapterError:
    """Why there is no connection, in words, without a secret."""
    if isinstance(error, asyncpg.PostgresError):
        return _refusal(error, keys)
    place = keys.place
    match error:
        case socket.gaierror():
            text = f"no host is called '{keys.host}': check 'host' in the profile, and the network."
        case ConnectionRefusedError():
            text = (
                f"nothing listens at {place}: start the server, or check 'host' and 'port' in "
                "the profile."
            )
        case FileNotFoundError():
            text = (
                f"there is no socket of a server at port {keys.port} in the directory "
                f"{keys.host}: start it, or check 'host' and 'port' in the profile."
            )
        case TimeoutError():
            text = (
                f"{place} didn't answer within {keys.connect_timeout:g} s: check 'host' in the "
                "profile, firewalls on the way, or raise 'connect_timeout'."
            )
        case ssl.SSLCertVerificationError():
            text = (
                f"the certificate of {place} can't be verified ({error.verify_message}): name "
                "its issuer's in 'sslrootcert', or use sslmode: require."
            )
        case ssl.SSLError():
            text = f"no encrypted connection to {place} ({_first_line(error)}): check 'sslmode'."
        case _ if "rejected SSL" in str(error):
            text = f"{place} has no encryption to offer: use sslmode: prefer or disable."
        case _:
            text = f"{place} can't be reached ({_first_line(error)})."
    return ConnectionFailedError(text)


def _refusal(error: asyncpg.PostgresError, keys: PostgresKeys) -> AdapterError:
    """What a server says to somebody that it doesn't let in."""
    said = _first_line(error)
    match error.sqlstate:
        case "28P01":
            remedy = f"check 'password' in the profile for the user '{keys.user}'"
        case "28000":
            remedy = "check 'user' and 'sslmode' in the profile, and the server's pg_hba.conf"
        case "3D000":
            remedy = "check 'dbname' in the profile, or create the database"
        case "53300":
            return TooManyConnectionsError(
                f"{keys.place} has no connection left ({said}): lower 'threads', or raise the "
                "server's max_connections.",
                code=error.sqlstate,
            )
        case "57P03":
            remedy = "it is starting or stopping: try again in a moment, or raise 'retries'"
        case "42501" if not keys.role:
            remedy = f"the user '{keys.user}' needs the right to connect to the database"
        case "42501":
            remedy = f"'role' in the profile must be one that '{keys.user}' is a member of"
        case "22023" if keys.role:
            remedy = "check 'role' in the profile"
        case _:
            remedy = "check the profile"
    return ConnectionFailedError(f"{keys.place} refuses the connection: {said} ({remedy}).")


def database_error(error: BaseException, sql: str, *, offset: int = 0) -> DatabaseError:
    """A statement's error, with the line that it is about, as psql shows it.

    `offset` is where in the message the statement began: PostgreSQL counts from there.
    """
    if isinstance(error, DatabaseError):
        return error
    if isinstance(error, UnicodeEncodeError):
        text = f"the SQL holds a character that is none: {error.object[error.start]!a}."
        return DatabaseError(text, sql=sql)
    kind = classify(error)
    code = getattr(error, "sqlstate", None)
    if code == _READ_ONLY:
        return DatabaseReadOnlyError(_described(error, sql, offset), code=code, sql=sql)
    if kind is ErrorClass.LOST:
        text = f"the connection to the server was lost: {_first_line(error)}"
        return ConnectionLostError(text, code=code, sql=sql)
    described = _described(error, sql, offset)
    if code == _NO_PRIVILEGE:
        described += "\nHINT:  Grant it to the profile's user, or name another 'user' or 'role'."
    return _TYPES.get(kind, DatabaseError)(described, code=code, sql=sql)


def _described(error: BaseException, sql: str, offset: int) -> str:
    parts = [_first_line(error)]
    place = int(getattr(error, "position", None) or 0) - offset
    if 0 < place <= len(sql):
        parts += _pointed(sql, place - 1)
    for name, label in (("detail", "DETAIL"), ("hint", "HINT"), ("context", "CONTEXT")):
        value = getattr(error, name, None)
        if value:
            parts.append(f"{label}:  {value}")
    return "\n".join(parts)


def _pointed(sql: str, place: int) -> list[str]:
    """The line of a position, with a caret below it."""
    start = sql.rfind("\n", 0, place) + 1
    end = sql.find("\n", place)
    line = sql[start : end if end >= 0 else len(sql)]
    number = sql.count("\n", 0, place) + 1
    label = f"LINE {number}: "
    return [label + line.rstrip(), " " * (len(label) + place - start) + "^"]


def _first_line(error: BaseException) -> str:
    text = getattr(error, "message", None) or str(error) or type(error).__name__
    return str(text).strip().split("\n", 1)[0]
