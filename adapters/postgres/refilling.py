"""A table that stays, and gets the rows of another one: where nothing can take its place.

DELETE empties what it is told to only where no trigger, rule or policy has a say. So the rows are
counted before and after, in a table that nobody else writes to meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import DatabaseError
from ..relation import Relation, quote_identifier
from .belongings import table_name
from .connection import PostgresConnection

_OBSTACLES = (Path(__file__).parent / "sql" / "obstacles.sql").read_text()
_REFUSED = "42501"
_SECURITY_OFF = "SET LOCAL row_security = off"
"""With it what policies would hide from us is an error, and not passed over."""
_SECURITY_ON = "SET LOCAL row_security TO DEFAULT"


async def refill(
    connection: PostgresConnection,
    old: Relation,
    new: Relation,
    own_rows: str,
    column_names: Sequence[str],
) -> list[str]:
    """Give a table the rows of another one, which goes. The statements that did it.

    `own_rows` stands for the table's own rows, without those of tables that inherit from it.

    Raises:
        DatabaseError: rows didn't go, or didn't come; names what may have kept them.
    """
    await empty(connection, old, own_rows)
    names = ", ".join(map(quote_identifier, column_names))
    insertion = (
        f"INSERT INTO {table_name(old)} ({names}) OVERRIDING SYSTEM VALUE "
        f"SELECT {names} FROM {table_name(new)}"
    )
    found = await obstacles(connection, old, "I")
    await connection.execute(insertion)
    arrived, wanted = await _count(connection, own_rows), await _count(connection, table_name(new))
    if arrived != wanted:
        raise kept(old, f"{arrived} rows were there after INSERT, and not {wanted}", found)
    dropping = f"DROP TABLE {table_name(new)}"
    await connection.execute(dropping)
    return [f"DELETE FROM {own_rows}", insertion, dropping]


async def empty(connection: PostgresConnection, relation: Relation, own_rows: str) -> None:
    """Delete all rows of a table.

    Raises:
        DatabaseError: rows are left; names what may have kept them.
    """
    found = await obstacles(connection, relation, "D")
    await connection.execute(_SECURITY_OFF)
    try:
        before = await _count(connection, own_rows)
        await connection.execute(f"DELETE FROM {own_rows}")
        left = await _count(connection, own_rows)
    except DatabaseError as error:
        if error.code != _REFUSED:
            raise
        raise kept(relation, str(error).split("\n", 1)[0], found) from error
    if left:
        raise kept(relation, f"{left} of its {before} rows were there after DELETE", found)
    await connection.execute(_SECURITY_ON)


async def obstacles(connection: PostgresConnection, relation: Relation, doing: str) -> list[str]:
    """What may keep a relation's rows from going, coming or changing, in PostgreSQL's words.

    `doing` has the letters of what is done: D for DELETE, I for INSERT, U for UPDATE.
    """
    rows = await connection.fetch(_OBSTACLES, table_name(relation), doing)
    return [str(row[0]) for row in rows]


def kept(relation: Relation, what: str, causes: Sequence[str]) -> DatabaseError:
    """An error that says what happened to the rows, and what may be the cause."""
    cause = f", because of {', '.join(causes)}" if causes else ""
    return DatabaseError(
        f"{relation.display_name} can't be given its rows: {what}{cause}. Nothing was "
        "changed. Drop or disable what keeps rows from going and coming, and run again."
    )


async def _count(connection: PostgresConnection, own_rows: str) -> int:
    rows = await connection.ask(f"SELECT count(*) FROM {own_rows}")
    return int(rows[0][0])
