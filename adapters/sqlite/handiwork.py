"""What somebody has made on a relation, and goes with it: indexes and triggers.

SQLite keeps the text of each, so that it can be made again on what takes the relation's place.
Views name what they read, and stay by themselves.
"""

from __future__ import annotations

import re
import sqlite3
from functools import partial

from ..relation import Relation, quote_identifier
from .batch import Work
from .known_handiwork import KnownHandiwork

_MADE = "CREATE (?:UNIQUE )?(?:INDEX|TRIGGER) "
"""How SQLite begins their texts, whatever was said; the name follows, without its schema."""


class Handiwork:
    """remembering → (the relation goes, and another one comes) → restoring, each in a batch."""

    def __init__(self, relation: Relation) -> None:
        self._schema = quote_identifier(relation.schema or "main")
        self._name = relation.identifier or ""
        self._display_name = relation.display_name
        self._texts: list[tuple[str, str, str]] = []
        self.remembering = Work("SELECT sql FROM sqlite_master", self._remember)

    def restoring(self, name: str) -> Work:
        """What makes all of it again on the relation that has a name by then, if there is one."""
        return Work("CREATE INDEX", partial(self._restore, name))

    def _remember(self, database: sqlite3.Connection, known: KnownHandiwork) -> None:
        if not known.may_be_on(database, self._schema, self._name):
            self._texts = []
            return
        found = database.execute(
            f"SELECT type, name, sql FROM {self._schema}.sqlite_master WHERE type IN "
            "('index', 'trigger') AND sql IS NOT NULL AND tbl_name = ? COLLATE NOCASE",
            (self._name,),
        )
        self._texts = [(str(kind), str(name), str(sql)) for kind, name, sql in found]

    def _restore(self, name: str, database: sqlite3.Connection, known: KnownHandiwork) -> None:
        if self._texts:
            known.forget()
        for kind, own_name, sql in self._texts:
            # What is there by that name was made by a hook, or the relation is gone for good.
            if self._is_there(database, own_name) or not self._is_there(database, name):
                continue
            try:
                database.execute(self._on(sql, name))
            except sqlite3.OperationalError as error:
                code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
                if code != sqlite3.SQLITE_ERROR:
                    raise
                raise sqlite3.OperationalError(
                    f"{kind} {own_name} of {self._display_name}, which this project didn't make, "
                    f"no longer fits: {error}. Change or drop it, and run again"
                ) from error

    def _is_there(self, database: sqlite3.Connection, name: str) -> bool:
        found = database.execute(
            f"SELECT 1 FROM {self._schema}.sqlite_master WHERE name = ? COLLATE NOCASE", (name,)
        )
        return found.fetchone() is not None

    def _on(self, sql: str, name: str) -> str:
        """A text with its schema, and with another table's name where that is another by now."""
        made = re.match(_MADE, sql)
        assert made is not None, "SQLite begins the text itself"
        head, rest = made.group(), sql[made.end() :]
        if name != self._name:
            old = re.escape(self._name)
            rest = re.sub(
                rf"""(\bON\s+)(?:"{old}"|'{old}'|`{old}`|\[{old}\]|{old}\b)""",
                lambda found: found[1] + quote_identifier(name),
                rest,
                count=1,
                flags=re.IGNORECASE,
            )
        return f"{head}{self._schema}.{rest}"
