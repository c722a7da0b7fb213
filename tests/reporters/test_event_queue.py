"""Events leave a run by a queue: who takes them can neither slow nor fail it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import anyio
import pytest
from headrace import InvocationResult, Options, Status, invoke
from headrace.engine.core import event_queue
from headrace.engine.core.event_queue import EventQueue, Limits, Subscription, emitted_at
from headrace.engine.core.events import (
    Event,
    InvocationFinished,
    NodeCompiled,
    NodeFinished,
    NodeStarted,
    RunFinished,
    WarningRaised,
)
from headrace.engine.core.reporter import Reporter
from headrace.engine.reporters.artifacts.files import ArtifactFiles
from headrace.engine.reporters.artifacts.target_directory import TargetDirectory
from headrace.engine.reporters.log_file import LogFile
from headrace.engine.running.plan import Plan
from headrace.engine.state.journal_state import JOURNAL_NAME, NodeState, read_journal

from ..building.support import Recorder, relations, run, run_results

WriteProject = Callable[[Mapping[str, str]], Path]

TABLE = "{{ config(materialized='table') }}\n"
ENDLESS = (
    "with recursive counter(i) as (select 1 union all select i + 1 from counter) "
    "select count(*) as n from counter"
)
SHOP = {
    "models/orders.sql": TABLE + "select 1 as id",
    "models/customers.sql": "select id from {{ ref('orders') }}",
}
IMPATIENT = Limits(patience=0.2)


class Consumer:
    """A reporter that does something with each event, and counts what is done with it."""

    def __init__(
        self,
        on_event: Callable[[Event], None] = lambda event: None,
        on_close: Callable[[], None] = lambda: None,
    ) -> None:
        self.events: list[Event] = []
        self.closings = 0
        self._on_event = on_event
        self._on_close = on_close

    def handle(self, event: Event) -> None:
        assert not self.closings
        self.events.append(event)
        self._on_event(event)

    def close(self) -> None:
        self.closings += 1
        self._on_close()


class Gate:
    """A consumer of this one stands still until the gate is opened."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()

    def pass_through(self, event: Event | None = None) -> None:
        self.reached.set()
        assert self.opened.wait(60)


def fail(event: Event | None = None) -> None:
    raise ValueError("a consumer's own fault")


def odd(number: int) -> WarningRaised:
    return WarningRaised("Odd", str(number))


async def build(root: Path, *reporters: Reporter | Subscription) -> InvocationResult:
    return await invoke(Options(command="build"), reporters=reporters, environ={}, cwd=root)


def warnings(events: Sequence[Event]) -> list[tuple[str, str]]:
    return [(e.name, e.message) for e in events if isinstance(e, WarningRaised)]


async def test_each_consumer_gets_every_event_in_order_and_elsewhere() -> None:
    threads: set[int] = set()
    slow = Consumer(lambda event: time.sleep(0.001))
    quick = Consumer(lambda event: threads.add(threading.get_ident()))
    queue = EventQueue([Subscription(slow), Subscription(quick)], fail)

    for number in range(100):
        queue.emit(odd(number))
    await queue.aclose()

    assert slow.events == quick.events == [odd(number) for number in range(100)]
    assert threading.get_ident() not in threads
    assert len(threads) == 1


async def test_emitting_waits_for_nobody() -> None:
    gate = Gate()
    stuck = Consumer(gate.pass_through)
    queue = EventQueue([Subscription(stuck, limits=None)], fail)
    queue.emit(odd(0))
    await anyio.to_thread.run_sync(gate.reached.wait)

    began = time.perf_counter()
    for number in range(1, 1000):
        queue.emit(odd(number))
    seconds = time.perf_counter() - began
    gate.opened.set()
    await queue.aclose()

    assert seconds < 0.5
    assert len(stuck.events) == 1000


async def test_full_buffer_loses_the_oldest_and_that_is_told_once_with_how_many() -> None:
    gate, told = Gate(), Consumer()
    slow = Consumer(gate.pass_through)
    queue = EventQueue(
        [Subscription(slow, Limits(capacity=10)), Subscription(told)],
        lambda warning: queue.emit(warning),
    )
    queue.emit(odd(0))
    await anyio.to_thread.run_sync(gate.reached.wait)
    for number in range(1, 100):
        queue.emit(odd(number))
    gate.opened.set()

    await queue.aclose()

    dropped = [each for each in warnings(told.events) if each[0] == "EventsDropped"]
    assert slow.events[:11] == [odd(0), *map(odd, range(90, 100))]
    assert dropped == [
        ("EventsDropped", "the reporter Consumer was slower than the run: it has missed 89 events.")
    ]


async def test_consumer_of_ours_loses_nothing_and_is_waited_for() -> None:
    slow = Consumer(lambda event: time.sleep(0.0001))
    queue = EventQueue([Subscription(slow, limits=None)], fail)

    for number in range(12_000):
        queue.emit(odd(number))
    await queue.aclose()

    assert (len(slow.events), slow.closings) == (12_000, 1)


async def test_exception_of_ours_travels_when_everybody_is_closed() -> None:
    others = [Consumer(), Consumer()]
    broken = Consumer(fail)
    ours = [Subscription(each, limits=None) for each in (others[0], broken, others[1])]
    queue = EventQueue(ours, fail)
    queue.emit(odd(1))

    with pytest.raises(ValueError, match="a consumer's own fault"):
        await queue.aclose()

    assert [each.closings for each in (*others, broken)] == [1, 1, 1]
    assert [each.events for each in others] == [[odd(1)], [odd(1)]]


async def test_consumer_is_closed_also_where_nothing_was_emitted() -> None:
    consumer = Consumer()

    await EventQueue([Subscription(consumer)], fail).aclose()

    assert consumer.closings == 1


async def test_cancelling_who_closes_cuts_nothing_short() -> None:
    slow = Consumer(lambda event: time.sleep(0.01))
    queue = EventQueue([Subscription(slow)], fail)
    for number in range(20):
        queue.emit(odd(number))
    closing = asyncio.create_task(queue.aclose())
    await asyncio.sleep(0.05)

    for _ in range(3):
        closing.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await closing

    assert (len(slow.events), slow.closings) == (20, 1)


async def test_consumer_can_ask_when_an_event_was_emitted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_queue, "PAUSE_SECONDS", 0.3)
    times: list[tuple[datetime, datetime]] = []
    clock = Consumer(lambda event: times.append((emitted_at(), datetime.now().astimezone())))
    queue = EventQueue([Subscription(clock)], fail)

    queue.emit(odd(1))
    await anyio.sleep(0.1)
    await queue.aclose()

    ((emitted, handled),) = times
    assert timedelta(seconds=0.09) < handled - emitted < timedelta(seconds=5)


async def test_consumer_that_raises_ends_its_subscription_with_one_warning(
    write_project: WriteProject,
) -> None:
    root = write_project(SHOP)
    broken, whole = Consumer(fail, fail), Recorder()

    result = await build(root, broken, whole)

    assert result.exit_code == 0
    assert set(relations(root)) == {"orders", "customers"}
    assert (len(broken.events), broken.closings) == (1, 1)
    assert isinstance(whole.events[-1], InvocationFinished)
    assert warnings(whole.events) == [
        (
            "ReporterFailed",
            "the reporter Consumer has raised ValueError: a consumer's own fault. "
            "It gets no more events.",
        )
    ]


async def test_consumer_whose_closing_raises_is_told_in_the_log(
    write_project: WriteProject,
) -> None:
    root = write_project(SHOP)
    broken = Consumer(on_close=fail)

    result = await build(root, broken)

    assert result.exit_code == 0
    assert broken.closings == 1
    log = (root / "logs" / "dbt.log").read_text("utf-8")
    assert log.count("[ReporterFailed]: the reporter Consumer has raised ValueError") == 1


async def test_failing_consumer_counts_as_an_error_where_warnings_do(
    write_project: WriteProject,
) -> None:
    root = write_project(SHOP)
    options = Options(command="build", warn_error=True)

    result = await invoke(options, reporters=[Consumer(fail)], environ={}, cwd=root)

    assert result.exit_code == 2
    assert "[ReporterFailed]" in str(result.error)
    assert [each.status for each in result.results] == [Status.SUCCESS] * 2


async def test_consumer_that_sleeps_at_each_event_does_not_slow_the_run(
    write_project: WriteProject,
) -> None:
    root = write_project({f"models/m{n}.sql": TABLE + f"select {n} as n" for n in range(200)})
    alone = await run(root)
    slow = Subscription(Consumer(lambda event: time.sleep(0.2)), IMPATIENT)
    recorder = Recorder()

    result = await build(root, slow, recorder)

    seconds = [e.elapsed for e in (*alone.events, *recorder.events) if isinstance(e, RunFinished)]
    assert result.exit_code == 0
    assert seconds[1] < 3 * seconds[0] + 2  # to sleep for 600 events would take 120
    assert [name for name, _ in warnings(recorder.events)] == ["ReporterFailed"]
    assert "hasn't kept up with the run" in warnings(recorder.events)[0][1]


async def test_consumer_that_never_returns_is_left_behind_with_a_warning(
    write_project: WriteProject,
) -> None:
    root = write_project(SHOP)
    gate, recorder, closed = Gate(), Recorder(), threading.Event()
    stuck = Consumer(gate.pass_through, closed.set)

    with anyio.fail_after(30):
        result = await build(root, Subscription(stuck, IMPATIENT), recorder)

    assert result.exit_code == 0
    assert recorder.is_closed
    assert [name for name, _ in warnings(recorder.events)] == ["ReporterFailed"]
    assert stuck.closings == 0
    gate.opened.set()
    # It returns one day, gets nothing more, and is closed.
    assert closed.wait(30)
    assert (len(stuck.events), stuck.closings) == (1, 1)


async def test_consumer_whose_closing_never_returns_is_left_behind(
    write_project: WriteProject,
) -> None:
    root = write_project(SHOP)
    gate = Gate()
    stuck = Consumer(on_close=gate.pass_through)

    with anyio.fail_after(30):
        result = await build(root, Subscription(stuck, IMPATIENT))
    gate.opened.set()

    assert (result.exit_code, stuck.closings) == (0, 1)
    assert "hasn't come to its end" in (root / "logs" / "dbt.log").read_text("utf-8")


async def test_journal_tells_of_every_node_while_an_event_is_not_taken(
    write_project: WriteProject,
) -> None:
    root = write_project(SHOP)
    gate, told = Gate(), threading.Event()
    watch = Consumer(lambda event: told.set() if isinstance(event, RunFinished) else None)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(build, root, Consumer(gate.pass_through), watch)
        assert await anyio.to_thread.run_sync(told.wait, 30)
        journal = read_journal(root / "target" / JOURNAL_NAME)
        gate.opened.set()

    assert [node.state for node in journal.nodes.values()] == [NodeState.DONE] * 2


async def test_journal_has_a_nodes_end_before_the_plan_does(
    write_project: WriteProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_project(SHOP)
    seen: dict[str, NodeState] = {}
    done = Plan.done

    def watched(self: Plan, node: str, status: Status) -> list[str]:
        seen[node] = read_journal(root / "target" / JOURNAL_NAME).nodes[node].state
        return done(self, node, status)

    monkeypatch.setattr(Plan, "done", watched)
    await build(root)

    assert seen == {
        "model.shop.orders": NodeState.DONE,
        "model.shop.customers": NodeState.DONE,
    }


async def test_journal_goes_on_where_a_reporter_of_ours_is_broken(
    write_project: WriteProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_project(SHOP)
    recorder = Recorder()

    def handle(self: ArtifactFiles, event: Event) -> None:
        if isinstance(event, NodeCompiled):
            fail()

    monkeypatch.setattr(ArtifactFiles, "handle", handle)

    with pytest.raises(ValueError, match="a consumer's own fault"):
        await build(root, recorder)

    journal = read_journal(root / "target" / JOURNAL_NAME)
    assert [node.state for node in journal.nodes.values()] == [NodeState.DONE] * 2
    assert journal.finished
    assert set(run_results(root).values()) == {"success"}
    assert isinstance(recorder.events[-1], InvocationFinished)


WAYS_TO_END = [
    "done",
    "a node fails",
    "it cannot run",
    "cancelled",
    "a bug of ours",
    "a consumer raises",
    "a closing raises",
]


@pytest.mark.parametrize("way", WAYS_TO_END)
async def test_every_reporter_is_closed_once_however_the_run_ends(
    write_project: WriteProject, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    sql = {"a node fails": "select nope", "cancelled": ENDLESS}.get(way, "select 1 as id")
    files = {**SHOP, "models/orders.sql": TABLE + sql}
    root = write_project(
        {**files, "models/x.sql": "{{ ref('nobody') }}"} if "not" in way else files
    )
    own_closings: list[str] = []
    for own in (TargetDirectory, LogFile):
        monkeypatch.setattr(own, "close", counted(own, own_closings))
    if way == "a bug of ours":
        monkeypatch.setattr(Plan, "pop_ready", lambda self: fail())
    started = asyncio.Event()
    loop = asyncio.get_running_loop()

    def watch(event: Event) -> None:
        if isinstance(event, NodeStarted):
            loop.call_soon_threadsafe(started.set)

    broken = Consumer(
        fail if way == "a consumer raises" else watch,
        fail if way == "a closing raises" else lambda: None,
    )
    others = [Consumer(), Consumer()]

    task = asyncio.create_task(build(root, others[0], broken, others[1]))
    if way == "cancelled":
        await started.wait()
        task.cancel()
    with anyio.fail_after(60):
        (ended,) = await asyncio.gather(task, return_exceptions=True)

    expected = {
        "a node fails": "1",
        "it cannot run": "2",
        "cancelled": "CancelledError",
        "a bug of ours": "ValueError",
    }
    assert how(ended) == expected.get(way, "0")
    assert [each.closings for each in (*others, broken)] == [1, 1, 1]
    assert sorted(own_closings) == ["LogFile", "TargetDirectory"]
    for other in others:
        assert sum(isinstance(event, InvocationFinished) for event in other.events) == 1
    if way not in ("it cannot run", "a bug of ours"):
        assert run_results(root).keys() == {"model.shop.orders", "model.shop.customers"}
        assert any(isinstance(event, NodeFinished) for event in others[0].events) or (
            way == "cancelled"
        )


def how(ended: InvocationResult | BaseException) -> str:
    if isinstance(ended, BaseException):
        return type(ended).__name__
    return str(int(ended.exit_code))


def counted(owner: type[TargetDirectory | LogFile], closings: list[str]) -> Callable[..., None]:
    close = owner.close

    def counting(self: TargetDirectory | LogFile) -> None:
        closings.append(owner.__name__)
        close(self)  # type: ignore[arg-type]  # it is the owner's own

    return counting


async def test_consumer_is_not_handed_what_it_leaves_out() -> None:
    class Choosy(Consumer):
        leaves_out = (NodeStarted, WarningRaised)

    choosy, other = Choosy(), Consumer()
    queue = EventQueue(map(Subscription.of, (choosy, other)), lambda warning: None)
    events: list[Event] = [
        WarningRaised("W", "w"),
        RunFinished((), 0.0),
        WarningRaised("V", "v"),
    ]

    for event in events:
        queue.emit(event)
    await queue.aclose()

    assert choosy.events == [events[1]]
    assert other.events == events
