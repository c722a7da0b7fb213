"""The sessions of an adapter: opened when first needed, and kept."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from anyio import Semaphore, current_time, sleep

from .file_session import Session
from .problems import cannot_open_error, is_busy

_RETRY_SECONDS = 0.02


class Pool:
    """Leases of sessions, at most `limit` at once.

    A lease takes a session only when it needs one, and the last one given back comes first:
    of writers that queue, each gets the session that wrote just before. A connection reads
    the whole schema anew once another has changed it (1 ms at 1,000 tables), so this is
    worth more than a table's own build.
    """

    def __init__(self, limit: int, new_session: Callable[[], Session], patience: float) -> None:
        self._leases = Semaphore(limit, fast_acquire=True)
        self._new_session = new_session
        self._patience = patience
        self._idle: list[Session] = []
        self._alive: set[Session] = set()

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[None]:
        """The right to one session for the length of the block."""
        async with self._leases:
            yield

    async def take(self) -> Session:
        """A session, opened if none is idle. Locks of other processes are waited for.

        Raises:
            ConnectionFailedError: the file can't be opened, or stays locked.
        """
        if self._idle:
            return self._idle.pop()
        deadline = current_time() + self._patience
        while True:
            session = self._new_session()
            try:
                await session.open()
            except sqlite3.OperationalError as error:
                if not is_busy(error) or current_time() >= deadline:
                    raise cannot_open_error(error, session.path) from error
            else:
                self._alive.add(session)
                return session
            await sleep(_RETRY_SECONDS)

    def give_back(self, session: Session) -> None:
        """Keep a session for the next one, unless it was closed."""
        if session.is_closed:
            self._alive.discard(session)
        else:
            self._idle.append(session)

    @property
    def alive(self) -> list[Session]:
        """Every session that is open, idle or not."""
        return list(self._alive)

    def empty(self) -> list[Session]:
        """Forget every session: they are the caller's to close."""
        sessions = list(self._alive)
        self._idle.clear()
        self._alive.clear()
        return sessions
