"""Statements that need locks, tried in short attempts, so that no reader waits long behind us."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import anyio
from msgspec import Struct

from ..backoff import Backoff
from ..connection_abilities import IsOurs
from ..errors import ConnectionLostError, DatabaseError, DatabaseLockedError, TransientDatabaseError
from ..relation import Relation
from .belongings import table_name
from .keys import PostgresKeys
from .sending import SAVEPOINT, SendingConnection

_HOLDERS = (Path(__file__).parent / "sql" / "holders.sql").read_text()

PASSING = (DatabaseLockedError, TransientDatabaseError)
_BACKOFF = Backoff(first=0.1, limit=2.0, jitter=(0.5, 1.5))
_MOMENTS = 25
_MOMENT_SECONDS = 0.01
# To plan what is asked of the catalog takes longer than to answer it: once a session is enough.
PLAN_ONCE = "SET LOCAL plan_cache_mode = force_generic_plan"
_RELEASE = f"RELEASE SAVEPOINT {SAVEPOINT}"
ENDING = ("SET LOCAL lock_timeout TO DEFAULT", _RELEASE)
_ENDING_OF_ATTEMPTS = ("SET LOCAL plan_cache_mode TO DEFAULT", *ENDING)
_ROLLING_BACK = f"ROLLBACK TO SAVEPOINT {SAVEPOINT}"


class Surroundings(Struct, frozen=True):
    """Where swaps are made.

    `turn` is what those of the same run take turns by; `is_ours` says what the project builds.
    """

    connection: SendingConnection
    keys: PostgresKeys
    is_ours: IsOurs
    turn: anyio.Lock


def _beginning(keys: PostgresKeys) -> list[str]:
    return [f"SAVEPOINT {SAVEPOINT}", PLAN_ONCE, lock_timeout(keys)]


def lock_timeout(keys: PostgresKeys) -> str:
    """Have what follows wait for its locks no longer than the profile says, up to `ENDING`."""
    return f"SET LOCAL lock_timeout = '{round(keys.lock_timeout * 1000)}ms'"


async def attempt(
    connection: SendingConnection,
    keys: PostgresKeys,
    relation: Relation,
    work: Callable[[], Awaitable[None]],
    turn: anyio.Lock,
    locks: Callable[[], Sequence[str]] = tuple,
    at_once: Callable[[], Sequence[str]] = tuple,
) -> None:
    """Do what needs locks, in a savepoint that it ends itself, until it gets them.

    Each attempt waits for `lock_timeout`, and new readers wait behind it for as long. Between
    attempts there is a pause in which they get through; an attempt that failed keeps no lock.
    Of the run's own nodes one makes an attempt at a time (`turn`): two of them with a view in
    common would each wait for what the other holds. `locks` gives what an attempt begins with,
    and `at_once` what is tried before that, if anything: locks that are to be had without waiting.

    Raises:
        DatabaseLockedError: `swap_timeout` is over; says who holds the relation.
    """
    deadline = anyio.current_time() + keys.swap_timeout
    for pause in _BACKOFF:
        async with turn:
            try:
                if not await _got_at_once(connection, keys, at_once()):
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
        await anyio.sleep(pause)


async def give_back_locks(connection: SendingConnection) -> None:
    """End an attempt that has changed nothing, with the locks that it took."""
    await connection.execute_all([_ROLLING_BACK, _RELEASE])


async def _got_at_once(
    connection: SendingConnection, keys: PostgresKeys, locks: Sequence[str]
) -> bool:
    """Whether there was a moment, among a few, in which nobody held any of what is to be locked.

    Of two tables that readers lock in whichever order they like one can't be held while the other
    is waited for: they would wait for it, holding that.
    """
    for _ in range(_MOMENTS if locks else 0):
        try:
            await connection.execute_all([*_beginning(keys), *locks])
        except DatabaseLockedError:
            await connection.execute(_ROLLING_BACK)
        else:
            return True
        await anyio.sleep(random.uniform(0, 2 * _MOMENT_SECONDS))
    return False


async def execute_each(
    connection: SendingConnection, keys: PostgresKeys, statements: Sequence[str]
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
        await connection.execute_all([_ROLLING_BACK, lock_timeout(keys)])
        for sql in statements:
            await connection.execute(sql)
        raise error


async def _locked(
    connection: SendingConnection, keys: PostgresKeys, relation: Relation, error: DatabaseError
) -> DatabaseLockedError:
    by = await held_by(connection, relation)
    return DatabaseLockedError(
        f"{relation.display_name} couldn't be exchanged: for {keys.swap_timeout:g} s it was kept "
        f"locked{by}. What was there still is. End that session, or raise 'swap_timeout' in the "
        "profile.",
        code=error.code,
        sql=error.sql,
    )


async def held_by(
    connection: SendingConnection, table: Relation, *, with_readers: bool = True
) -> str:
    """Name who has a table locked, as the end of "it was kept locked"; nothing if nobody is found.

    Args:
        connection: The one that waited, whose own locks don't count.
        table: What they keep locked.
        with_readers: Count the locks that let writers through too.

    """
    rows = await connection.ask(_HOLDERS, table_name(table), with_readers)
    holders = dict.fromkeys(str(row[0]) for row in rows)
    return f" by {', '.join(holders)}" if holders else ""
