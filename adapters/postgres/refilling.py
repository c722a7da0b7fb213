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
    await connection.execute(_SECURITY_OFF)
    deletion = f"DELETE FROM {own_rows}"
    await empty(connection, old, own_rows)
    names = ", ".join(map(quote_identifier, column_names))
    insertion = (
        f"INSERT INTO {table_name(old)} ({names}) OVERRIDING SYSTEM VALUE "
        f"SELECT {names} FROM {table_name(new)}"
    )
    await connection.execute(insertion)
    arrived, wanted = await _count(connection, own_rows), await _count(connection, table_name(new))
    if arrived != wanted:
        raise await _kept(
            connection, old, "I", f"{arrived} rows were there after INSERT, and not {wanted}"
        )
    dropping = f"DROP TABLE {table_name(new)}"
    await connection.execute_all([dropping, _SECURITY_ON])
    return [deletion, insertion, dropping]


async def empty(connection: PostgresConnection, relation: Relation, own_rows: str) -> None:
    """Delete all rows of a table.

    Raises:
        DatabaseError: rows are left; names what may have kept them.
    """
    try:
        before = await _count(connection, own_rows)
        await connection.execute(f"DELETE FROM {own_rows}")
        left = await _count(connection, own_rows)
    except DatabaseError as error:
        if error.code != _REFUSED:
            raise
        raise await _kept(connection, relation, "D", str(error).split("\n", 1)[0]) from error
    if left:
        what = f"{left} of its {before} rows were still there after DELETE"
        raise await _kept(connection, relation, "D", what)


async def obstacles(connection: PostgresConnection, relation: Relation, doing: str) -> list[str]:
    """What may keep a relation's rows from going, coming or changing, in PostgreSQL's words."""
    rows = await connection.fetch(_OBSTACLES, table_name(relation), doing)
    return [str(row[0]) for row in rows]


async def _kept(
    connection: PostgresConnection, relation: Relation, doing: str, what: str
) -> DatabaseError:
    """An error that says what happened to the rows, and what may be the cause."""
    found = await obstacles(connection, relation, doing)
    cause = f", because of {', '.join(found)}" if found else ""
    return DatabaseError(
        f"{relation.display_name} can't be given its rows anew: {what}{cause}. Nothing was "
        "changed. Drop or disable what keeps rows from going and coming, and run again."
    )


async def _count(connection: PostgresConnection, own_rows: str) -> int:
    rows = await connection.ask(f"SELECT count(*) FROM {own_rows}")
    return int(rows[0][0])
