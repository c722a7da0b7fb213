"""What is asked of files that others may have open: always by way of SQLite.

Each function opens a connection of its own for the length of a question, and waits for nobody.
SQLite's connections to one file share their locks within a process, whatever path leads there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from ..errors import DatabaseError
from .problems import is_busy


def is_database(path: Path) -> bool:
    """Whether a file is there that SQLite can read, empty ones aside."""
    try:
        if not path.is_file() or not path.stat().st_size:
            return False
        with closing(_open(path)) as database:
            database.execute("PRAGMA schema_version").close()
    except sqlite3.Error as error:
        return is_busy(error)
    except OSError:
        return False
    return True


def locked_files(paths: Iterable[Path]) -> list[Path]:
    """Those of the files that somebody keeps others from writing to."""
    found = []
    for path in paths:
        try:
            with closing(_open(path)) as database:
                database.execute("BEGIN EXCLUSIVE").close()
                database.execute("ROLLBACK").close()
        except sqlite3.Error as error:
            if is_busy(error):
                found.append(path)
    return found


def delete_database(path: Path) -> None:
    """Delete the file of an emptied schema, unless somebody has it open or has filled it again.

    A file that is deleted under somebody takes along whatever they write to it from then on.
    Write-ahead mode is left only where no other connection is there; and who opens the file
    after that waits for its lock, and SQLite refuses to write to what was deleted meanwhile.

    Raises:
        DatabaseError: it can't be deleted.
    """
    try:
        with closing(_open(path)) as database:
            (mode,) = database.execute("PRAGMA journal_mode=DELETE").fetchone()
            if mode != "delete":
                return
            database.execute("BEGIN EXCLUSIVE").close()
            is_empty = not database.execute("SELECT 1 FROM sqlite_master").fetchall()
            if is_empty:
                path.unlink(missing_ok=True)
            database.execute("ROLLBACK").close()
            if not is_empty:
                database.execute("PRAGMA journal_mode=WAL").close()
    except (sqlite3.Error, PermissionError):
        return
    except OSError as error:
        raise DatabaseError(f"{path} can't be deleted: {error}") from error


def _open(path: Path) -> sqlite3.Connection:
    """A connection to what is there: nothing is made."""
    return sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=0, isolation_level=None)
