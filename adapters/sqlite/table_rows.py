"""The rows of a table that stays, and what keeps them: triggers with RAISE(IGNORE)."""

from __future__ import annotations

from ..base import Connection, Deferred, Response
from ..counting import change_of, kept
from ..relation import Relation, quote_identifier
from .statements import literal, split_script

_ROW = ("rowid",)


async def obstacles(connection: Connection, relation: Relation) -> list[str]:
    """What may keep the rows of a table."""
    schema = quote_identifier(relation.schema or "main")
    found = await connection.query(
        f"SELECT 'trigger ' || name FROM {schema}.sqlite_master WHERE type = 'trigger' "
        f"AND tbl_name = {literal(relation.identifier or '')} COLLATE NOCASE "
        "AND sql LIKE '%raise%ignore%' ORDER BY name"
    )
    return [str(row[0]) for row in found.rows]


async def empty(connection: Connection, relation: Relation) -> None:
    """Delete all rows of a table.

    Raises:
        DatabaseError: some are left; names what may have kept them.
    """
    await connection.execute(f"DELETE FROM {relation.render()}")
    left = await _count(connection, f"SELECT count(*) FROM {relation.render()}")
    if left:
        causes = await obstacles(connection, relation)
        raise kept(relation, f"{left} rows were there after DELETE", causes)


async def write(connection: Connection, relation: Relation, sql: str) -> Deferred:
    """Run statements that change a table's rows, and see that each does all that it says.

    Raises:
        DatabaseError: rows stayed or didn't come; names what may have kept them.
    """
    causes = await obstacles(connection, relation)
    if not causes:
        return connection.defer(sql, wants_response=True)
    response = Response("OK")
    for statement in split_script(sql):
        change = change_of(statement.rstrip().rstrip(";"), _ROW)
        if not change.counting:
            response = await connection.execute(change.sql)
            continue
        wanted = await _count(connection, change.counting)
        response = await connection.execute(change.sql)
        change.check(relation, wanted, response, causes)
    return Deferred(sql, response=response)


async def _count(connection: Connection, sql: str) -> int:
    ((count,),) = (await connection.query(sql)).rows
    return count if isinstance(count, int) else 0
