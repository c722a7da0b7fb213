"""Foreign keys among the tables that the project builds: taken away, put back, and validated.

a parent's build: its rows or the table go, the key comes back → COMMIT → validate_keys_to
a child's build: a new table has its key from the contract; one that is added to → validate_keys_of
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ...adapters.connection_abilities import KeepingKeys
from ...adapters.errors import DatabaseError
from ...adapters.relation import Relation
from .node_build import NodeBuild


@asynccontextmanager
async def released_keys(build: NodeBuild, table: Relation) -> AsyncIterator[None]:
    """Let a table's rows go and come, to which keys of the project's own tables lead."""
    connection = build.connection
    if not isinstance(connection, KeepingKeys):
        yield
        return
    keys = await connection.release_keys(table, build.is_ours)
    yield
    await connection.put_back_keys(keys)
    build.swapped.foreign_keys += keys


async def validate_keys_to(build: NodeBuild) -> None:
    """Look at all rows that lead to a relation whose transaction is through.

    But for the keys of tables whose turn is yet to come: it is they who may have rows that no
    longer fit, and other ones when they have been built.

    Raises:
        DatabaseError: rows have keys that the relation hasn't got; names a few.
    """
    connection = build.connection
    for key in build.swapped.foreign_keys:
        if isinstance(connection, KeepingKeys) and not build.comes_anew(key):
            try:
                await connection.validate_key(key)
            except DatabaseError as error:
                raise DatabaseError(
                    f"{build.relation.display_name} was built, but {error}",
                    code=error.code,
                    sql=error.sql,
                ) from error


async def validate_keys_of(build: NodeBuild, table: Relation) -> None:
    """Look at all rows of a table that was added to, and whose parent was built anew.

    Raises:
        DatabaseError: rows have keys that the parent hasn't got; names a few.
    """
    connection = build.connection
    if isinstance(connection, KeepingKeys) and build.has_contract:
        for key in await connection.unvalidated_keys(table):
            await connection.validate_key(key)
