"""Functions that other databases have, and that SQLite's own connections get from us.

A view that uses one of them can be read only where it is there.
"""

from __future__ import annotations

import sqlite3
from hashlib import md5

LISTAGG = "headrace_listagg"


def add_functions(database: sqlite3.Connection) -> None:
    """Give a connection the functions that our macros call."""
    database.create_function("md5", 1, _md5, deterministic=True)
    database.create_aggregate(LISTAGG, 5, ListAggregate)  # type: ignore[arg-type] # it has what is asked for, with types


def _md5(value: object) -> str | None:
    """The digest of a text in hexadecimal, as PostgreSQL's function of that name gives it."""
    if value is None:
        return None
    data = value if isinstance(value, bytes) else str(value).encode()
    return md5(data, usedforsecurity=False).hexdigest()


class ListAggregate:
    """The values of a group as one text, in an order, which `group_concat` has since 3.44 only.

    headrace_listagg(value, delimiter, key, is_descending, limit); NULL values are left out.
    """

    def __init__(self) -> None:
        self._found: list[tuple[tuple[bool, bool, object], str]] = []
        self._delimiter = ","
        self._is_descending = False
        self._limit: int | None = None

    def step(
        self, value: object, delimiter: object, key: object, descending: object, limit: object
    ) -> None:
        self._delimiter, self._is_descending = str(delimiter), bool(descending)
        self._limit = limit if isinstance(limit, int) else None
        if value is not None:
            # NULL keys come last, as in PostgreSQL; numbers before texts, as in SQLite.
            order = (key is None, isinstance(key, str), key if key is not None else 0)
            self._found.append((order, str(value)))

    def finalize(self) -> str | None:
        if not self._found:
            return None
        self._found.sort(key=lambda found: found[0], reverse=self._is_descending)
        values = [value for _, value in self._found]
        return self._delimiter.join(values[: self._limit])
