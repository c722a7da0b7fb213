"""Rows as the text that COPY reads, in its CSV format."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence

from ..errors import DatabaseError


async def csv_chunks(batches: Iterable[Sequence[Sequence[object]]]) -> AsyncIterator[bytes]:
    """Each batch as lines of CSV: a NULL is nothing at all, and a text always has its quotes.

    Raises:
        DatabaseError: a text holds a NUL character, which PostgreSQL can't keep.
    """
    for rows in batches:
        text = "".join([",".join(map(_field, row)) + "\n" for row in rows])
        if "\0" in text:
            raise DatabaseError("a value holds a NUL character, which PostgreSQL can't keep")
        yield text.encode()


def _field(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        doubled = value.replace('"', '""')
        return f'"{doubled}"'
    return str(value)
