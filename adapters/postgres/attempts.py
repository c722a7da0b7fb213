"""Statements that need locks, tried in short attempts, so that no reader waits long behind us."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path

import anyio

from ..errors import (
    ConnectionLostError,
    DatabaseError,
    DatabaseLockedError,
    TransientDatabaseError,
)
from ..relation import Relation
from .belongings import table_name
from .connection import SAVEPOINT, PostgresConnection
from .keys import PostgresKeys

HOLDERS = (Path(__file__).parent / "sql" / "holders.sql").read_text()

PASSING = (DatabaseLockedError, TransientDatabaseError)
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 2.0
# To plan what is asked of the catalog takes longer than to answer it: once a session is enough.
PLAN_ONCE = "SET LOCAL plan_cache_mode = force_generic_plan"
_RELEASE = f"RELEASE SAVEPOINT {SAVEPOINT}"
_ENDING = ("SET LOCAL lock_timeout TO DEFAULT", _RELEASE)
_ENDING_OF_ATTEMPTS = ("SET LOCAL plan_cache_mode TO DEFAULT", *_ENDING)
_ROLLING_BACK = f"ROLLBACK TO SAVEPOINT {SAVEPOINT}"


def with_lock_timeout(keys: PostgresKeys, statements: Iterable[str]) -> list[str]:
    """Statements that wait for their locks no longer than the profile says."""
    return [_lock_timeout(keys), *statements, *_ENDING]


def _beginning(keys: PostgresKeys) -> list[str]:
    return [f"SAVEPOINT {SAVEPOINT}", PLAN_ONCE, _lock_timeout(keys)]


def _lock_timeout(keys: PostgresKeys) -> str:
    return f"SET LOCAL lock_timeout = '{round(keys.lock_timeout * 1000)}ms'"


async def attempt(
    connection: PostgresConnection,
    keys: PostgresKeys,
    relation: Relation,
    work: Callable[[], Awaitable[None]],
    turn: anyio.Lock,
    locks: Callable[[], Sequence[str]] = tuple,
) -> None:
    """Do what needs locks, in a savepoint that it ends itself, until it gets them.

    Each attempt waits for `lock_timeout`, and new readers wait behind it for as long. Between
    attempts there is a pause in which they get through; an attempt that failed keeps no lock.
    Of the run's own nodes one makes an attempt at a time (`turn`): two of them with a view in
    common would each wait for what the other holds. `locks` gives what an attempt begins with.

    Raises:
        DatabaseLockedError: `swap_timeout` is over; says who holds the relation.
    """
    deadline = anyio.current_time() + keys.swap_timeout
    pause = _FIRST_PAUSE_SECONDS
    while True:
        async with turn:
            try:
                await connection.execute_all([*_beginning(keys), *locks()])
                await work()
            except ConnectionLostError:
                raise
            except PASSING as error:
                await connection.execute(_ROLLING_BACK)
                if anyio.current_time() + pause >= deadline:
                    raise await _locked(connection, keys, relation, error) from error
            except DatabaseError:
                await connection.execute(_ROLLING_BACK)
                raise
            else:
                return
        await anyio.sleep(pause * random.uniform(0.5, 1.5))
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


async def give_back_locks(connection: PostgresConnection) -> None:
    """End an attempt that has changed nothing, with the locks that it took."""
    await connection.execute_all([_ROLLING_BACK, _RELEASE])


async def execute_each(
    connection: PostgresConnection, keys: PostgresKeys, statements: Sequence[str]
) -> None:
    """Run statements in one message, which ends the savepoint that they are in.

    Raises:
        DatabaseError: one was refused, and which one; of a message that isn't always said.
    """
    try:
        await connection.execute_all([*statements, *_ENDING_OF_ATTEMPTS])
    except (*PASSING, ConnectionLostError):
        raise
    except DatabaseError as error:
        if len(statements) == 1:
            raise
        await connection.execute_all([_ROLLING_BACK, _lock_timeout(keys)])
        for sql in statements:
            await connection.execute(sql)
        raise error


async def _locked(
    connection: PostgresConnection, keys: PostgresKeys, relation: Relation, error: DatabaseError
) -> DatabaseLockedError:
    rows = await connection.ask(HOLDERS, table_name(relation))
    holders = dict.fromkeys(str(row[0]) for row in rows)
    by = f" by {', '.join(holders)}" if holders else ""
    return DatabaseLockedError(
        f"{relation.display_name} couldn't be exchanged: for {keys.swap_timeout:g} s it was kept "
        f"locked{by}. What was there still is. End that session, or raise 'swap_timeout' in the "
        "profile.",
        code=error.code,
        sql=error.sql,
    )
