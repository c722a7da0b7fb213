"""How a relation takes the place of another while everybody reads: see `Replacing`."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

import anyio

from ..abilities import IsOurs, Replaced
from ..errors import (
    ConnectionLostError,
    DatabaseError,
    DatabaseLockedError,
    TransientDatabaseError,
)
from ..relation import Relation, RelationType
from .catalog import COLUMNS
from .connection import SAVEPOINT, Exchange, PostgresConnection
from .dependents import Dependents
from .keys import PostgresKeys
from .replacement import KINDS, exchange, literal_name, refill

_SQL = Path(__file__).parent / "sql"
IS_TIED = (_SQL / "is_tied.sql").read_text()
DEPENDENTS = (_SQL / "dependents.sql").read_text()
HOLDERS = (_SQL / "holders.sql").read_text()

# What CREATE OR REPLACE VIEW answers where the new columns don't begin with the old ones, and
# what a CREATE VIEW of the project's own answers where there is one.
_OTHER_COLUMNS = ("42P16", "42P07")
_NEEDED_BY_OTHERS = "2BP01"
_TIED = "22P02"
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 2.0
_PASSING = (DatabaseLockedError, TransientDatabaseError)


class RelationExchange(Exchange):
    """One relation takes another's place, on a connection with an open transaction.

    Mostly nothing hangs on the old one. Then it goes with the COMMIT, behind a question that
    fails if something does. `turn` is what exchanges of the same run take turns by.
    """

    preparation: ClassVar[str] = (
        # No number, and not known to be none before the row is there: an error if it is tied.
        "PREPARE headrace_free (text) AS SELECT CASE WHEN is_tied THEN "
        f"('tied: ' || relname)::pg_catalog.int4 END FROM ({IS_TIED}) AS old"
    )

    def __init__(
        self,
        connection: PostgresConnection,
        keys: PostgresKeys,
        existing: Relation,
        replacement: Relation,
        is_ours: IsOurs,
        turn: anyio.Lock,
    ) -> None:
        self.replaced = Replaced()
        self._connection = connection
        self._keys = keys
        self._existing = existing
        self._replacement = replacement
        self._is_ours = is_ours
        self._turn = turn
        self._seen = Dependents()
        self._simple = exchange(existing, replacement, Dependents())
        self.replaced.statements[:] = self._simple

    @property
    def statements(self) -> Sequence[str]:
        asked = f"EXECUTE headrace_free ({literal_name(self._existing)})"
        return [*with_lock_timeout(self._keys, [asked, *self._simple])]

    async def recover(self, error: DatabaseError) -> None:
        if error.code not in (_TIED, _NEEDED_BY_OTHERS) and not isinstance(error, _PASSING):
            raise error
        await self.run()

    async def run(self) -> None:
        """Do it with all that hangs on the old relation."""
        while True:
            try:
                await attempt(
                    self._connection, self._keys, self._existing, self._carry_over, self._turn
                )
            except DatabaseError as error:
                views = self._seen.definitions.items()
                unfit = next((name for name, sql in views if sql == error.sql), None)
                if unfit is None or isinstance(error, _PASSING):
                    raise self._explained(error) from error
                await self._give_up(unfit, error)
            else:
                return

    async def _carry_over(self) -> None:
        """Look what hangs on the old relation, and exchange it with that.

        To be told of a view PostgreSQL locks all that it reads, for as long as the savepoint
        around this: nobody changes it in between.
        """
        dependents = self._seen = await self._dependents(self._existing)
        if dependents.references:
            raise DatabaseError(
                f"{self._existing.display_name} can't be built anew, because of "
                f"{_listed(dependents.references)}. Drop it, or make the model incremental."
            )
        statements = await self._refilled(dependents) if dependents.fixed else None
        if statements is None:
            gone = self.replaced.dropped
            statements = exchange(self._existing, self._replacement, dependents, gone)
        await _execute_each(self._connection, self._keys, statements)
        self.replaced.statements[:] = statements

    async def _dependents(self, relation: Relation) -> Dependents:
        kind = KINDS.get(self._replacement.type or RelationType.TABLE, "TABLE")
        names = _name(relation), _name(self._replacement)
        return Dependents.from_rows(await self._connection.ask(DEPENDENTS, *names, kind))

    async def _refilled(self, dependents: Dependents) -> list[str] | None:
        """The statements that keep the relation itself, and give it new rows.

        What can't be pointed to another relation (a materialized view, somebody else's view, a
        function) stays where it is, if the columns are the same. Where they aren't, and all of
        it are materialized views of ours, those go, and there is nothing to be kept.
        """
        old, new = self._existing, self._replacement
        columns = await self._columns(old)
        are_tables = old.is_table and new.is_table
        if are_tables and sorted(columns) == sorted(await self._columns(new)):
            return refill(old, new, [name for name, _ in columns])
        views = [
            self._view(name, RelationType.MATERIALIZED_VIEW) for name in dependents.materialized
        ]
        if len(views) < len(dependents.fixed) or not all(map(self._is_ours, views)):
            raise DatabaseError(
                f"{old.display_name} can't be built anew with other columns or as another type, "
                f"because of {_listed(dependents.fixed)}, which depends on it and isn't this "
                "project's to change. Drop it, or have its owner do so, and run again."
            )
        self.replaced.dropped += views
        return None

    async def _columns(self, relation: Relation) -> list[tuple[str, str]]:
        rows = await self._connection.ask(COLUMNS, _name(relation))
        return [(str(name), str(data_type)) for name, data_type in rows]

    async def _give_up(self, name: str, error: DatabaseError) -> None:
        """Let a view go that no longer fits, and those that read it: if all of them are ours."""
        found = next(view for view in self._seen.views if ".".join(view) == name)
        readers = await self._look(self._view(found))
        going = [*map(self._view, readers.views), self._view(found)]
        strange = [view.display_name for view in going if not self._is_ours(view)]
        foreign = [*readers.fixed, *strange]
        if foreign:
            raise DatabaseError(
                f"the view {name} no longer fits {self._existing.display_name} "
                f"({_first_line(error)}), and this project doesn't build {_listed(foreign)}. "
                "Change or drop it, and run again.",
                code=error.code,
                sql=error.sql,
            ) from error
        known = {view.display_name for view in self.replaced.dropped}
        self.replaced.dropped += [view for view in going if view.display_name not in known]

    async def _look(self, relation: Relation) -> Dependents:
        """What hangs on a relation, without keeping the locks that the question takes."""
        await self._connection.execute_all(_beginning(self._keys))
        try:
            return await self._dependents(relation)
        finally:
            await self._connection.execute(f"ROLLBACK TO SAVEPOINT {SAVEPOINT}")

    def _view(self, name: tuple[str, str], kind: RelationType = RelationType.VIEW) -> Relation:
        schema, identifier = name
        path: dict[str, str | None] = {"schema": schema, "identifier": identifier}
        return self._existing.incorporate(path, kind)

    def _explained(self, error: DatabaseError) -> DatabaseError:
        if error.code != _NEEDED_BY_OTHERS:
            return error
        return DatabaseError(
            f"{self._existing.display_name} can't be built anew: {error}",
            code=error.code,
            sql=error.sql,
        )


class ViewExchange(Exchange):
    """A view gets new text in place where its columns allow it, and is replaced otherwise."""

    def __init__(
        self,
        connection: PostgresConnection,
        keys: PostgresKeys,
        existing: Relation,
        sql: str,
        build_beside: Callable[[], Awaitable[Relation]],
        is_ours: IsOurs,
        turn: anyio.Lock,
    ) -> None:
        self.replaced = Replaced([sql])
        self._connection = connection
        self._keys = keys
        self._existing = existing
        self._sql = sql
        self._build_beside = build_beside
        self._is_ours = is_ours
        self._turn = turn

    @property
    def statements(self) -> Sequence[str]:
        return with_lock_timeout(self._keys, [self._sql])

    async def recover(self, error: DatabaseError) -> None:
        if isinstance(error, _PASSING):
            replace_text = partial(_execute_each, self._connection, self._keys, [self._sql])
            await attempt(self._connection, self._keys, self._existing, replace_text, self._turn)
            return
        if error.code not in _OTHER_COLUMNS:
            raise error
        replacement = await self._build_beside()
        further = RelationExchange(
            self._connection, self._keys, self._existing, replacement, self._is_ours, self._turn
        )
        await further.run()
        self.replaced.statements[:] = further.replaced.statements
        self.replaced.dropped[:] = further.replaced.dropped


def with_lock_timeout(keys: PostgresKeys, statements: Iterable[str]) -> list[str]:
    """Statements that wait for their locks no longer than the profile says."""
    return [_lock_timeout(keys), *statements, *_ENDING]


_ENDING = ("SET LOCAL lock_timeout TO DEFAULT", f"RELEASE SAVEPOINT {SAVEPOINT}")


def _beginning(keys: PostgresKeys) -> list[str]:
    return [f"SAVEPOINT {SAVEPOINT}", _lock_timeout(keys)]


def _lock_timeout(keys: PostgresKeys) -> str:
    return f"SET LOCAL lock_timeout = '{round(keys.lock_timeout * 1000)}ms'"


async def attempt(
    connection: PostgresConnection,
    keys: PostgresKeys,
    relation: Relation,
    work: Callable[[], Awaitable[None]],
    turn: anyio.Lock,
) -> None:
    """Do what needs locks, in a savepoint that it ends itself, until it gets them.

    Each attempt waits for `lock_timeout`, and new readers wait behind it for as long. Between
    attempts there is a pause in which they get through; an attempt that failed keeps no lock.
    Of the run's own nodes one makes an attempt at a time (`turn`): two of them with a view in
    common would each wait for what the other holds.

    Raises:
        DatabaseLockedError: `swap_timeout` is over; says who holds the relation.
    """
    deadline = anyio.current_time() + keys.swap_timeout
    pause = _FIRST_PAUSE_SECONDS
    while True:
        async with turn:
            try:
                await connection.execute_all(_beginning(keys))
                await work()
            except ConnectionLostError:
                raise
            except _PASSING as error:
                await connection.execute(f"ROLLBACK TO SAVEPOINT {SAVEPOINT}")
                if anyio.current_time() + pause >= deadline:
                    raise await _locked(connection, keys, relation, error) from error
            except DatabaseError:
                await connection.execute(f"ROLLBACK TO SAVEPOINT {SAVEPOINT}")
                raise
            else:
                return
        await anyio.sleep(pause * random.uniform(0.5, 1.5))
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


async def _execute_each(
    connection: PostgresConnection, keys: PostgresKeys, statements: Sequence[str]
) -> None:
    """Run statements in one message, which ends the savepoint that they are in.

    Raises:
        DatabaseError: one was refused, and which one; of a message that isn't always said.
    """
    try:
        await connection.execute_all([*statements, *_ENDING])
    except (*_PASSING, ConnectionLostError):
        raise
    except DatabaseError as error:
        if len(statements) == 1:
            raise
        await connection.execute_all([f"ROLLBACK TO SAVEPOINT {SAVEPOINT}", _lock_timeout(keys)])
        for sql in statements:
            await connection.execute(sql)
        raise error


async def _locked(
    connection: PostgresConnection, keys: PostgresKeys, relation: Relation, error: DatabaseError
) -> DatabaseLockedError:
    holders = [str(row[0]) for row in await connection.ask(HOLDERS, _name(relation))]
    by = f" by {_listed(holders)}" if holders else ""
    return DatabaseLockedError(
        f"{relation.display_name} couldn't be exchanged: for {keys.swap_timeout:g} s it was kept "
        f"locked{by}. What was there still is. End that session, or raise 'swap_timeout' in the "
        "profile.",
        code=error.code,
        sql=error.sql,
    )


def _name(relation: Relation) -> str:
    return str(relation.include(database=False).quote(True, True, True))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def _first_line(error: DatabaseError) -> str:
    return str(error).split("\n", 1)[0]
