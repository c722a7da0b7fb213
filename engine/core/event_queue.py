"""The way of events out of a run: whoever emits puts one down, and consumers take it elsewhere.

    EventQueue(…) → emit()* → aclose()

Each consumer has a thread, in which it is called, in order, one event at a time. So one that is
slow, blocks, or raises costs the node's task no more than an append.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar, copy_context
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from threading import Event as Signal
from threading import Lock, Thread
from time import monotonic, time

from msgspec import Struct

from .blocking import to_its_end
from .events import Event, WarningRaised
from .reporter import RECORDED, ArtifactKeeper, Reporter

PAUSE_SECONDS = 0.05
"""How long events gather before they are handed on.

A thread that wakes for each of them takes the interpreter away from the run each time.
"""

_emitted_at: ContextVar[float | None] = ContextVar("headrace_emitted_at", default=None)


class Limits(Struct, frozen=True):
    """What a consumer may cost that isn't ours."""

    capacity: int = 10_000
    """How many events may wait for it. Beyond, the oldest give way, and are counted."""
    patience: float = 5.0
    """Seconds that it has, once the run is over, for what still waits for it."""


class Subscription(Struct, frozen=True):
    """A consumer of events, and what it may cost.

    One without `limits` is ours: it gets every event, is waited for as long as it takes, and an
    exception of its own is a bug, which travels once everybody has been closed.
    """

    reporter: Reporter
    limits: Limits | None = Limits()

    @classmethod
    def of(cls, reporter: Reporter | Subscription) -> Subscription:
        """The reporter with the usual limits, unless it has its own."""
        return reporter if isinstance(reporter, Subscription) else cls(reporter)


class EventQueue:
    """Hands each event to every consumer, in order, and closes each of them once.

    `tell` takes the warnings about consumers that aren't ours: one when such a one has raised or
    hasn't come to its end, one when it has missed events. It is called in their threads, and may
    emit what it is told. `artifacts` are ours, and come first.
    """

    def __init__(
        self,
        subscriptions: Iterable[Subscription],
        tell: Callable[[WarningRaised], None],
        artifacts: ArtifactKeeper | None = None,
    ) -> None:
        self.artifacts = artifacts
        self._tell = tell
        first = [] if artifacts is None else [Subscription(artifacts, limits=None)]
        self._feeds = tuple(_Feed(each, tell) for each in (*first, *subscriptions))
        self._ways: dict[type[Event], _Way] = {}

    def emit(self, event: Event) -> None:
        """Have an event recorded, and put it down. From any thread; waits for no consumer.

        Raises:
            HeadraceError: it can't be recorded.
        """
        kind = type(event)
        way = self._ways.get(kind)
        if way is None:
            way = self._ways[kind] = self._way_of(kind)
        record, feeds = way
        if record is not None:
            record(event)
        at = time()
        for feed in feeds:
            feed.put(event, at)

    def _way_of(self, kind: type[Event]) -> _Way:
        """Where events of one kind go. Asked once for each kind: a run has many events of a few."""
        is_recorded = self.artifacts is not None and issubclass(kind, RECORDED)
        record = self.artifacts.record if self.artifacts is not None and is_recorded else None
        return record, tuple(feed for feed in self._feeds if feed.takes(kind))

    async def settle(self) -> None:
        """Wait until the artifacts have taken what was emitted, and have told what they wrote.

        A cancellation travels once they have.
        """
        if self.artifacts is not None:
            await to_its_end(partial(self._feeds[0].is_idle_after, None))

    async def aclose(self) -> None:
        """Have everything delivered, and close the consumers: in order, those beside each other
        that aren't ours at once.

        A cancellation travels once that is done.

        Raises:
            Exception: a consumer of ours did.
        """
        await to_its_end(self._close)

    def _close(self) -> None:
        for feed in self._feeds:
            if feed.limits is None:
                feed.is_idle_after(None)  # what it tells of the last event, all are to hear
        for is_ours, feeds in groupby(self._feeds, lambda feed: feed.limits is None):
            if not is_ours:
                _end_together(tuple(feeds), self._tell)
                continue
            for feed in feeds:
                feed.close()
                feed.has_ended_after(None)
        for feed in self._feeds:
            if feed.failure is not None and feed.limits is None:
                raise feed.failure


def emitted_at() -> datetime:
    """When the event was emitted that a consumer is being handed; anywhere else, now."""
    at = _emitted_at.get()
    return datetime.now(UTC) if at is None else datetime.fromtimestamp(at, UTC)


_Way = tuple[Callable[[Event], None] | None, "tuple[_Feed, ...]"]
"""What records an event, and who is handed it."""


class _Feed:
    """What waits for one consumer, and the thread that hands it on: put()* → close() → ended."""

    def __init__(self, subscription: Subscription, tell: Callable[[WarningRaised], None]) -> None:
        self.limits = subscription.limits
        self.name = type(subscription.reporter).__qualname__
        self.failure: BaseException | None = None
        self.dropped = 0
        self._reporter = subscription.reporter
        self._leaves_out = getattr(self._reporter, "leaves_out", ())
        self._tell = tell
        self._waiting: deque[tuple[Event, float]] = deque()
        self._lock = Lock()
        self._has_news = Signal()
        self._is_idle = Signal()
        self._is_idle.set()
        self._is_hurried = Signal()
        self._is_closing = Signal()
        self._takes_more = True
        # A consumer that never returns mustn't keep the process from ending.
        self._thread = Thread(
            target=copy_context().run, args=(self._live,), name="headrace-events", daemon=True
        )

    def takes(self, kind: type[Event]) -> bool:
        """Whether the consumer is handed events of a kind."""
        return not issubclass(kind, self._leaves_out)

    def put(self, event: Event, at: float) -> None:
        """Have it handed on. Nothing happens once the subscription has ended."""
        with self._lock:
            if not self._takes_more:
                return
            if self.limits is not None and len(self._waiting) >= self.limits.capacity:
                self._waiting.popleft()
                self.dropped += 1
            self._waiting.append((event, at))
            if not self._has_news.is_set():
                self._wake()

    def is_idle_after(self, seconds: float | None) -> bool:
        """Whether by then, at the latest, the consumer has been handed all that waits."""
        self._is_hurried.set()
        return self._is_idle.wait(seconds)

    def close(self) -> None:
        """Have the consumer closed once it has been handed all that waits. Doesn't wait."""
        self._is_closing.set()
        self._is_hurried.set()
        with self._lock:
            self._wake()

    def has_ended_after(self, seconds: float | None) -> bool:
        """Whether by then, at the latest, the consumer is closed."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def give_up(self) -> int:
        """End the subscription; how much was left. Should the consumer return, it is closed."""
        left = self._take_no_more()
        self.close()
        return left

    def _take_no_more(self) -> int:
        with self._lock:
            self._takes_more = False
            left = len(self._waiting)
            self._waiting.clear()
            return left

    def _wake(self) -> None:
        self._is_idle.clear()
        self._has_news.set()
        if self._thread.ident is None:
            self._thread.start()

    def _live(self) -> None:
        """The life of the thread. It alone calls the consumer."""
        try:
            while not self._is_closing.is_set():
                self._has_news.wait()
                self._is_hurried.wait(PAUSE_SECONDS)
                self._hand_on()
            self._hand_on()
        except BaseException as failure:
            self._fail(failure)
        if self.limits is None:
            self._is_closing.wait()  # what is ours is in use until the run is over
        try:
            self._reporter.close()
        except BaseException as failure:
            self._fail(failure)
        self._is_idle.set()

    def _hand_on(self) -> None:
        handle, set_emitted_at = self._reporter.handle, _emitted_at.set
        while (item := self._next()) is not None:
            event, at = item
            set_emitted_at(at)
            handle(event)

    def _next(self) -> tuple[Event, float] | None:
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            self._has_news.clear()
            self._is_idle.set()
            return None

    def _fail(self, failure: BaseException) -> None:
        self._take_no_more()
        is_first, self.failure = self.failure is None, self.failure or failure
        if self.limits is None:
            self._is_idle.set()
        elif is_first:
            reason = f"{type(failure).__name__}: {failure}"
            self._tell(_failed(self.name, f"has raised {reason}"))


def _end_together(feeds: Sequence[_Feed], tell: Callable[[WarningRaised], None]) -> None:
    """Close consumers that aren't ours: what is told of one, the others still hear."""
    began, waited_for = monotonic(), []
    for feed in feeds:
        if feed.is_idle_after(_left(feed, began)):
            waited_for.append(feed)
        elif feed.failure is None:
            left = feed.give_up()
            tell(_failed(feed.name, f"hasn't kept up with the run: {left:,} events were left"))
    for feed in feeds:
        if feed.dropped:
            tell(
                WarningRaised(
                    "EventsDropped",
                    f"the reporter {feed.name} was slower than the run: it has missed "
                    f"{feed.dropped:,} events.",
                )
            )
    for feed in waited_for:
        feed.close()
    began = monotonic()
    for feed in waited_for:
        if not feed.has_ended_after(_left(feed, began)):
            feed.give_up()
            tell(_failed(feed.name, "hasn't come to its end"))


def _left(feed: _Feed, began: float) -> float:
    """Seconds of its patience that are left."""
    return max(0.0, feed.limits.patience - (monotonic() - began)) if feed.limits else 0.0


def _failed(name: str, what: str) -> WarningRaised:
    return WarningRaised("ReporterFailed", f"the reporter {name} {what}. It gets no more events.")
