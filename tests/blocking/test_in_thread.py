"""Work in a thread: what it gives, how it is stopped, and when its caller goes on."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time

import anyio
import pytest
from headrace.engine.core.blocking import in_thread
from headrace.engine.core.checkpoints import Stopped, checked, checkpoint, waking

from ..commands.cancelling import WAYS, Way, by_cancel, by_scope, own_threads

VARIABLE = contextvars.ContextVar("VARIABLE", default="")


class Endless:
    """Work that goes from point to point, and tells of the first."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.begun = asyncio.Event()
        self.steps = 0
        self.ended = threading.Event()

    def work(self) -> None:
        try:
            while True:
                checkpoint()
                self.steps += 1
                if self.steps == 3:
                    self.loop.call_soon_threadsafe(self.begun.set)
                time.sleep(0.001)
        finally:
            self.ended.set()


async def test_work_gives_its_result_and_its_error() -> None:
    def fail() -> None:
        raise LookupError("nothing there")

    assert await in_thread(lambda: threading.current_thread().name) == "headrace-work"
    with pytest.raises(LookupError, match="nothing there"):
        await in_thread(fail)
    assert own_threads() == []


async def test_work_has_its_callers_context() -> None:
    VARIABLE.set("from here")

    assert await in_thread(VARIABLE.get) == "from here"


async def test_event_loop_goes_on_meanwhile() -> None:
    loop, met = asyncio.get_running_loop(), asyncio.Event()
    seen = threading.Event()

    async def answer() -> None:
        await met.wait()
        seen.set()

    def work() -> bool:
        loop.call_soon_threadsafe(met.set)
        return seen.wait(10)

    answering = asyncio.ensure_future(answer())
    assert await in_thread(work)
    await answering


@pytest.mark.parametrize("way", WAYS)
async def test_work_has_ended_when_its_caller_goes_on(way: Way) -> None:
    endless = Endless()

    with anyio.fail_after(10):
        await way(lambda: in_thread(endless.work), endless.begun)

    assert endless.ended.is_set()
    assert own_threads() == []
    steps = endless.steps
    await asyncio.sleep(0.01)
    assert endless.steps == steps


@pytest.mark.parametrize("way", WAYS)
async def test_work_without_points_is_waited_for(way: Way) -> None:
    loop, begun = asyncio.get_running_loop(), asyncio.Event()
    released, ended = threading.Event(), threading.Event()

    def work() -> None:
        loop.call_soon_threadsafe(begun.set)
        released.wait(10)
        ended.set()

    async def release() -> None:
        await begun.wait()
        await asyncio.sleep(0.05)
        assert not cancelled.done()
        released.set()

    releasing = asyncio.ensure_future(release())
    cancelled = asyncio.ensure_future(way(lambda: in_thread(work), begun))
    await cancelled
    await releasing

    assert ended.is_set()


@pytest.mark.parametrize("way", [by_cancel, by_scope])
async def test_what_stopped_work_gives_or_raises_is_dropped(way: Way) -> None:
    loop = asyncio.get_running_loop()

    def fail(begun: asyncio.Event) -> None:
        loop.call_soon_threadsafe(begun.set)
        try:
            while True:
                checkpoint()
                time.sleep(0.001)
        except Stopped:
            raise OSError("it stumbled while it stopped") from None

    begun = asyncio.Event()
    await way(lambda: in_thread(fail, begun), begun)


async def test_failure_of_what_is_tried_does_not_take_a_stop_for_its_own() -> None:
    loop, begun = asyncio.get_running_loop(), asyncio.Event()
    tries = 0

    def stubborn() -> None:
        nonlocal tries
        loop.call_soon_threadsafe(begun.set)
        while True:
            tries += 1
            try:
                time.sleep(0.001)
                checkpoint()
            except Exception:
                continue

    with anyio.fail_after(10):
        await by_cancel(lambda: in_thread(stubborn), begun)


async def test_cancelled_before_it_begins_nothing_is_started() -> None:
    started: list[int] = []

    with anyio.CancelScope() as scope:
        scope.cancel()
        await in_thread(started.append, 1)

    assert (scope.cancelled_caught, started) == (True, [])


async def test_stop_wakes_a_call_that_waits_in_the_system() -> None:
    loop, begun, bell = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def work() -> None:
        with waking(bell.set):
            loop.call_soon_threadsafe(begun.set)
            assert bell.wait(10)
            checkpoint()

    with anyio.fail_after(5):
        await by_cancel(lambda: in_thread(work), begun)


async def test_one_of_several_is_stopped_alone() -> None:
    first, second = Endless(), Endless()
    others = asyncio.ensure_future(in_thread(second.work))
    await second.begun.wait()

    await by_cancel(lambda: in_thread(first.work), first.begun)

    steps = second.steps
    while second.steps < steps + 3:  # noqa: ASYNC110 # it is another thread's
        await asyncio.sleep(0.001)
    assert not second.ended.is_set()
    others.cancel()
    with pytest.raises(asyncio.CancelledError):
        await others


def test_points_outside_of_a_thread_do_nothing() -> None:
    checkpoint()

    assert list(checked(iter("abc"))) == ["a", "b", "c"]


def test_closed_event_loop_stops_the_work() -> None:
    ended = threading.Event()

    async def main() -> None:
        endless = Endless()
        endless.ended = ended
        asyncio.ensure_future(in_thread(endless.work))  # noqa: RUF006 # nobody awaits it
        await endless.begun.wait()

    asyncio.run(main())

    assert ended.wait(10)
