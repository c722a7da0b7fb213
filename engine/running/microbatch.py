"""A model that is built in batches, each of a window of time and in a transaction of its own."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from itertools import islice

import anyio
import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from ...adapters.base import Response
from ..core.errors import CompilationError
from ..core.results import BatchResults, NodeError, Status
from ..manifest.nodes.model_node import Model
from ..manifest.reading.microbatch_settings import MAX_BATCHES, MicrobatchSettings
from ..materializations.node_build import Outcome
from ..project.event_time import EARLIEST, EventWindow, Reading, back, windows

_READS_ITSELF = re.compile(r"\bthis\b")


class Batch(Struct, frozen=True):
    """One of a model's batches.

    `index` counts from 1. `is_incremental`: it adds to the table, whatever the flags say.
    """

    window: EventWindow
    label: str
    index: int
    total: int
    is_incremental: bool = True

    @property
    def is_first(self) -> bool:
        return self.index == 1

    @property
    def is_last(self) -> bool:
        return self.index == self.total


class BatchOutcome(Struct, frozen=True):
    """What became of a batch. `error` is why it failed, where it did."""

    batch: Batch
    error: NodeError | None = None


BuildBatch = Callable[[Batch], Awaitable[BatchOutcome]]


def plan_batches(
    settings: MicrobatchSettings, reading: Reading, now: datetime, *, is_incremental: bool
) -> list[Batch]:
    """The batches to build, the oldest first.

    Without a window given they go up to now: from the model's `begin` on where its table is
    made anew, and else from `lookback` batches before the one that is under way.

    Raises:
        CompilationError: they would be more than any run could build.
    """
    size = settings.batch_size
    given = reading.sample or reading.batches
    end = size.ceiling(given.end if given else now)
    if given:
        start = size.floor(given.start)
    elif not is_incremental:
        start = size.floor(settings.begin)
    else:
        # `end` begins a batch that isn't there yet: the one before it is the newest.
        start = back(end, settings.lookback + 1, size) or EARLIEST
    found = list(islice(windows(start, end, size), MAX_BATCHES + 1))
    if len(found) > MAX_BATCHES:
        raise CompilationError(
            f"from {start:%Y-%m-%d} to {end:%Y-%m-%d} there are more than {MAX_BATCHES:,} batches "
            f"of one {size.value}, which is the most for one run. See 'begin' and 'batch_size', "
            "and build a part at a time with --event-time-start and --event-time-end."
        )
    return [
        Batch(window, size.label(window.start), number, len(found), is_incremental or number > 1)
        for number, window in enumerate(found, 1)
    ]


def plan_again(settings: MicrobatchSettings, failed: Sequence[EventWindow]) -> list[Batch]:
    """The batches that failed the last time: they add to the table that the others have made."""
    size = settings.batch_size
    return [
        Batch(window, size.label(window.start), number, len(failed))
        for number, window in enumerate(failed, 1)
    ]


def batch_node(node: Model, batch: Batch) -> Model:
    """The model as one batch sees it: hooks at both ends only, and the window in its config."""
    config = node.config
    values = {
        **config.values,
        "__dbt_internal_microbatch_event_time_start": batch.window.start,
        "__dbt_internal_microbatch_event_time_end": batch.window.end,
    }
    config = msgspec.structs.replace(
        config,
        values=values,
        pre_hook=config.pre_hook if batch.is_first else (),
        post_hook=config.post_hook if batch.is_last else (),
    )
    return msgspec.structs.replace(node, config=config)


def may_run_together(node: Model, settings: MicrobatchSettings) -> bool:
    """Whether batches may be built at the same time.

    Where the model leaves it open: if it doesn't read itself, and no key ties a row of one
    batch to a row of another, so that their order would matter.
    """
    if settings.is_concurrent is not None:
        return settings.is_concurrent
    return not node.config.unique_key and _READS_ITSELF.search(node.raw_code) is None


class Microbatch(Struct):
    """The batches of one model. `await run()`: the first alone, then the others, then the last.

    A batch that fails doesn't stop those after it, but for the first one.
    """

    batches: Sequence[Batch]
    build: BuildBatch
    slots: int
    done: Sequence[EventWindow] = ()
    """The batches that an earlier run has built."""
    outcomes: list[BatchOutcome] = field(default_factory=list)

    async def run(self) -> Outcome:
        """Build every batch, at most `slots` at a time.

        A cancellation ends the queries of those in flight, and travels on.
        """
        first, *others = self.batches
        await self._build(first)
        if self.outcomes[0].error is None and others:
            async with anyio.create_task_group() as tasks:
                limit = anyio.Semaphore(self.slots)
                for batch in others[:-1]:
                    await limit.acquire()
                    tasks.start_soon(self._build_and_release, batch, limit)
            await self._build(others[-1])
        return self._outcome()

    @property
    def left(self) -> list[Batch]:
        """The batches that weren't tried, since the first one failed."""
        tried = {outcome.batch.index for outcome in self.outcomes}
        return [batch for batch in self.batches if batch.index not in tried]

    async def _build_and_release(self, batch: Batch, limit: anyio.Semaphore) -> None:
        try:
            await self._build(batch)
        finally:
            limit.release()

    async def _build(self, batch: Batch) -> None:
        self.outcomes.append(await self.build(batch))

    def _outcome(self) -> Outcome:
        done = {outcome.batch.index for outcome in self.outcomes if outcome.error is None}
        built = [batch.window for batch in self.batches if batch.index in done]
        results = BatchResults(
            successful=tuple(_times(window) for window in (*self.done, *built)),
            failed=tuple(_times(each.window) for each in self.batches if each.index not in done),
        )
        failures = [outcome for outcome in self.outcomes if outcome.error is not None]
        if not failures:
            return Outcome(Status.SUCCESS, Response("SUCCESS"), 0, batches=results)
        error = _first_error(failures)
        # As in dbt, what counts is what became of the batches of this run.
        if not built:
            return Outcome(Status.ERROR, Response("ERROR"), 0, error, results)
        message = f"PARTIAL SUCCESS ({len(built)}/{len(self.batches)})"
        return Outcome(Status.PARTIAL_SUCCESS, Response(message), 0, error, results)


def _times(window: EventWindow) -> tuple[datetime, datetime]:
    return window.start, window.end


def _first_error(failures: Sequence[BatchOutcome]) -> NodeError:
    first = min(failures, key=lambda outcome: outcome.batch.index)
    assert first.error is not None
    others = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
    message = f"batch {first.batch.label}{others}: {first.error.message}"
    return replace(first.error, message=message)
