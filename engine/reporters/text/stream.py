"""Events for a service that embeds a run and watches it at its own pace."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from threading import Lock
from typing import NamedTuple

import anyio

from ...core.events import Event


class EventStream:
    """A reporter to iterate over: `async for event in stream`. It never slows the run.

    At most `capacity` events wait. For a reader slower than that the oldest give way, so that
    the end of the run always arrives; `dropped` counts them. The iteration ends when the run
    has closed the stream and what waits is read. For one reader, in any event loop.
    """

    def __init__(self, *, capacity: int = 10_000) -> None:
        if capacity < 1:
            raise ValueError(f"capacity must be at least 1, not {capacity}")
        self.dropped = 0
        self._capacity = capacity
        self._waiting: deque[Event] = deque()
        self._closed = False
        self._lock = Lock()
        self._news: _News | None = None

    def handle(self, event: Event) -> None:
        with self._lock:
            if self._closed:
                return
            if len(self._waiting) == self._capacity:
                self._waiting.popleft()
                self.dropped += 1
            self._waiting.append(event)
            self._wake()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._wake()

    def __aiter__(self) -> EventStream:
        return self

    async def __anext__(self) -> Event:
        """The next event. A cancellation while waiting loses none."""
        while True:
            with self._lock:
                if self._waiting:
                    return self._waiting.popleft()
                if self._closed:
                    raise StopAsyncIteration
                self._news = news = _News(anyio.Event(), asyncio.get_running_loop())
            await news.came.wait()

    def _wake(self) -> None:
        if self._news is not None:
            with suppress(RuntimeError):  # the loop was closed, and nobody reads
                self._news.loop.call_soon_threadsafe(self._news.came.set)
            self._news = None


class _News(NamedTuple):
    """What a reader waits for, and where."""

    came: anyio.Event
    loop: asyncio.AbstractEventLoop
