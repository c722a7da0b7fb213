"""The sessions of an adapter: opened when first needed, and kept for the whole run."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import anyio

from ..backoff import Backoff
from ..errors import TooManyConnectionsError
from .server_session import Session

BACKOFF = Backoff(first=0.1, limit=2.0)


class Pool:
    """Leases of sessions, at most `limit` at once.

    A lease takes a session only when it needs one. Where the server has no more connections to
    give, the pool makes do with those that it has; without any, it waits for `patience` seconds.
    """

    def __init__(
        self, limit: int, connect: Callable[[], Awaitable[Session]], patience: float
    ) -> None:
        self._limit = limit
        self._connect = connect
        self._patience = patience
        self._leases = anyio.Semaphore(limit, fast_acquire=True)
        self._idle: list[Session] = []
        self._alive: set[Session] = set()
        self._opening = 0
        self._waiting: deque[anyio.Event] = deque()

    @property
    def limit(self) -> int:
        """How many sessions there may be now."""
        return self._limit

    @property
    def pids(self) -> list[int]:
        """The numbers of the backends of the sessions that are open."""
        return [session.pid for session in self._alive if not session.is_closed]

    def lease(self) -> AbstractAsyncContextManager[object]:
        """The right to one session for the length of the block."""
        return self._leases

    async def take(self) -> Session:
        """A session that is idle, or a new one.

        Raises:
            ConnectionFailedError: the server can't be reached, or refuses us.
        """
        deadline = anyio.current_time() + self._patience
        attempt = 0
        while True:
            while self._idle:
                session = self._idle.pop()
                if not session.driver.is_closed():
                    return session
                self._alive.discard(session)
            if len(self._alive) + self._opening >= self._limit:
                await self._wait_for_one()
                continue
            try:
                return await self._open()
            except TooManyConnectionsError:
                if self._alive or self._opening:
                    self._limit = len(self._alive) + self._opening
                    continue
                attempt += 1
                pause = BACKOFF.after(attempt)
                if anyio.current_time() + pause > deadline:
                    raise
            await anyio.sleep(pause)

    def give_back(self, session: Session) -> None:
        """Keep a session for the next one, unless it was closed."""
        if session.is_closed:
            self._alive.discard(session)
        else:
            self._idle.append(session)
        if self._waiting:
            self._wake_one()

    def empty(self) -> list[Session]:
        """Forget every session: they are the caller's to close."""
        sessions = list(self._alive)
        self._idle.clear()
        self._alive.clear()
        return sessions

    async def _open(self) -> Session:
        self._opening += 1
        try:
            session = await self._connect()
        except BaseException:
            self._wake_one()
            raise
        finally:
            self._opening -= 1
        self._alive.add(session)
        return session

    async def _wait_for_one(self) -> None:
        event = anyio.Event()
        self._waiting.append(event)
        try:
            await event.wait()
        except BaseException:
            if event.is_set():
                self._wake_one()
            raise

    def _wake_one(self) -> None:
        while self._waiting:
            event = self._waiting.popleft()
            event.set()
            return
