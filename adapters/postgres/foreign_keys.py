"""Foreign keys that lead to a table that is built anew: see `KeepingKeys`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..connection_abilities import ForeignKey, IsOurs
from ..errors import DatabaseError
from ..relation import Relation
from .attempts import Surroundings, attempt, execute_each, give_back_locks
from .belongings import table_name
from .sending import SAVEPOINT, SendingConnection

_FOREIGN_KEYS = (Path(__file__).parent / "sql" / "foreign_keys.sql").read_text()
_REFERRED = """
SELECT DISTINCT pg_catalog.format('%I.%I', n.nspname, p.relname)
FROM pg_catalog.pg_constraint AS k
JOIN pg_catalog.pg_class AS p ON p.oid = k.confrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = p.relnamespace
WHERE k.contype = 'f' AND k.conrelid = pg_catalog.to_regclass($1::text)
  AND k.confrelid <> k.conrelid
  AND pg_catalog.has_table_privilege(p.oid, 'UPDATE, DELETE, TRUNCATE')
"""
_VIOLATED = "23503"
_UNFIT = frozenset({"42703", "42804", "42830", "42809", "42883"})
"""What the server says of a relation that has no such columns or key, or is none to refer to."""


class TakenKey(ForeignKey, frozen=True, kw_only=True):
    """A foreign key, with the statements that take it away, put it back, and validate it."""

    is_changeable: bool
    drop: str
    add: str
    validate: str
    violations: str


async def keys_to(
    connection: SendingConnection, relation: Relation | None, child: Relation | None = None
) -> list[TakenKey]:
    """The foreign keys from other tables to a relation, or those of a table that aren't valid."""
    names = [table_name(each) if each is not None else None for each in (relation, child)]
    place = relation or child
    assert place is not None
    return [
        TakenKey(
            child=place.incorporate({"schema": row[0], "identifier": row[1]}),
            name=row[2],
            columns=tuple(row[3]),
            is_changeable=row[4],
            drop=row[5],
            add=row[6],
            validate=row[7],
            violations=row[8],
            parent=row[9],
        )
        for row in await connection.ask(_FOREIGN_KEYS, *names)
    ]


def are_ours(keys: Sequence[TakenKey], is_ours: IsOurs) -> bool:
    """Whether all of them may be taken away: they are those of tables that the project builds."""
    return all(key.is_changeable and is_ours(key.child) for key in keys)


async def tables_referred_to(connection: SendingConnection, relation: Relation) -> list[str]:
    """The tables to which foreign keys of a relation lead, but for itself.

    They too are locked when it goes, since their triggers go with the keys.
    """
    return [str(row[0]) for row in await connection.ask(_REFERRED, table_name(relation))]


def lock_of(table: str) -> str:
    """The statement that locks a table, so that foreign keys may go."""
    return f"LOCK TABLE ONLY {table} IN ACCESS EXCLUSIVE MODE"


def children_of(keys: Sequence[TakenKey]) -> list[str]:
    """The tables that have them."""
    return [*dict.fromkeys(table_name(key.child) for key in keys)]


async def release(around: Surroundings, table: Relation) -> list[ForeignKey]:
    """Take the foreign keys of the project's own tables to a table away, and say which they are."""
    connection, taken = around.connection, list[TakenKey]()

    async def take() -> None:
        taken[:] = await keys_to(connection, table)
        if not are_ours(taken, around.is_ours):
            taken.clear()
        await execute_each(connection, around.keys, [key.drop for key in taken])

    found = await keys_to(connection, table)
    if found and are_ours(found, around.is_ours):
        locks = [lock_of(name) for name in (*children_of(found), table_name(table))]
        at_once = [f"{lock} NOWAIT" for lock in locks]
        await attempt(
            connection, around.keys, table, take, around.turn, lambda: locks, lambda: at_once
        )
    return list(taken)


async def put_back(around: Surroundings, key: ForeignKey) -> bool:
    """Put a key back that was taken away. Whether it still fits."""
    assert isinstance(key, TakenKey)
    connection = around.connection
    begin, end = f"SAVEPOINT {SAVEPOINT}", f"RELEASE SAVEPOINT {SAVEPOINT}"
    try:
        await connection.execute_all([begin, key.add, end])
    except DatabaseError as error:
        if error.code not in _UNFIT:
            raise
        await give_back_locks(connection)
        return False
    return True


async def validate(connection: SendingConnection, key: ForeignKey) -> None:
    """Have the server look at a key's rows.

    Raises:
        DatabaseError: rows have keys that aren't there; names a few of them.
    """
    assert isinstance(key, TakenKey)
    if connection.is_in_transaction:
        # An error of the server's own would be the end of the transaction.
        await _refuse_violations(connection, key)
        connection.defer(key.validate)
        return
    try:
        await connection.execute(key.validate)
    except DatabaseError as error:
        if error.code == _VIOLATED:
            # The table that it leads to may have got another name since.
            for found in await keys_to(connection, None, key.child):
                if found.name == key.name:
                    await _refuse_violations(connection, found)
        raise


async def _refuse_violations(connection: SendingConnection, key: TakenKey) -> None:
    found = (await connection.query(key.violations)).rows
    if not found:
        return
    shown, more = [], 0
    for *parts, row_count, key_count in found:
        rows = f"{row_count} row{'' if row_count == 1 else 's'}"
        shown.append(f"{' | '.join(map(str, parts))} ({rows})")
        more = int(str(key_count)) - len(found)
    others = f" and {more} more key{'' if more == 1 else 's'}" if more else ""
    raise DatabaseError(
        f"{key.title} can't be validated: in its rows are keys ({', '.join(key.columns)}) that "
        f"{key.parent} hasn't got: {', '.join(shown)}{others}. Mend these rows, or build the table "
        f"anew: run {key.child.identifier} with --full-refresh.",
        code=_VIOLATED,
    )
