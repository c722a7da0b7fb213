"""A swap in which the table stays, and its rows alone are swapped: see `RelationSwap`."""

from __future__ import annotations

from collections.abc import Sequence

from ..counting import kept
from ..relation import Relation, quote_identifier
from .belongings import table_name
from .sending import SendingConnection
from .table_rows import count_rows, empty, obstacles


async def swap_rows(
    connection: SendingConnection,
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
    found = (await obstacles(connection, old, "I")).names
    await connection.execute(insertion)
    arrived, wanted = (
        await count_rows(connection, own_rows),
        await count_rows(connection, table_name(new)),
    )
    if arrived != wanted:
        raise kept(old, f"{arrived} rows were there after INSERT, and not {wanted}", found)
    dropping = f"DROP TABLE {table_name(new)}"
    await connection.execute(dropping)
    return [f"DELETE FROM {own_rows}", insertion, dropping]
