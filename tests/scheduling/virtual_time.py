"""An event loop in which time passes only by jumping to the next timer.

A test may so let a node take an hour, know to the microsecond when each thing happens, and
end in milliseconds. Nothing here waits for real.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from selectors import SelectorKey, SelectSelector
from typing import Any, TypeVar

T = TypeVar("T")


class DeadlockError(Exception):
    """Every task waits, and there is no timer that could wake one."""


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Runs callbacks as ever, but owns its clock, which begins at 0 seconds."""

    def __init__(self) -> None:
        self._now = 0.0
        super().__init__(_JumpingSelector(self._advance))

    def time(self) -> float:
        return self._now

    def _advance(self, seconds: float) -> None:
        self._now += seconds


class _JumpingSelector(SelectSelector):
    def __init__(self, advance: Callable[[float], None]) -> None:
        super().__init__()
        self._advance = advance

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise DeadlockError("nothing is left that could wake a task")
            self._advance(timeout)
        return ready


def run_virtual(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in a virtual-time loop of its own."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(work)


def virtual_clock() -> datetime:
    """The loop's time as a wall clock."""
    elapsed = timedelta(seconds=asyncio.get_running_loop().time())
    return datetime(2025, 1, 1, tzinfo=UTC) + elapsed
