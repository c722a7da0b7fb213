"""The rows of a table that stays: how it is emptied and changed.

DELETE empties what it is told to, and INSERT fills it, only where no trigger, rule or policy has a
say. So the rows are counted before and after, in a table that nobody else writes to meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from ..answers import Deferred, Response
from ..counting import Change, change_of, kept
from ..errors import DatabaseError
from ..relation import Relation
from .belongings import table_name
from .sending import SendingConnection
from .statements import split


class Obstacles(Struct, frozen=True):
    """What may keep a relation's rows from going, coming or changing, in PostgreSQL's words.

    `has_children` says that tables inherit from it, which statements are to leave alone.
    """

    names: tuple[str, ...] = ()
    has_children: bool = False
    is_partitioned: bool = False


_OBSTACLES = (Path(__file__).parent / "sql" / "obstacles.sql").read_text()
_ROW = ("tableoid", "ctid")
_REFUSED = "42501"
_SECURITY_OFF = "SET LOCAL row_security = off"
"""With it what policies would hide from us is an error, and not passed over."""
_SECURITY_ON = "SET LOCAL row_security TO DEFAULT"


async def empty(connection: SendingConnection, relation: Relation, own_rows: str) -> None:
    """Delete all rows of a table.

    Raises:
        DatabaseError: rows are left; names what may have kept them.
    """
    found = (await obstacles(connection, relation, "D")).names
    await connection.execute(_SECURITY_OFF)
    try:
        before = await count_rows(connection, own_rows)
        await connection.execute(f"DELETE FROM {own_rows}")
        left = await count_rows(connection, own_rows)
    except DatabaseError as error:
        if error.code != _REFUSED:
            raise
        raise kept(relation, str(error).split("\n", 1)[0], found) from error
    if left:
        raise kept(relation, f"{left} of its {before} rows were there after DELETE", found)
    await connection.execute(_SECURITY_ON)


async def obstacles(connection: SendingConnection, relation: Relation, doing: str) -> Obstacles:
    """What may keep a relation's rows from going, coming or changing.

    `doing` has the letters of what is done: D for DELETE, I for INSERT, U for UPDATE.
    """
    rows = await connection.fetch(_OBSTACLES, table_name(relation), doing)
    kinds = {str(row[0]) for row in rows}
    return Obstacles(
        tuple(str(row[1]) for row in rows if row[0] == "obstacle"),
        has_children="children" in kinds,
        is_partitioned="partitions" in kinds,
    )


async def empty_alone(connection: SendingConnection, relation: Relation) -> None:
    """Delete all rows of a table, to which nobody else writes until the transaction ends.

    Raises:
        DatabaseError: rows are left; names what may have kept them.
    """
    if not connection.is_in_transaction:
        async with connection.transaction():
            await empty_alone(connection, relation)
        return
    found = await obstacles(connection, relation, "D")
    name = table_name(relation)
    own_rows = name if found.is_partitioned else f"ONLY {name}"
    await connection.execute(f"LOCK TABLE {own_rows} IN EXCLUSIVE MODE")
    await empty(connection, relation, own_rows)


async def write(connection: SendingConnection, relation: Relation, sql: str) -> Deferred:
    """Run statements that change a table's rows, and see that each does all that it says.

    Where nothing may keep rows, they are not looked at, and go with what comes next.

    Raises:
        DatabaseError: rows stayed or didn't come; names what may have kept them.
    """
    found = await obstacles(connection, relation, "DIU")
    if not found.names and not found.has_children:
        return connection.defer(sql, wants_response=True)
    name = table_name(relation)
    if found.names:
        await connection.execute(f"LOCK TABLE {name} IN EXCLUSIVE MODE")
    response = Response("OK")
    for statement in split(sql):
        change = change_of(statement, _ROW, only=found.has_children)
        response = await _changed(connection, relation, change, found.names)
    return Deferred(sql, response=response)


async def _changed(
    connection: SendingConnection, relation: Relation, change: Change, causes: Sequence[str]
) -> Response:
    """Run one statement, and hold what it has changed against what it should."""
    if not change.counting or not causes:
        return await connection.execute(change.sql)
    if change.reads:
        await connection.execute(_SECURITY_OFF)
    try:
        wanted = int((await connection.query(change.counting)).rows[0][0])  # type: ignore[call-overload] # a count
        response = await connection.execute(change.sql)
    except DatabaseError as error:
        if error.code != _REFUSED or not change.reads:
            raise
        raise kept(relation, str(error).split("\n", 1)[0], causes) from error
    change.check(relation, wanted, response, causes)
    if change.reads:
        await connection.execute(_SECURITY_ON)
    return response


async def count_rows(connection: SendingConnection, own_rows: str) -> int:
    """How many rows there are, of what stands for them in a statement."""
    rows = await connection.ask(f"SELECT count(*) FROM {own_rows}")
    return int(rows[0][0])
