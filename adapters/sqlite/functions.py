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
    database.create_aggregate(LISTAGG, -1, ListAggregate)  # type: ignore[arg-type] # it has what is asked for, with types


def _md5(value: object) -> str | None:
    """The digest of a text in hexadecimal, as PostgreSQL's function of that name gives it."""
    if value is None:
        return None
    data = value if isinstance(value, bytes) else str(value).encode()
    return md5(data, usedforsecurity=False).hexdigest()


class ListAggregate:
    """The values of a group as one text, in an order, which `group_concat` has since 3.44 only.

    headrace_listagg(value, delimiter, limit, key, is_descending, key, is_descending…); NULL values
    are left out.
    """

    def __init__(self) -> None:
        self._found: list[tuple[tuple[_Key, ...], str]] = []
        self._delimiter = ","
        self._descending: tuple[bool, ...] = ()
        self._limit: int | None = None

    def step(self, value: object, delimiter: object, limit: object, *order: object) -> None:
        self._delimiter = str(delimiter)
        self._descending = tuple(map(bool, order[1::2]))
        self._limit = limit if isinstance(limit, int) else None
        if value is not None:
            self._found.append((tuple(map(_sort_key, order[::2])), str(value)))

    def finalize(self) -> str | None:
        if not self._found:
            return None
        # The sort is stable, so that the last key is the first to sort by.
        for place in reversed(range(len(self._descending))):
            self._found.sort(key=lambda found: found[0][place], reverse=self._descending[place])
        values = [value for _, value in self._found]
        return self._delimiter.join(values[: self._limit])


_Key = tuple[bool, bool, object]


def _sort_key(value: object) -> _Key:
    """What a value is sorted by: NULL comes last, as in PostgreSQL; numbers come before texts."""
    return value is None, isinstance(value, str), value if value is not None else 0
