"""A service watches a run at its own pace."""

from __future__ import annotations

import anyio
import pytest
from headrace.engine.core.event_queue import EventQueue, Subscription
from headrace.engine.core.events import Event, InvocationFinished, WarningRaised
from headrace.engine.reporters.text.stream import EventStream

from .support import NOON, small_run


async def test_reader_gets_every_event_in_order() -> None:
    stream = EventStream()
    seen: list[Event] = []

    async def read() -> None:
        async for event in stream:
            seen.append(event)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        for event in small_run():
            stream.handle(event)
            await anyio.lowlevel.checkpoint()
        stream.close()

    assert seen == small_run()
    assert stream.dropped == 0


async def test_slow_reader_loses_the_oldest_and_is_told_how_many() -> None:
    stream = EventStream(capacity=10)
    told: list[WarningRaised] = []
    queue = EventQueue([Subscription(stream)], told.append)

    for number in range(99):
        queue.emit(WarningRaised("Odd", str(number)))
    queue.emit(InvocationFinished(0, 1.0, NOON))
    await queue.aclose()

    seen = [event async for event in stream]
    assert [event.message for event in seen if isinstance(event, WarningRaised)] == [
        str(number) for number in range(90, 99)
    ]
    assert isinstance(seen[-1], InvocationFinished)
    assert stream.dropped == 90


async def test_iteration_ends_when_the_run_does() -> None:
    stream = EventStream()
    seen: list[Event] = []

    async def read() -> None:
        async for event in stream:
            seen.append(event)

    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            await anyio.wait_all_tasks_blocked()
            stream.close()

    assert seen == []


async def test_reader_cancelled_while_waiting_loses_nothing() -> None:
    stream = EventStream()
    with anyio.move_on_after(0):
        await anext(stream)

    stream.handle(WarningRaised("Odd", "first"))
    stream.close()

    assert [event async for event in stream] == [WarningRaised("Odd", "first")]


def test_capacity_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        EventStream(capacity=0)
