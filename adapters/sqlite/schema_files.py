"""Schemas as files: which schema lives in which file, and which files are attached.

`main` is the database's own file. Beside `warehouse/coffee.db`, the schema `staging` lives in
`warehouse/coffee.staging.db`; with a schema directory, in `<directory>/staging.db`.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from msgspec import Struct

from ..errors import NotSupportedError
from .keys import SqliteKeys
from .live_files import is_database

_UNSAFE = re.compile(r'[%./\\:*?"<>|\x00-\x1f\x7f]')
_CAN_BE_NAME = re.compile(r"[^\x00\ud800-\udfff]+")
_ESCAPE = re.compile(r"%([0-9a-f]+);")
_RESERVED = frozenset({"main", "temp"})


class SchemaFile(Struct, frozen=True, eq=False):
    """An attached schema. `is_ours`: the profile names it or a run made it just now.

    Only ours are switched to write-ahead logging; what was merely found stays as it is. A
    schema that was dropped and created again is another one, so they compare by identity.
    """

    schema: str
    path: Path
    is_ours: bool


class SchemaFiles:
    """The schemas beside `main`, shared by all connections of an adapter.

    `attached` is replaced and never changed, so that a connection sees by identity whether it
    is up to date, and its thread may read it at any time.

    Attributes:
        limit: how many files this build of SQLite attaches to one connection.
    """

    def __init__(self, keys: SqliteKeys, first: str | None = None) -> None:
        self.main = keys.path
        self.limit = attach_limit()
        self._first = (first or "").lower()
        self._directory = keys.schema_directory or keys.path.parent
        self._prefix = "" if keys.schema_directory else f"{keys.path.stem}."
        self._suffix = ".db" if keys.schema_directory else keys.path.suffix or ".db"
        self.attached: tuple[SchemaFile, ...] = ()
        for schema, path in keys.schema_paths.items():
            self._attach(SchemaFile(schema, path, is_ours=True))

    def __contains__(self, schema: str) -> bool:
        return schema.lower() == "main" or self.find(schema) is not None

    def find(self, schema: str) -> SchemaFile | None:
        """An attached schema. SQLite compares their names without case, in ASCII."""
        folded = schema.lower()
        return next((file for file in self.attached if file.schema.lower() == folded), None)

    def scan(self) -> list[SchemaFile]:
        """Look for files that are named like schemas. Blocks for a look into one directory."""
        if not self._directory.is_dir():
            return []
        known = {file.path for file in self.attached}
        return [
            SchemaFile(schema, path, is_ours=False)
            for path in sorted(self._directory.iterdir())
            if path not in known
            and (schema := self._schema_of(path.name)) is not None
            and is_database(path)
        ]

    def refresh(self, found: Iterable[SchemaFile]) -> None:
        """Attach what a scan found, as far as SQLite can: the target's schema before others."""
        known = {self.main, *(file.path for file in self.attached)}
        for file in sorted(found, key=lambda file: file.schema.lower() != self._first):
            if (
                file.path not in known
                and file.schema not in self
                and len(self.attached) < self.limit
            ):
                self._attach(file)

    def add(self, schema: str) -> SchemaFile:
        """Attach a new schema. Its file comes to be when a connection attaches it.

        Raises:
            NotSupportedError: SQLite can't attach that many, or it can't have that name.
        """
        if schema.lower() in _RESERVED or not _CAN_BE_NAME.fullmatch(schema):
            raise NotSupportedError(f"SQLite can't have a schema of the name {schema!r}.")
        file = SchemaFile(schema, self.path_of(schema), is_ours=True)
        if len(self.attached) >= self.limit:
            self._make_room()
        self._attach(file)
        return file

    def _make_room(self) -> None:
        """Detach a file that merely lay there: what the project builds comes first."""
        found = [
            file
            for file in self.attached
            if not file.is_ours and file.schema.lower() != self._first
        ]
        if found:
            self.attached = tuple(file for file in self.attached if file is not found[-1])

    def remove(self, schema: str) -> None:
        """Detach a schema, if it is attached."""
        file = self.find(schema)
        self.attached = tuple(other for other in self.attached if other is not file)

    def path_of(self, schema: str) -> Path:
        """The file that a schema lives in, unless the profile says otherwise.

        What could lead out of the directory is escaped, so that it is always one file name.
        """
        escaped = _UNSAFE.sub(lambda found: f"%{ord(found[0]):x};", schema)
        return self._directory / f"{self._prefix}{escaped}{self._suffix}"

    def _schema_of(self, file_name: str) -> str | None:
        middle = file_name.removeprefix(self._prefix).removesuffix(self._suffix)
        try:
            schema = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), middle)
        except (ValueError, OverflowError):
            return None
        is_named_so = self.path_of(schema).name == file_name
        can_be_name = _CAN_BE_NAME.fullmatch(schema) and schema.lower() not in _RESERVED
        return schema if is_named_so and can_be_name else None

    def _attach(self, file: SchemaFile) -> None:
        if len(self.attached) >= self.limit:
            raise NotSupportedError(
                f"no room for the schema '{file.schema}': this SQLite attaches at most "
                f"{self.limit} files to a connection, and has "
                f"{', '.join(sorted(other.schema for other in self.attached))}. Put models into "
                "fewer schemas, or move files that aren't needed to another directory."
            )
        self.attached = (*self.attached, file)


def attach_limit() -> int:
    """How many files this build of SQLite attaches (10 unless it was compiled otherwise)."""
    with closing(sqlite3.connect(":memory:")) as database:
        return database.getlimit(sqlite3.SQLITE_LIMIT_ATTACHED)
