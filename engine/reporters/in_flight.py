"""The nodes that are under way, as whoever tells of them step by step has to know them."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from ...adapters.traffic import SessionBound, StatementAnswered, StatementSent
from ..core.events import (
    Event,
    NodeCancelled,
    NodeCompiled,
    NodeFinished,
    NodeSkipped,
    NodeStarted,
    RunFinished,
)
from ..core.results import NodeInfo, RunResult
from .text.line import Line

MAIN_THREAD = "MainThread"

_ENDS = (NodeFinished, NodeSkipped, NodeCancelled)
_OF_SESSIONS = (SessionBound, StatementSent, StatementAnswered)
# Tuples, not unions: a union is made anew each time that it is asked.


class _Step(Struct):
    """A node that was started: when, in which thread, and how far it has got."""

    node: NodeInfo
    started_at: datetime
    thread_id: str
    reached: str = "compiling"


class InFlight:
    """note() for each event, before it is told → (of … | thread_of …)* → forget() after it."""

    def __init__(self) -> None:
        self._steps: dict[str, _Step] = {}

    def note(self, event: Event) -> None:
        """Take in that a node begins, or gets further."""
        match event:
            case NodeStarted(node=node):
                self._steps[node.unique_id] = _Step(node, event.started_at, event.thread_id)
            case NodeCompiled(node=node) if node.unique_id in self._steps:
                self._steps[node.unique_id].reached = "executing"

    def forget(self, event: Event) -> None:
        """Take in that a node has ended."""
        if isinstance(event, _ENDS):
            self._steps.pop(event.result.node.unique_id, None)

    def started_at(self, unique_id: str) -> datetime | None:
        step = self._steps.get(unique_id)
        return step.started_at if step else None

    def reached(self, unique_id: str) -> str:
        """How far a node has got, or nothing of one that isn't under way."""
        step = self._steps.get(unique_id)
        return step.reached if step else ""

    def node(self, unique_id: str) -> NodeInfo | None:
        """The node under way of that id, such as a connection's name may be."""
        step = self._steps.get(unique_id)
        return step.node if step else None

    def thread_of(self, event: Event, line: Line) -> str:
        """Where it has happened what a line is about."""
        about = line.about
        if isinstance(about, RunResult):
            # The summary of a run is nobody's but the run's.
            is_told_later = isinstance(event, RunFinished) or not about.thread_id
            return MAIN_THREAD if is_told_later else about.thread_id
        unique_id = ""
        if isinstance(about, NodeInfo):
            unique_id = about.unique_id
        elif isinstance(event, _OF_SESSIONS):
            unique_id = event.connection_name
        step = self._steps.get(unique_id)
        return (step.thread_id if step else "") or MAIN_THREAD
