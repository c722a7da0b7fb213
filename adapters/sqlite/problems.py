"""SQLite's errors as ours: what happened, to which file, and what to do."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import (
    CommitInDoubtError,
    ConnectionFailedError,
    DatabaseError,
    DatabaseLockedError,
    DatabaseReadOnlyError,
    RelationChangedError,
    TransientDatabaseError,
)

DRIVER_ERRORS = (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError)
"""What a statement can raise. ValueError and OverflowError are of values that don't fit."""

_PRIMARY = 0xFF
_BUSY_SNAPSHOT = 517
_READONLY_MOVED = 1032
_WAITS_END = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_PROTOCOL})
"""SQLITE_PROTOCOL: many opened the log at the same moment, and SQLite has tried often enough."""
_OVERTAKEN = frozenset({_BUSY_SNAPSHOT, sqlite3.SQLITE_SCHEMA})
"""Others have written, or changed the schema, since this transaction read for the first time."""

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


_CHANGED = re.compile(r"already exists$|^there is already an?|^use DROP (?:VIEW|TABLE) to delete")
_COMMIT = "COMMIT"
_STOPS_COMMIT = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
_IN_PART = (
    "It is in doubt whether this was committed: each file is committed by itself, and if the "
    "transaction wrote to several, the first may have it. Look into them before it is run again."
)


def is_busy(error: BaseException, *, in_transaction: bool = False) -> bool:
    """Whether others were in the way of a statement that may succeed when it is run again.

    A transaction that read before it wrote, and was overtaken, gets no further by waiting; a
    statement outside of one does, since it begins anew.
    """
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return False
    if code in _OVERTAKEN:
        return not in_transaction
    return code & _PRIMARY in _WAITS_END


def has_moved(error: BaseException) -> bool:
    """Whether a file was deleted or moved under its connection, which is of no use any more."""
    return getattr(error, "sqlite_errorcode", None) == _READONLY_MOVED


def database_error(
    error: Exception,
    sql: str | None,
    path: Path,
    *,
    left_out: Mapping[str, str] | None = None,
    adds_to_several: bool = False,
) -> DatabaseError:
    """A failed statement. The caller chains it to its cause.

    `left_out` says of schemas why they aren't attached. With `adds_to_several`, the transaction may
    write to several files and isn't to be done twice: a COMMIT that stops on its way is in doubt.
    """
    code: str | None = getattr(error, "sqlite_errorname", None)
    message = str(error)
    if has_moved(error):
        return TransientDatabaseError(
            "the file of a schema was deleted or moved by another process meanwhile. Run again.",
            code=code,
            sql=sql,
        )
    if code and code.startswith("SQLITE_READONLY"):
        return DatabaseReadOnlyError(
            f"{message}. {path}, the files of attached schemas and their directories must be "
            "writable.",
            code=code,
            sql=sql,
        )
    if getattr(error, "sqlite_errorcode", None) in _OVERTAKEN:
        return TransientDatabaseError(
            "another process has written since this transaction read for the first time. Let it "
            "start with BEGIN IMMEDIATE.",
            code=code,
            sql=sql,
        )
    notes = _notes(str(error), path, left_out or {})
    if notes:
        message = f"{message}. {' '.join(notes)}"
    if adds_to_several and _stops_commit(error, sql):
        return CommitInDoubtError(f"{message} {_IN_PART}", sql=sql)
    if _CHANGED.search(str(error)):
        return RelationChangedError(message, code=code, sql=sql)
    return DatabaseError(message, code=code, sql=sql)


def _notes(said: str, path: Path, left_out: Mapping[str, str]) -> list[str]:
    """What there is to say of an error: what to do, and how things stand."""
    notes = [text.format(path=path) for pattern, text in _REMEDIES if pattern.search(said)][:1]
    for schema, why in left_out.items():
        if schema.casefold() in said.casefold():
            notes.append(f"The schema '{schema}' isn't attached: {why.rstrip('.')}.")
    return notes


def _stops_commit(error: Exception, sql: str | None) -> bool:
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return sql == _COMMIT and (code or 0) & _PRIMARY in _STOPS_COMMIT


def commit_goes_on_error(path: Path, seconds: float) -> CommitInDoubtError:
    """A COMMIT that was cancelled, and hasn't ended in the time that there is."""
    return CommitInDoubtError(
        f"it is in doubt whether this was committed to {path}: COMMIT has not ended within "
        f"{seconds:g} s of its cancellation, and may still go through. Look into the database "
        "before it is run again.",
        sql=_COMMIT,
    )


def locked_error(
    error: Exception, sql: str | None, path: Path, seconds: float, files: Sequence[Path]
) -> DatabaseError:
    """Another process kept a lock for as long as we wait: on these files, if it can be told."""
    named = " and ".join(map(str, files)) or f"{path}, or the file of an attached schema,"
    return DatabaseLockedError(
        f"{named} has been locked by another process for {seconds:g} s. See which process has it "
        f"open (`fuser {' '.join(map(str, files or [path]))}`) and let it end, or raise "
        "`lock_timeout` in the profile.",
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
        remedy = (
            "Another process has kept it locked: see which has it open (`fuser`) and let it end, "
            "or raise `lock_timeout` in the profile."
        )
    else:
        remedy = "See that the file and its directory can be read and written, and aren't full."
    return ConnectionFailedError(f"{path} can't be opened as a database: {error}. {remedy}")
