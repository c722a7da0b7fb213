"""The schemas that one connection has attached, kept to what they should be."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from ..errors import ConnectionFailedError, NotSupportedError
from ..relation import quote_identifier
from .place import check_names, is_writable
from .problems import cannot_open_error, is_busy
from .schema_files import SchemaFile, SchemaFiles


class Attachments:
    """What a connection has attached. All of it happens in the connection's thread.

    Attributes:
        left_out: why a file that merely lies there isn't attached, by its schema.
    """

    def __init__(self, files: SchemaFiles) -> None:
        self.left_out: Mapping[str, str] = {}
        self._files = files
        self._attached: tuple[SchemaFile, ...] = ()

    @property
    def are_current(self) -> bool:
        """Whether they are the ones that the adapter knows."""
        return self._attached is self._files.attached

    def follow(self, database: sqlite3.Connection) -> None:
        """Make the connection's schemas those of `SchemaFiles`.

        SQLite can't detach within a transaction: there, what has gone stays to its end.

        Raises:
            ConnectionFailedError: a file of ours can't be opened.
            NotSupportedError: what is new has no room beside what can't be detached.
            sqlite3.OperationalError: another process has a file locked just now.
        """
        wanted = self._files.attached
        gone = [file for file in self._attached if file not in wanted]
        if not database.in_transaction:
            self._detach(database, gone)
            gone = []
        for file in wanted:
            if file not in self._attached:
                if gone:
                    self._check_room(file, gone)
                self._attach_if_possible(database, file)
                self._attached = (*self._attached, file)
        if not gone:
            self._attached = wanted

    def _detach(self, database: sqlite3.Connection, gone: list[SchemaFile]) -> None:
        for file in gone:
            if file.schema not in self.left_out:
                database.execute(f"DETACH {quote_identifier(file.schema)}")
            self.left_out = {
                schema: why for schema, why in self.left_out.items() if schema != file.schema
            }
            self._attached = tuple(other for other in self._attached if other is not file)

    def _check_room(self, file: SchemaFile, gone: list[SchemaFile]) -> None:
        is_again = any(other.schema.lower() == file.schema.lower() for other in gone)
        if is_again or len(self._attached) >= self._files.limit:
            raise NotSupportedError(
                f"the schema '{file.schema}' can't be attached within this transaction, which "
                f"still has {', '.join(repr(other.schema) for other in gone)} attached. Create "
                "the schema before it: in on-run-start, or in a hook with transaction: false."
            )

    def _attach_if_possible(self, database: sqlite3.Connection, file: SchemaFile) -> None:
        """Attach a file. One that merely lies there, and can't be read, is let be."""
        try:
            others = [other.path for other in self._attached]
            check_names(file.path, [self._files.main, *others])
            _attach(database, file)
        except (sqlite3.Error, OSError, ConnectionFailedError) as error:
            if is_busy(error):
                raise
            if not file.is_ours:
                self.left_out = {**self.left_out, file.schema: f"{file.path}: {error}"}
            elif isinstance(error, ConnectionFailedError):
                raise
            else:
                raise cannot_open_error(error, file.path) from error


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
