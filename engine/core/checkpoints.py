"""Points at which blocking work stops, if whoever waits for it was cancelled.

    for path in checked(paths): …       # or checkpoint()

A point costs some 0.1 µs, and does nothing outside of `blocking.in_thread`. What is to be done
wholly or not at all has none between its first change and its last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")


class Stopped(BaseException):
    """The work has stopped at a point, as it was told to.

    No `Exception`, so that nobody takes it for a failure of what was tried.
    """


class Stop:
    """Whether a piece of work is to stop: `request()` says so, from any thread, for good."""

    def __init__(self) -> None:
        self.is_requested = False
        self._wakers: list[Callable[[], None]] = []

    def request(self) -> None:
        self.is_requested = True
        for waker in list(self._wakers):
            waker()

    def check(self) -> None:
        """Raises `Stopped` once a stop was requested."""
        if self.is_requested:
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


current_stop: ContextVar[Stop | None] = ContextVar("headrace_stop", default=None)
"""What the work of this context heeds; set by `blocking.in_thread`."""


def checkpoint() -> None:
    """A point at which blocking work stops when the task that waits for it was cancelled."""
    stop = current_stop.get()
    if stop is not None:
        stop.check()


def checked(items: Iterable[T]) -> Iterator[T]:
    """The items, with a point before each."""
    stop = current_stop.get()
    if stop is None:
        yield from items
        return
    check = stop.check
    for item in items:
        check()
        yield item


@contextmanager
def waking(waker: Callable[[], None]) -> Iterator[None]:
    """For a call that waits in the system: `waker`, called on a stop, has it return.

    It is called in another thread than the one that waits.
    """
    stop = current_stop.get() or Stop()
    with stop.waking(waker):
        yield
