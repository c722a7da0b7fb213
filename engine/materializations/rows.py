"""The rows of a table that stays: nothing else may have a say in which go and which come."""

from __future__ import annotations

from ...adapters.base import Deferred
from ...adapters.connection_abilities import Counting
from ...adapters.counting import kept
from ...adapters.relation import Relation
from .node_build import NodeBuild


async def write_rows(build: NodeBuild, relation: Relation, sql: str) -> Deferred:
    """Run statements that add rows to a table, and take others out of it.

    Raises:
        DatabaseError: rows stayed or didn't come, because of a trigger for example.
    """
    if not isinstance(build.connection, Counting):
        return build.defer(sql, wants_response=True)
    build.executed.append(sql)
    return await build.connection.write_rows(relation, sql)


async def empty_table(build: NodeBuild, relation: Relation) -> None:
    """Delete all rows of a table.

    Raises:
        DatabaseError: some are left, because of a trigger for example.
    """
    if isinstance(build.connection, Counting):
        build.executed.append(f"delete from {relation}")
        await build.connection.empty_table(relation)
        return
    await build.execute(f"delete from {relation}")
    left = await _count(build, relation)
    if left:
        raise kept(relation, f"{left} rows were there after DELETE", [])


async def check_arrival(build: NodeBuild, relation: Relation, sent: int, arrived: int) -> None:
    """See that all rows which a table was sent are in it. It says how many have `arrived`.

    Raises:
        DatabaseError: they aren't, because of a trigger for example.
    """
    causes: list[str] = []
    if isinstance(build.connection, Counting):
        if arrived != sent:
            causes = await build.connection.obstacles(relation)
    else:
        arrived = await _count(build, relation)
    if arrived != sent:
        raise kept(relation, f"{arrived} rows arrived, and not {sent}", causes)


async def _count(build: NodeBuild, relation: Relation) -> int:
    found = await build.connection.query(f"select count(*) from {relation}")
    return int(str(found.rows[0][0]))
