"""PostgreSQL's errors as ours: what happened, where, and what to do."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Iterator
from unicodedata import east_asian_width

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

DRIVER_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    ValueError,
)
"""What the driver raises; an OSError is the network's, a ValueError of text that is none.

An InternalClientError comes where a backend is terminated just as it is sent something.
"""

_READ_ONLY = "25006"

_HINTS = {
    "26000": "A pooler between us and the server must be in session mode (pool_mode = session).",
    "42P05": "A pooler between us and the server must be in session mode (pool_mode = session).",
    "25006": "The server is a standby, or its sessions are read-only: name another in 'host'.",
    "42501": "Grant it to the profile's user, or name another 'user' or 'role'.",
    "53100": "Make room on the server's disk.",
}
"""What to do, where the server doesn't say."""

_RETYPING = ("RememberAllDependentForRebuilding", "ATExecAlterColumnType")
"""The server's functions that refuse to change the type of a column that a view reads."""

_CERTIFICATE_KEYS = "'sslcert', 'sslkey' and 'sslrootcert'"
_OTHER_NAME = (62, 64)
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH."""

_LONGEST_LINE = 100
_CUT = "..."

_TYPES: dict[ErrorClass, type[DatabaseError]] = {
    ErrorClass.LOCKED: DatabaseLockedError,
    ErrorClass.LOST: ConnectionLostError,
    ErrorClass.TRANSIENT: TransientDatabaseError,
}


def connection_error(error: BaseException, keys: PostgresKeys) -> AdapterError:
    """Why there is no connection, in words, without a secret."""
    if isinstance(error, asyncpg.PostgresError):
        return _refusal(error, keys)
    if isinstance(error, ssl.SSLError):
        return ConnectionFailedError(_unencrypted(error, keys))
    return ConnectionFailedError(_unreachable(error, keys))


def _unreachable(error: BaseException, keys: PostgresKeys) -> str:
    """What kept us from the server, before it said a word."""
    place, said = keys.place, _first_line(error)
    match error:
        case socket.gaierror(errno=socket.EAI_AGAIN):
            return (
                f"the name '{keys.host}' can't be looked up just now ({said}): check the network, "
                "or 'host' in the profile."
            )
        case socket.gaierror():
            return f"no host is called '{keys.host}': check 'host' in the profile, and the network."
        case OSError() if _is_refused(error):
            return (
                f"nothing listens at {place}: start the server, or check 'host' and 'port' in "
                "the profile."
            )
        case FileNotFoundError() if keys.is_socket:
            return (
                f"there is no socket of a server at port {keys.port} in the directory "
                f"{keys.host}: start it, or check 'host' and 'port' in the profile."
            )
        case FileNotFoundError():
            return f"a certificate or key isn't there: check {_CERTIFICATE_KEYS} in the profile."
        case TimeoutError():
            return (
                f"{place} didn't answer within {keys.connect_timeout:g} s: check 'host' in the "
                "profile, firewalls on the way, or raise 'connect_timeout'."
            )
        case ConnectionError() if "rejected SSL" in said:
            return f"{place} has no encryption to offer: use sslmode: prefer or disable."
        case ConnectionError():
            return _closed(place, said)
        case asyncpg.InterfaceError() if "certificate" in said:
            return f"{said}: name the issuer's in 'sslrootcert', or use sslmode: require."
    return f"{place} can't be reached ({said})."


def _is_refused(error: OSError) -> bool:
    """Whether nothing listens, at none of the addresses that a name has.

    asyncio puts the errors of several addresses into the text of one that has no number.
    """
    if error.errno is not None or isinstance(error, ConnectionRefusedError):
        return isinstance(error, ConnectionRefusedError)
    codes = re.findall(r"\[Errno (\d+)\]", str(error))
    return bool(codes) and set(codes) == {str(errno.ECONNREFUSED)}


def _unencrypted(error: ssl.SSLError, keys: PostgresKeys) -> str:
    """Why server and client can't agree on encryption, or on who the server is."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"no encrypted connection to {keys.place} ({_first_line(error)}): check 'sslmode' and "
            f"the files of {_CERTIFICATE_KEYS} in the profile."
        )
    if error.verify_code in _OTHER_NAME:
        remedy = "give the 'host' that it is for, or use sslmode: verify-ca"
    else:
        remedy = "name its issuer's in 'sslrootcert', or use sslmode: require without 'sslrootcert'"
    why = error.verify_message.rstrip(".")
    return f"the certificate of {keys.place} can't be verified ({why}): {remedy}."


def _closed(place: str, said: str) -> str:
    return (
        f"{place} closed the connection before it was ready ({said}): see whether it is a "
        "PostgreSQL server, and what its log says."
    )


def _refusal(error: asyncpg.PostgresError, keys: PostgresKeys) -> AdapterError:
    """What a server says to somebody that it doesn't let in."""
    said, code = _first_line(error), error.sqlstate or ""
    if code.startswith("08"):
        return ConnectionFailedError(_closed(keys.place, said))
    if code == "53300":
        return TooManyConnectionsError(
            f"{keys.place} has no connection left ({said}): lower 'threads', or raise the "
            "server's max_connections.",
            code=code,
        )
    remedy = _remedy(code, keys, is_in=getattr(error, "severity_en", None) == "ERROR")
    return ConnectionFailedError(f"{keys.place} refuses the connection: {said} ({remedy}).")


def _remedy(code: str, keys: PostgresKeys, *, is_in: bool) -> str:
    """What to do about a refusal.

    Until somebody is in, errors are FATAL; what comes after that is about the session's settings.
    """
    match code:
        case "28P01" if keys.password is None:
            return f"give the 'password' of the user '{keys.user}' in the profile"
        case "28P01":
            return f"check 'password' in the profile for the user '{keys.user}'"
        case "28000":
            return "check 'user' and 'sslmode' in the profile, and the server's pg_hba.conf"
        case "3D000" | "55000":
            return "check 'dbname' in the profile, or create the database"
        case "57P03":
            return "it is starting or stopping: try again in a moment, or raise 'retries'"
        case "42501" if keys.role and is_in:
            return f"'role' in the profile must be one that '{keys.user}' is a member of"
        case "42501":
            return f"the user '{keys.user}' needs the right to connect to the database"
        case "22023" if keys.role:
            return "check 'role' in the profile"
        case "42601" if keys.search_path:
            return "check 'search_path' in the profile: names with commas between them"
    return "check the profile"


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
    return _TYPES.get(kind, DatabaseError)(
        _described(error, sql, offset), code=code, sql=sql, line=_line_of(error, sql, offset)
    )


def _described(error: BaseException, sql: str, offset: int) -> str:
    """What psql would say: the message, the line, and what else the server had to tell."""
    return "\n".join([_message(error), *_place_of(error, sql, offset), *_details(error)])


def _place_of(error: BaseException, sql: str, offset: int) -> list[str]:
    """The line of the statement, or of the function's own that it called."""
    inner: str | None = getattr(error, "internal_query", None)
    if inner:
        return _pointed(inner, int(getattr(error, "internal_position", None) or 0))
    return _pointed(sql, int(getattr(error, "position", None) or 0) - offset)


def _line_of(error: BaseException, sql: str, offset: int) -> str | None:
    """The whole text of the statement's line that an error is about."""
    place = int(getattr(error, "position", None) or 0) - offset - 1
    if not 0 <= place < len(sql):
        return None
    return sql[sql.rfind("\n", 0, place) + 1 :].split("\n", 1)[0]


def _details(error: BaseException) -> Iterator[str]:
    hint = getattr(error, "hint", None) or _HINTS.get(getattr(error, "sqlstate", None) or "")
    if not hint and getattr(error, "server_source_function", None) in _RETYPING:
        hint = "Run the model with --full-refresh, or drop the view and build it again afterwards."
    for label, value in (
        ("DETAIL", getattr(error, "detail", None)),
        ("HINT", hint),
        ("QUERY", getattr(error, "internal_query", None)),
        ("CONTEXT", getattr(error, "context", None)),
    ):
        if value:
            yield f"{label}:  {value}"


def _pointed(sql: str, position: int) -> list[str]:
    """The line of a position (from 1; one behind the end is the end), with a caret below it."""
    place = position - 1
    if not 0 <= place <= len(sql):
        return []
    start = sql.rfind("\n", 0, place) + 1
    end = sql.find("\n", place)
    line = sql[start : end if end >= 0 else len(sql)].rstrip().replace("\t", " ")
    before, line = _shortened(line, place - start)
    label = f"LINE {sql.count(chr(10), 0, place) + 1}: "
    return [label + line, " " * (len(label) + before) + "^"]


def _shortened(line: str, place: int) -> tuple[int, str]:
    """As much of a long line as is needed around a place, and the columns in front of that."""
    if len(line) > _LONGEST_LINE:
        start = max(0, min(place - _LONGEST_LINE // 2, len(line) - _LONGEST_LINE))
        end = start + _LONGEST_LINE
        front, back = _CUT if start else "", _CUT if end < len(line) else ""
        line, place = front + line[start:end] + back, place - start + len(front)
    wide = sum(east_asian_width(character) in "WF" for character in line[:place])
    return place + wide, line


def _message(error: BaseException) -> str:
    text = getattr(error, "message", None) or str(error) or type(error).__name__
    return str(text).strip()


def _first_line(error: BaseException) -> str:
    return _message(error).split("\n", 1)[0]
