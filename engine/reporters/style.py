"""How a reporter of lines shows what it shows, and how much of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from ..core.event_queue import emitted_at
from ..core.plain_text import Scrub
from .text.line import Level


def local_time() -> datetime:
    """When the event was emitted that is being reported, in the local time zone."""
    return emitted_at().astimezone()


class Style(Struct, frozen=True):
    """What all reporters of lines are told.

    Attributes:
        level: the lowest that is shown.
        quiet: whether only errors are, besides answers and what templates print.
        use_colors: whether statuses are coloured, by those who can.
        width: columns of a line with dots, up to its brackets, in the place of the usual ones.
        scrub: takes secrets out of what is shown.
        clock: says when an event was, as it is shown.
    """

    level: Level = Level.INFO
    quiet: bool = False
    use_colors: bool = False
    width: int | None = None
    scrub: Scrub | None = None
    clock: Callable[[], datetime] = local_time

    @property
    def lowest(self) -> Level:
        """The lowest level that is shown after all."""
        return Level.ERROR if self.quiet else self.level


DEFAULT_STYLE = Style()
