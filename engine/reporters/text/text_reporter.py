"""Log lines for a pipe, a file, or a terminal that wants no more than lines."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TextIO

from ...core.event_queue import emitted_at
from ...core.events import (
    Event,
    InvocationStarted,
    Manner,
    MessageLogged,
    OutputProduced,
    RunResumed,
)
from ..plain_text import (
    Cleaner,
    Scrub,
    escape_block,
)
from ..writing import SteadyStream
from .line import (
    LINE_WIDTH,
    TIMESTAMP_WIDTH,
    Level,
    render,
)
from .lines import lines_of


def local_time() -> datetime:
    """When the event was emitted that is being reported, in the local time zone."""
    return emitted_at().astimezone()


class TextReporter:
    """Writes `14:47:39 | 1 of 4 START …` lines to `stream`, and a command's answer to `output`.

    Times are shown as the `clock` gives them. `level` is the lowest that is shown; with `quiet`
    only errors are, and what a template prints. An answer (`ls`, `compile --inline`) goes out
    as it is; only on a terminal is it escaped.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        output: TextIO | None = None,
        quiet: bool = False,
        use_colors: bool = False,
        level: Level = Level.INFO,
        clock: Callable[[], datetime] = local_time,
        scrub: Scrub | None = None,
        width: int = LINE_WIDTH,
    ) -> None:
        self._stream = SteadyStream(stream)
        self._output = SteadyStream(output) if output else self._stream
        self._level = Level.ERROR if quiet else level
        self._use_colors = use_colors
        self._clock = clock
        self._dotted_width = width - TIMESTAMP_WIDTH
        self._clean = Cleaner(scrub)
        self._manner = Manner()

    def handle(self, event: Event) -> None:
        if isinstance(event, InvocationStarted | RunResumed):
            self._manner = event.manner
        match event:
            case OutputProduced(text=text) | MessageLogged(message=text, is_print=True):
                escaped = self._output.isatty()
                self._output.write(answer(text, self._clean.scrub, escaped=escaped))
            case _:
                self._log(event)

    def close(self) -> None:
        """Nothing to do: each line was flushed as it was written."""

    def _log(self, event: Event) -> None:
        lines = lines_of(event, self._clean, manner=self._manner, debug=self._level <= Level.DEBUG)
        shown = [line for line in lines if line.level >= self._level]
        if not shown:
            return
        prefix = f"{self._clock():%H:%M:%S} | "
        rows = [
            row
            for line in shown
            for row in render(line, self._dotted_width, use_colors=self._use_colors)
        ]
        self._stream.write("".join(f"{(prefix + row).rstrip()}\n" for row in rows))


def answer(text: str, scrub: Scrub | None, *, escaped: bool) -> str:
    """A command's own answer, ending in a line end, without secrets.

    It is `escaped` for a terminal; into a pipe or a file it goes as it is.
    """
    if scrub:
        text = scrub(text)
    if escaped:
        text = escape_block(text)
    return text if text.endswith("\n") else f"{text}\n"
