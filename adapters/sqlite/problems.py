"""SQLite's errors as ours: what happened, to which file, and what to do."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

from ..errors import (
    ConnectionFailedError,
    DatabaseError,
    DatabaseLockedError,
    DatabaseReadOnlyError,
)

DRIVER_ERRORS = (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError)
"""What a statement can raise. ValueError and OverflowError are of values that don't fit."""

_PRIMARY = 0xFF
_BUSY_SNAPSHOT = 517

_REMEDIES = (
    (
        re.compile(r"cannot reference objects in database"),
        "SQLite can't keep a view over another schema: set materialized='table', or put both "
        "models into one schema.",
    ),
    (
        re.compile(r"^unknown database"),
        "A schema is a file beside the database's own; see that it exists and that SQLite "
        "could attach it.",
    ),
    (
        re.compile(r"^no such function"),
        f"SQLite {sqlite3.sqlite_version} hasn't got it: name an extension that has, in the "
        "profile's `extensions`, or write it with SQLite's own functions.",
    ),
    (
        re.compile(r"cannot VACUUM from within a transaction|within a transaction"),
        "In a hook, set transaction: false.",
    ),
    (
        re.compile(r"database or disk is full"),
        "Make room on the disk that holds {path} and on the one for temporary files.",
    ),
    (
        re.compile(r"disk image is malformed|malformed database schema"),
        "Look at what `PRAGMA integrity_check` says of {path}, or restore it from a backup.",
    ),
    (
        re.compile(r"unable to open database file"),
        "SQLite writes files beside {path}: that directory must be writable, and so must those "
        "of attached schemas.",
    ),
    (
        re.compile(r"database (table|schema) is locked"),
        "Another statement of the same connection still reads it.",
    ),
)


def is_busy(error: BaseException) -> bool:
    """Whether another connection holds a lock that waiting can get.

    A transaction that read before it wrote, and was overtaken, can't get it by waiting.
    """
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & _PRIMARY == sqlite3.SQLITE_BUSY and code != _BUSY_SNAPSHOT


def database_error(error: Exception, sql: str | None, path: Path) -> DatabaseError:
    """A failed statement. The caller chains it to its cause."""
    code: str | None = getattr(error, "sqlite_errorname", None)
    message = str(error)
    if code and code.startswith("SQLITE_READONLY"):
        return DatabaseReadOnlyError(
            f"{message}. {path}, the files of attached schemas and their directories must be "
            "writable.",
            code=code,
            sql=sql,
        )
    remedy = next((text for pattern, text in _REMEDIES if pattern.search(message)), None)
    if remedy:
        message = f"{message}. {remedy.format(path=path)}"
    return DatabaseError(message, code=code, sql=sql)


def locked_error(error: Exception, sql: str | None, path: Path, seconds: float) -> DatabaseError:
    """Another process kept a lock for as long as we wait."""
    return DatabaseLockedError(
        f"{path}, or the file of an attached schema, has been locked by another process for "
        f"{seconds:g} s. See which process has it open (`fuser {path}`) and let it end, or "
        "raise `lock_timeout` in the profile.",
        code=getattr(error, "sqlite_errorname", None),
        sql=sql,
    )


def transaction_gone_error(sql: str | None) -> DatabaseError:
    """The transaction ended before its block did, so what was in it may be lost."""
    return DatabaseError(
        "the transaction had ended before this statement: by an earlier error, or by a COMMIT or "
        "ROLLBACK in a hook or macro. Take it out there; a hook runs outside of the transaction "
        "with transaction: false.",
        sql=sql,
    )


def cannot_open_error(error: Exception, path: Path) -> ConnectionFailedError:
    """The file could not be opened, or is no database."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if name == "SQLITE_NOTADB":
        remedy = "Its content isn't SQLite's: name another file in the profile."
    elif name.startswith("SQLITE_BUSY"):
        remedy = "Another process has it locked: let that one end."
    else:
        remedy = "See that the file and its directory can be read and written, and aren't full."
    return ConnectionFailedError(f"{path} can't be opened as a database: {error}. {remedy}")
