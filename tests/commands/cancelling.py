"""The ways in which a host cancels what it awaits, each at a moment that a test chooses."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import anyio
import pytest
from headrace.engine.core.checkpoints import Stop

Work = Callable[[], Awaitable[object]]
Way = Callable[[Work, asyncio.Event], Awaitable[None]]

WAIT_SECONDS = 20


async def by_cancel(work: Work, moment: asyncio.Event) -> None:
    task = asyncio.ensure_future(work())
    await moment.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def by_two_cancels(work: Work, moment: asyncio.Event) -> None:
    task = asyncio.ensure_future(work())
    await moment.wait()
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def by_cancelling_wait_for(work: Work, moment: asyncio.Event) -> None:
    task = asyncio.ensure_future(asyncio.wait_for(work(), 1_000))
    await moment.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def by_timeout(work: Work, moment: asyncio.Event) -> None:
    async def run_out(limit: asyncio.Timeout) -> None:
        await moment.wait()
        limit.reschedule(asyncio.get_running_loop().time())

    async def within() -> None:
        async with asyncio.timeout(None) as limit:
            running_out.append(asyncio.ensure_future(run_out(limit)))
            await work()

    running_out: list[asyncio.Future[None]] = []
    with pytest.raises(TimeoutError):
        await within()
    await running_out[0]


class EnoughError(Exception):
    """What makes a task group give up."""


async def by_task_group(work: Work, moment: asyncio.Event) -> None:
    async def give_up() -> None:
        await moment.wait()
        raise EnoughError

    async def together() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(give_up())
            tasks.create_task(_as_coroutine(work))

    with pytest.raises(ExceptionGroup) as raised:
        await together()
    assert [type(error) for error in raised.value.exceptions] == [EnoughError]


async def by_scope(work: Work, moment: asyncio.Event) -> None:
    async with anyio.create_task_group() as tasks:
        with anyio.CancelScope() as scope:

            async def cancel() -> None:
                await moment.wait()
                scope.cancel()

            tasks.start_soon(cancel)
            await work()
        assert scope.cancelled_caught


async def by_deadline(work: Work, moment: asyncio.Event) -> None:
    async with anyio.create_task_group() as tasks:
        with anyio.move_on_after(1_000) as scope:

            async def run_out() -> None:
                await moment.wait()
                scope.deadline = anyio.current_time()

            tasks.start_soon(run_out)
            await work()
        assert scope.cancelled_caught


async def by_scope_and_cancel(work: Work, moment: asyncio.Event) -> None:
    task = asyncio.ensure_future(by_scope(work, moment))
    await moment.wait()
    await asyncio.sleep(0)
    task.cancel()
    # Whether a task's own cancel survives a scope that was cancelled as well is the scope's affair:
    # anyio before 4.16 keeps it.
    with suppress(asyncio.CancelledError):
        await task


WAYS: tuple[Way, ...] = (
    by_cancel,
    by_scope,
    by_two_cancels,
    by_cancelling_wait_for,
    by_timeout,
    by_task_group,
    by_deadline,
    by_scope_and_cancel,
)


async def _as_coroutine(work: Work) -> None:
    await work()


@dataclass
class Points:
    """The points that work in threads comes to: counted, and the `wanted`th is the moment.

    There the work waits until it has been told to stop.
    """

    wanted: int = 0
    count: int = 0
    moment: asyncio.Event = field(default_factory=asyncio.Event)
    told_at: float = 0.0

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        check, loop = Stop.check, asyncio.get_running_loop()

        def counted(stop: Stop) -> None:
            self.count += 1
            if self.count == self.wanted:
                loop.call_soon_threadsafe(self.moment.set)
                deadline = time.monotonic() + WAIT_SECONDS
                while not stop.is_requested:
                    assert time.monotonic() < deadline, "nobody told the work to stop"
                    time.sleep(0.0005)
                self.told_at = time.monotonic()
            check(stop)

        patch.setattr(Stop, "check", counted)


def own_threads() -> list[str]:
    """The names of the threads of ours that are there."""
    return [each.name for each in threading.enumerate() if each.name.startswith("headrace")]
