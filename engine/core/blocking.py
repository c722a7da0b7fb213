"""Blocking work in a thread of its own, which a cancellation stops at the work's next point.

Cancelling the task that waits for a thread doesn't end the thread: asyncio goes on without it,
and anyio waits until all of its work is done. Here the work has points (`checkpoints`) at which
it looks whether it is to stop, and the task goes on once the thread has ended, and not before:

    found = await in_thread(read_everything, root)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from threading import Thread
from typing import Generic, TypeVar, TypeVarTuple, Unpack

from anyio import CancelScope, Event, get_cancelled_exc_class
from anyio.to_thread import current_default_thread_limiter

from .checkpoints import Stop, current_stop

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


async def in_thread(work: Callable[[Unpack[Ts]], T], *arguments: *Ts) -> T:
    """What `work` gives, done in a thread.

    A cancellation, anyio's or the task's own, stops the work at its next point, and travels on
    once the thread has ended; whatever the work came to by then is dropped. Further cancellations
    wait as well. How many threads there may be at a time is up to anyio's limiter.
    """
    async with current_default_thread_limiter():
        stop = Stop()
        job = _Job(work, arguments, stop)
        job.start()
        try:
            await job.ended.wait()
        except get_cancelled_exc_class():
            stop.request()
            await job.outlast()
            raise
        except BaseException:  # the event loop is gone, and throws us away
            stop.request()
            raise
        return job.outcome()


async def to_its_end(work: Callable[[], T]) -> T:
    """What `work` gives, done in a thread, whatever comes: a cancellation travels on afterwards.

    For what is to be tidied up. Points to stop at are none here, and no limiter is waited for.
    """
    job = _Job(work, (), stop=None)
    job.start()
    await job.outlast()
    return job.outcome()


class _Job(Generic[T]):
    """One piece of work and its thread: start() → ended → outcome()."""

    def __init__(
        self, work: Callable[..., T], arguments: tuple[object, ...], stop: Stop | None
    ) -> None:
        self.ended = Event()
        self._stop = stop
        self._work = work
        self._arguments = arguments
        self._result: list[T] = []
        self._error: BaseException | None = None
        self._loop = asyncio.get_running_loop()
        self._context = copy_context()
        # A thread that stands in a call of the system's mustn't keep the process from ending.
        self._thread = Thread(target=self._run, name="headrace-work", daemon=True)

    def start(self) -> None:
        self._context.run(current_stop.set, self._stop)
        self._thread.start()

    async def outlast(self) -> None:
        """Wait for the thread's end, whatever comes; a cancellation that came travels on then."""
        cancellation: BaseException | None = None
        while not self.ended.is_set():
            try:
                with CancelScope(shield=True):
                    await self.ended.wait()
            except get_cancelled_exc_class() as later:
                cancellation = later
        self._thread.join()  # it has nothing left to do
        if cancellation is not None:
            raise cancellation

    def outcome(self) -> T:
        """What the work gave, or raised."""
        self._thread.join()
        error, self._error = self._error, None
        if error is not None:
            try:
                raise error
            finally:
                del error
        return self._result[0]

    def _run(self) -> None:
        try:
            self._result.append(self._context.run(self._work, *self._arguments))
        except BaseException as error:
            self._error = error
        with suppress(RuntimeError):  # the loop was closed, and nobody waits
            self._loop.call_soon_threadsafe(self.ended.set)
