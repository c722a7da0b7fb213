"""The schemas that one connection has attached, kept to what they should be."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from ..errors import ConnectionFailedError
from ..relation import quote_identifier
from .place import check_names, is_writable
from .problems import cannot_open_error, is_busy
from .schema_files import SchemaFile, SchemaFiles

_NO_ROOM = (
    "within this transaction there is no room for it, since what went to make room can't be "
    "detached there. Create the schema before the transaction: in on-run-start, or in a hook with "
    "transaction: false."
)


class Attachments:
    """What a connection has attached. All of it happens in the connection's thread.

    Attributes:
        left_out: why a schema isn't attached that should be, by its name.
    """

    def __init__(self, files: SchemaFiles) -> None:
        self.left_out: Mapping[str, str] = {}
        self._files = files
        self._attached: tuple[SchemaFile, ...] = ()
        self._followed: tuple[SchemaFile, ...] = ()

    @property
    def are_current(self) -> bool:
        """Whether they are the ones that the adapter knows."""
        return self._followed is self._files.attached

    def follow(self, database: sqlite3.Connection) -> None:
        """Make the connection's schemas those of `SchemaFiles`.

        SQLite can't detach within a transaction: there, what has gone stays to its end.

        Raises:
            ConnectionFailedError: a file of ours can't be opened.
            sqlite3.OperationalError: another process has a file locked just now.
        """
        wanted = self._files.attached
        gone = [file for file in self._attached if file not in wanted]
        if not database.in_transaction:
            for file in gone:
                database.execute(f"DETACH {quote_identifier(file.schema)}")
                self._attached = tuple(other for other in self._attached if other is not file)
            gone = []
        left_out: dict[str, str] = {}
        for file in wanted:
            if file in self._attached or any(other.path == file.path for other in gone):
                continue
            if gone and len(self._attached) >= self._files.limit:
                left_out[file.schema] = _NO_ROOM
            elif reason := self._attach_if_possible(database, file):
                left_out[file.schema] = reason
        self.left_out = left_out
        if not gone:
            self._followed = wanted

    def _attach_if_possible(self, database: sqlite3.Connection, file: SchemaFile) -> str | None:
        """Attach a file. One that merely lies there, and can't be read, is let be; says why."""
        try:
            others = [other.path for other in self._attached]
            check_names(file.path, [self._files.main, *others])
            _attach(database, file)
        except (sqlite3.Error, OSError, ConnectionFailedError) as error:
            if is_busy(error):
                raise
            if not file.is_ours:
                return f"{file.path}: {error}"
            if isinstance(error, ConnectionFailedError):
                raise
            raise cannot_open_error(error, file.path) from error
        self._attached = (*self._attached, file)
        return None


def _attach(database: sqlite3.Connection, file: SchemaFile) -> None:
    if file.is_ours:
        file.path.parent.mkdir(parents=True, exist_ok=True)
        database.execute("ATTACH ? AS ?", (str(file.path), file.schema))
    else:  # what was merely found isn't made, if it has gone meanwhile
        database.execute("ATTACH ? AS ?", (f"{file.path.as_uri()}?mode=rw", file.schema))
    if database.in_transaction:
        return  # these settings can't be changed there, and hold for a connection that was late
    schema = quote_identifier(file.schema)
    try:
        database.execute(f"PRAGMA {schema}.synchronous=NORMAL").close()
        if file.is_ours and is_writable(file.path):
            database.execute(f"PRAGMA {schema}.journal_mode=WAL").close()
    except sqlite3.Error:
        database.execute(f"DETACH {schema}")
        raise
