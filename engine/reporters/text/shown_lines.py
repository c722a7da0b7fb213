"""Which lines a reporter shows of an event."""

from __future__ import annotations

from ...core.events import Event, InvocationStarted, Manner, RunResumed
from ...core.plain_text import Cleaner
from .line import Level, Line
from .lines import lines_of


class ShownLines:
    """The lines of each event, in the command's manner, from a level on.

    Attributes:
        lowest: that level.
        manner: of the command that runs now; `retry` becomes another one.
    """

    def __init__(self, lowest: Level, clean: Cleaner) -> None:
        self.lowest = lowest
        self.manner = Manner()
        self._clean = clean

    @property
    def has_debug(self) -> bool:
        """Whether lines for those who look for an error are shown."""
        return self.lowest <= Level.DEBUG

    def of(self, event: Event) -> list[Line]:
        """Those of an event. Every one is to be handed in, in order."""
        if isinstance(event, InvocationStarted | RunResumed):
            self.manner = event.manner
        lines = lines_of(event, self._clean, manner=self.manner, debug=self.has_debug)
        return [line for line in lines if line.level >= self.lowest]
