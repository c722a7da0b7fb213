"""On which tables somebody has made something, without a look through the whole catalog each time.

SQLite's catalog has no index: who asks it for one table's indexes and triggers reads all of its
rows, which for each table of a project is the square of their number.
"""

from __future__ import annotations

import sqlite3

from .statements import Heading

_HARMLESS_VERBS = frozenset(
    {"select", "values", "insert", "replace", "update", "delete", "drop", "create"}
)


class KnownHandiwork:
    """The tables with indexes or triggers of one connection's schemas: these, and maybe fewer.

    What was read once holds for as long as the schema's version stays what this connection's last
    COMMIT has left, that is as long as nobody else has changed the schema. Of its own statements
    none that may make an index or a trigger leaves it. Nothing is kept of a transaction that
    isn't committed here: another connection's next version may have the number that it had.

    All of it happens in the connection's thread.
    """

    def __init__(self) -> None:
        self._tables: dict[str, frozenset[str]] = {}
        self._versions: dict[str, int] = {}
        self._checked: set[str] = set()
        """The schemas that were compared, or read, within the transaction that is open."""

    def may_be_on(self, database: sqlite3.Connection, schema: str, name: str) -> bool:
        """Whether somebody may have made something on a table, of a schema as it is quoted."""
        if not database.in_transaction:  # anybody may change the schema meanwhile
            return True
        if schema not in self._checked:
            if _version(database, schema) != self._versions.get(schema):
                self._tables[schema] = _tables(database, schema)
            self._checked.add(schema)
        # It takes as equal whatever SQLite does, which is ASCII's letters in either case.
        return name.casefold() in self._tables[schema]

    def note(self, heading: Heading) -> None:
        """Note a statement that was run."""
        is_harmless = heading.verb in _HARMLESS_VERBS
        if not is_harmless or (heading.verb == "create" and heading.kind is None):
            self.forget()

    def note_commit(self, database: sqlite3.Connection) -> dict[str, int]:
        """The versions that hold once the COMMIT has succeeded that comes now."""
        return {schema: _version(database, schema) for schema in self._checked}

    def committed(self, versions: dict[str, int]) -> None:
        """Keep what is known from now on. The rest is compared when it is asked for."""
        self._versions.update(versions)
        self._checked.clear()

    def forget(self) -> None:
        """Know nothing: after what may have made something, and whatever isn't committed."""
        self._tables.clear()
        self._versions.clear()
        self._checked.clear()


def _version(database: sqlite3.Connection, schema: str) -> int:
    (version,) = database.execute(f"PRAGMA {schema}.schema_version").fetchone()
    return int(version)


def _tables(database: sqlite3.Connection, schema: str) -> frozenset[str]:
    found = database.execute(
        f"SELECT tbl_name FROM {schema}.sqlite_master WHERE type IN ('index', 'trigger') "
        "AND sql IS NOT NULL"
    )
    return frozenset(str(name).casefold() for (name,) in found)
