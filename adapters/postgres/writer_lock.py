"""The lock that keeps other writers out of a table: see `WriterLocking`."""

from __future__ import annotations

import anyio

from ..answers import Deferred
from ..errors import DatabaseError, DatabaseLockedError
from ..relation import Relation
from .attempts import held_by
from .keys import PostgresKeys
from .queued import Exclusion
from .sending import SendingConnection


class WriterLock(Exclusion):
    """take() → (its statements go to the server with the next ones) → end().

    Among this run's own connections it is a matter of turns, so that the time for which a
    stranger is waited for isn't spent on our own: the batches of a model, for example.
    """

    def __init__(
        self, connection: SendingConnection, keys: PostgresKeys, table: Relation, turn: anyio.Lock
    ) -> None:
        self._connection = connection
        self._keys = keys
        self._table = table
        self._turn = turn
        self._queued: Deferred | None = None

    async def take(self) -> None:
        """Wait for the turn, and queue the statements."""
        await self._turn.acquire()
        self._queued = self._connection.defer(self._sql)
        self._connection.exclude(self)

    @property
    def is_held(self) -> bool:
        return self._queued is not None and self._queued.response is not None

    @property
    def _sql(self) -> str:
        # SHARE ROW EXCLUSIVE is the weakest that keeps out both writers and itself, and lets
        # readers through, also those that come while it is waited for
        # (https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES).
        lock = f"LOCK TABLE {self._table} IN SHARE ROW EXCLUSIVE MODE"
        patience = round(self._keys.run_lock_timeout * 1000)
        if patience == 0:
            return f"{lock} NOWAIT"
        return (
            f"SET LOCAL lock_timeout = '{patience}ms';\n{lock};\nSET LOCAL lock_timeout TO DEFAULT"
        )

    async def explained(self, error: DatabaseError) -> DatabaseError:
        by = await held_by(self._connection, self._table, with_readers=False)
        return DatabaseLockedError(
            f"{self._table.display_name} is being written to: for "
            f"{self._keys.run_lock_timeout:g} s it was kept locked{by}. Nothing was changed. Wait "
            "for that session or end it, or raise 'run_lock_timeout' in the profile.",
            code=error.code,
            sql=error.sql,
        )

    def end(self) -> None:
        self._turn.release()
