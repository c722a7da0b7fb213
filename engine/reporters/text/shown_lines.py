"""Which lines a reporter shows of an event."""

from __future__ import annotations

from ...core.events import (
    Event,
    InvocationStarted,
    Manner,
    NodeCommitting,
    NodeExecuted,
    NodeFinished,
    NodeSkipped,
    ParseCacheChanged,
    RunResumed,
)
from ...core.plain_text import Cleaner
from ...core.results import RunResult
from .debug_lines import DETAILS, skipping_line, with_debug_lines
from .line import Level, Line
from .lines import lines_of

_BESIDE_THE_RUN = (NodeExecuted, NodeCommitting, ParseCacheChanged)
"""What no line tells of at any level."""
_FOR_DEBUGGING = (*DETAILS, *_BESIDE_THE_RUN)
"""What no line tells of at a level above DEBUG."""


class ShownLines:
    """The lines of each event, in the command's manner, from a level on.

    Attributes:
        lowest: that level.
        manner: of the command that runs now; `retry` becomes another one.
        command: what was called.
    """

    def __init__(self, lowest: Level, clean: Cleaner) -> None:
        self.lowest = lowest
        self.manner = Manner()
        self.command = ""
        self._clean = clean
        self._blocking: RunResult | None = None
        """The node that ended last of those that others aren't run without."""

    @property
    def leaves_out(self) -> tuple[type[Event], ...]:
        """The kinds of event that there is no line of, and that needn't be handed in."""
        return _BESIDE_THE_RUN if self.has_debug else _FOR_DEBUGGING

    @property
    def has_debug(self) -> bool:
        """Whether lines for those who look for an error are shown."""
        return self.lowest <= Level.DEBUG

    def of(self, event: Event) -> list[Line]:
        """Those of an event. Every one is to be handed in, in order, but for `leaves_out`."""
        if type(event) in DETAILS:
            # Most events are. Without this, each would be held against every kind there is.
            return with_debug_lines(event, [], self._clean, self.command) if self.has_debug else []
        if isinstance(event, InvocationStarted | RunResumed):
            self.manner = event.manner
        if isinstance(event, InvocationStarted):
            self.command = event.command
        lines = lines_of(
            event, self._clean, manner=self.manner, debug=self.has_debug, command=self.command
        )
        if self.has_debug:
            return [*self._skipping(event), *lines]
        return [line for line in lines if line.level >= self.lowest]

    def _skipping(self, event: Event) -> list[Line]:
        """That others are skipped because of a node, before the first of them is told."""
        match event:
            case NodeFinished(result=result) if result.status.blocks_children:
                self._blocking = result
            case NodeSkipped(result=result) if self._blocking is not None:
                blocking = self._blocking
                if result.because == blocking.node.unique_id:
                    self._blocking = None
                    return [skipping_line(blocking, self._clean)]
        return []
