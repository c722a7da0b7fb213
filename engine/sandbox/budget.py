"""How much one render may use: steps, seconds of its own, and the size of what it makes.

A step is an iteration of a loop, or a call. A render counts what its macros use as its own, and
each time it has run for a while without waiting it lets others have the event loop: a template
that loops without end neither runs for ever nor stands in another invocation's way.

    metered(coroutine):  resume → (step | made)* → suspend → resume → … → end
"""

from __future__ import annotations

from collections.abc import Coroutine, Generator, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from time import perf_counter, thread_time
from typing import Any, Generic, TypeVar

from ..core.checkpoints import checkpoint
from ..core.errors import CompilationError
from .memory import used_memory

T = TypeVar("T")

MAX_STEPS = 10_000_000
"""Iterations and calls of one render."""

MAX_SECONDS = 60.0
"""Seconds of the processor that one render has. What it waits for, such as a query or a processor
that others keep busy, doesn't count.
"""

MAX_TEXT = 64 * 1024 * 1024
"""Characters (or bytes) of one text."""

MAX_ITEMS = 10_000_000
"""Items of one list."""

MAX_DIGITS = 10_000
"""Digits of one whole number."""

MAX_GROWTH = 1024 * 1024 * 1024
"""Bytes by which the process may have grown while one render made much of it."""

_MADE_TO_BLAME = 64 * 1024 * 1024
"""Bytes of texts and lists from which on a render may be what the process has grown by."""

_SLICE_SECONDS = 0.02
_STEPS_PER_LOOK = 64
_MADE_PER_LOOK = 16 * 1024 * 1024
_TEXT_WITHOUT_RENDER = 64 * 1024


class TemplateLimitError(CompilationError):
    """A template was stopped, since it used more than any template needs."""


class Budget:
    """What one render has used, and what it may.

    resume() → (step() | made())* → suspend() → resume() → …

    `tired` says that it is time to let others have the event loop; never, unless `rests`.
    """

    __slots__ = (
        "_first_memory",
        "_made",
        "_made_at_look",
        "_rests",
        "_resumed",
        "_resumed_work",
        "_spent",
        "_steps",
        "tired",
        "until_look",
    )

    def __init__(self, *, rests: bool = False) -> None:
        self._rests = rests
        self._steps = 0
        self.until_look = _STEPS_PER_LOOK
        self.tired = False
        self._spent = 0.0
        self._resumed = 0.0
        self._resumed_work = 0.0
        self._made = 0
        self._made_at_look = 0
        self._first_memory: int | None = None

    def step(self, count: int = 1) -> None:
        """Count iterations or calls.

        Raises:
            TemplateLimitError: there were too many, or they took too long.
        """
        self.until_look -= count
        if self.until_look <= 0:
            self.look()

    def look(self) -> None:
        """Compare what was used with what may be: due once `until_look` is down to 0."""
        checkpoint()
        self._steps += _STEPS_PER_LOOK - self.until_look
        self.until_look = _STEPS_PER_LOOK
        if self._steps > MAX_STEPS:
            raise TemplateLimitError(
                f"the template goes on without end: it was stopped after {MAX_STEPS:,} iterations "
                "and calls. Check its loops, and the macros that call themselves."
            )
        running = perf_counter() - self._resumed
        self.tired = self._rests and running > _SLICE_SECONDS
        # The processor's clock is the dearer one to look at: only where it can matter.
        if self._spent + running > MAX_SECONDS and self._worked() > MAX_SECONDS:
            raise TemplateLimitError(
                "the template goes on without end: it was stopped after "
                f"{MAX_SECONDS:.0f} s of work. Check its loops."
            )

    def made(self, size: int) -> None:
        """Count the bytes of texts and lists that were made.

        Raises:
            TemplateLimitError: they are too many, and it kept them.
        """
        self._made += size
        if self._made - self._made_at_look < _MADE_PER_LOOK:
            return
        self._made_at_look = self._made
        memory = used_memory()
        if self._first_memory is None:
            self._first_memory = memory
        kept = self._made if memory is None else memory - (self._first_memory or 0)
        if self._made > _MADE_TO_BLAME and kept > MAX_GROWTH:
            raise TemplateLimitError(
                f"the template fills the memory: it was stopped at {MAX_GROWTH // 1024**2} MiB. "
                "Check what it gathers in its loops."
            )

    def resume(self) -> None:
        self._resumed = perf_counter()
        self._resumed_work = thread_time()
        self.tired = False

    def suspend(self) -> None:
        self._spent = self._worked()

    def _worked(self) -> float:
        """The seconds of the processor so far."""
        return self._spent + thread_time() - self._resumed_work


_current: ContextVar[Budget | None] = ContextVar("headrace_template_budget", default=None)

current_budget = _current.get
"""Gives the budget of the render that is under way, if one is."""


def require_text(size: int) -> None:
    """Whether a text of that many characters may be made.

    Jinja works out constant expressions while it compiles, outside of any render: there only
    short ones are, and the rest waits for the render.

    Raises:
        TemplateLimitError: it may not.
    """
    require_text_of(size)
    budget = _current.get()
    if budget is not None:
        budget.made(size)


def require_text_of(size: int) -> None:
    """As `require_text`, for a text that is still growing."""
    limit = MAX_TEXT if _current.get() is not None else _TEXT_WITHOUT_RENDER
    if size > limit:
        raise too_long(size, limit)


def too_long(size: int, limit: int = MAX_TEXT) -> TemplateLimitError:
    """The error of a text of so many characters."""
    return TemplateLimitError(
        f"the template makes a text of {size:,} characters: the limit is {limit:,}."
    )


def require_items(count: int) -> None:
    """Whether a list of that many items may be made.

    Raises:
        TemplateLimitError: it may not.
    """
    budget = _current.get()
    limit = MAX_ITEMS if budget is not None else _TEXT_WITHOUT_RENDER
    if count > limit:
        raise TemplateLimitError(
            f"the template makes a list of {count:,} items: the limit is {limit:,}."
        )
    if budget is not None:
        budget.made(8 * count)


@contextmanager
def budgeted() -> Iterator[None]:
    """A budget for a render that has no event loop to wait in."""
    budget = Budget()
    budget.resume()
    token = _current.set(budget)
    try:
        yield
    finally:
        _current.reset(token)


def metered(work: Coroutine[Any, Any, T]) -> Metered[T]:
    """A coroutine under a budget: its own, or that of the render that it is part of."""
    return Metered(work)


class Metered(Generic[T]):
    """Awaits a coroutine, and measures for how long it runs between what it waits for."""

    __slots__ = ("_work",)

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self._work = work

    def __await__(self) -> Generator[Any, Any, T]:
        if _current.get() is not None:
            return (yield from self._work.__await__())
        budget = Budget(rests=True)
        token = _current.set(budget)
        try:
            return (yield from _measured(self._work, budget))
        finally:
            self._work.close()
            with suppress(ValueError):  # thrown away by the garbage collector, in another context
                _current.reset(token)


def _measured(work: Coroutine[Any, Any, T], budget: Budget) -> Generator[Any, Any, T]:
    """As `yield from`, with the budget told of each pause."""
    answer: Any = None
    failure: BaseException | None = None
    while True:
        budget.resume()
        try:
            waiting = work.send(answer) if failure is None else work.throw(failure)
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            budget.suspend()
        failure = None
        try:
            answer = yield waiting
        except GeneratorExit:
            raise
        except BaseException as thrown:  # a cancellation too: it is the template's to end with
            failure = thrown


class _Pause:
    """Awaited, it lets the event loop serve others, and goes on in its next round."""

    def __await__(self) -> Generator[None, None, None]:
        yield


async def rest() -> None:
    """Let others have the event loop."""
    await _Pause()
