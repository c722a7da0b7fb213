"""Blocking work in a thread of its own, which a cancellation stops at the work's next point.

Cancelling the task that waits for a thread doesn't end the thread: asyncio goes on without it,
and anyio waits until all of its work is done. Here the work has points at which it looks whether
it is to stop, and the task goes on once the thread has ended, and not before:

    in the event loop:  found = await in_thread(read_everything, root)
    in the thread:      for path in checked(paths): …       # or checkpoint()

A point costs some 0.1 µs, and does nothing outside of `in_thread`. What is to be done wholly or
not at all has none between its first change and its last.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar, copy_context
from threading import Event as Signal
from threading import Thread
from typing import Generic, TypeVar, TypeVarTuple, Unpack

from anyio import CancelScope, Event, get_cancelled_exc_class
from anyio.to_thread import current_default_thread_limiter

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Stopped(BaseException):
    """The work has stopped at a point, as it was told to.

    No `Exception`, so that nobody takes it for a failure of what was tried.
    """


class Stop:
    """Whether a piece of work is to stop: `request()` says so, from any thread, for good."""

    def __init__(self) -> None:
        self._requested = Signal()
        self._wakers: list[Callable[[], None]] = []

    def is_requested(self) -> bool:
        return self._requested.is_set()

    def request(self) -> None:
        self._requested.set()
        for waker in list(self._wakers):
            waker()

    def check(self) -> None:
        """Raises `Stopped` once a stop was requested."""
        if self._requested.is_set():
            raise Stopped

    def wait(self, seconds: float) -> None:
        """Wait; raises `Stopped` as soon as a stop is requested."""
        if self._requested.wait(seconds):
            raise Stopped

    @contextmanager
    def waking(self, waker: Callable[[], None]) -> Iterator[None]:
        """Have `waker` called on a request, by whoever makes it, as long as the block runs."""
        self._wakers.append(waker)
        try:
            self.check()
            yield
        finally:
            self._wakers.remove(waker)


_current: ContextVar[Stop | None] = ContextVar("headrace_stop", default=None)


def checkpoint() -> None:
    """A point at which blocking work stops when the task that waits for it was cancelled."""
    stop = _current.get()
    if stop is not None:
        stop.check()


def checked(items: Iterable[T]) -> Iterator[T]:
    """The items, with a point before each."""
    stop = _current.get()
    if stop is None:
        yield from items
        return
    check = stop.check
    for item in items:
        check()
        yield item


def pause(seconds: float) -> None:
    """Wait in a thread. It is a point all the while."""
    stop = _current.get() or Stop()
    stop.wait(seconds)


@contextmanager
def waking(waker: Callable[[], None]) -> Iterator[None]:
    """For a call that waits in the system: `waker`, called on a stop, has it return.

    It is called in another thread than the one that waits.
    """
    stop = _current.get() or Stop()
    with stop.waking(waker):
        yield


@contextmanager
def wholly() -> Iterator[None]:
    """A block without points: what stops half-way elsewhere is done to its end here."""
    token = _current.set(None)
    try:
        yield
    finally:
        _current.reset(token)


async def in_thread(work: Callable[[Unpack[Ts]], T], *arguments: *Ts) -> T:
    """What `work` gives, done in a thread.

    A cancellation, anyio's or the task's own, stops the work at its next point, and travels on
    once the thread has ended; whatever the work came to by then is dropped. Further cancellations
    wait as well. How many threads there may be at a time is up to anyio's limiter.
    """
    async with current_default_thread_limiter():
        job = _Job(work, arguments)
        job.start()
        try:
            await job.ended.wait()
        except get_cancelled_exc_class():
            job.stop.request()
            await job.outlast()
            raise
        except BaseException:  # the event loop is gone, and throws us away
            job.stop.request()
            raise
        return job.outcome()


class _Job(Generic[T]):
    """One piece of work and its thread: start() → ended → outcome()."""

    def __init__(self, work: Callable[..., T], arguments: tuple[object, ...]) -> None:
        self.stop = Stop()
        self.ended = Event()
        self._work = work
        self._arguments = arguments
        self._result: list[T] = []
        self._error: BaseException | None = None
        self._loop = asyncio.get_running_loop()
        self._context = copy_context()
        # A thread that stands in a call of the system's mustn't keep the process from ending.
        self._thread = Thread(target=self._run, name="headrace-work", daemon=True)

    def start(self) -> None:
        self._context.run(_current.set, self.stop)
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
