"""Who events go to: consumers, the keeper of the artifacts, and whoever takes them on the way."""

from __future__ import annotations

from typing import Protocol

from .events import (
    CatalogReady,
    Event,
    InvocationFailed,
    InvocationFinished,
    InvocationStarted,
    ManifestReady,
    NodeCancelled,
    NodeCommitting,
    NodeFinished,
    NodeSkipped,
    NodeStarted,
    ProjectFound,
    ProjectLoaded,
    RunEmpty,
    RunFinished,
    RunResumed,
    RunStarted,
)

RECORDED = (
    *(InvocationStarted, RunResumed, ProjectFound, ProjectLoaded, RunStarted, RunEmpty),
    *(NodeStarted, NodeCommitting, NodeFinished, NodeSkipped, NodeCancelled, RunFinished),
    *(InvocationFailed, InvocationFinished),
)
"""What has to be on disk before the run goes on, and where that is."""


class Reporter(Protocol):
    """A consumer of events. It works in a thread of its own, and not in the event loop.

    One that has nothing to do with some kinds of event may name these, as a tuple of classes,
    in an attribute `leaves_out`: it isn't handed them, which spares the run half of its events.
    """

    def handle(self, event: Event) -> None:
        """Take note of one event. Called in order, and never twice at a time."""

    def close(self) -> None:
        """Flush and let go. Called once, after the last event, however the run ended."""


class ArtifactKeeper(Reporter, Protocol):
    """The reporter that keeps on disk what a run does, some of it before the run goes on."""

    def record(self, event: Event) -> None:
        """Take note of one of `RECORDED` before anybody acts on it, in the task that it happens in.

        Raises:
            HeadraceError: it can't be kept, and the invocation can't go on without.
        """

    def write(self, event: ManifestReady | CatalogReady) -> None:
        """Write a large document. Called in a thread, which waits for it.

        It may be stopped: what isn't written by then stays as it was.
        """


class Emitter(Protocol):
    """What the engine needs of a queue: somewhere to put events."""

    def __call__(self, event: Event, /) -> None: ...
