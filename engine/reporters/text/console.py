"""A run on a terminal: finished nodes scroll by, the running ones and a bar stay at the foot."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from threading import Event as Signal
from threading import Thread
from typing import TextIO, cast

from rich.console import Console
from rich.live import Live
from rich.text import Text

from ...core.events import (
    Event,
    MessageLogged,
    NodeCompiled,
    NodeExecuted,
    NodeStarted,
    OutputProduced,
    RunFinished,
    RunStarted,
)
from ...core.plain_text import Cleaner
from ..style import DEFAULT_STYLE, Style
from ..writing import SteadyStream
from .line import TIMESTAMP_WIDTH, Level, Line, fitted
from .live_view import MAX_WIDTH, LiveState, LiveView
from .shown_lines import ShownLines
from .text_reporter import answer

REFRESH_SECONDS = 0.1
"""How often the terminal is painted at most."""

TIMESTAMPS_FROM = 100
"""Columns from which on a finished node's line has room for its time of day."""

_NOT_SHOWN = (NodeCompiled, NodeExecuted)


class ConsoleReporter:
    """Shows a run on the terminal behind `stream`; a command's answer goes to `output`.

    `handle` only puts the event aside. A thread of its own paints, at most ten times a second,
    from the first event until `close`, which leaves the terminal as it was, without the live
    part, whenever it is called. Where only errors are shown, there is no live part. Its
    `size`, in columns and lines, is the terminal's own unless given.
    """

    def __init__(
        self,
        stream: TextIO,
        style: Style = DEFAULT_STYLE,
        *,
        output: TextIO | None = None,
        size: tuple[int, int] | None = None,
        refresh_seconds: float = REFRESH_SECONDS,
    ) -> None:
        self._stream = SteadyStream(stream)
        self._console = Console(
            file=cast(TextIO, self._stream),  # It has all that rich calls.
            force_terminal=True,
            color_system="standard" if style.use_colors else None,
            highlight=False,
            markup=False,
            emoji=False,
            width=size[0] if size else None,
            height=size[1] if size else None,
        )
        self._output = SteadyStream(output) if output and not output.isatty() else None
        self._clock = style.clock
        self._refresh_seconds = refresh_seconds
        self._clean = Cleaner(style.scrub)
        self._lines = ShownLines(style.lowest, self._clean)
        self.leaves_out = (*_NOT_SHOWN, *self._lines.leaves_out)
        self._waiting: deque[tuple[Event, datetime]] = deque()
        self._state = LiveState()
        self._is_running = False
        self._live: Live | None = None
        self._closing = Signal()
        self._painter: Thread | None = None
        self._failure: BaseException | None = None

    def handle(self, event: Event) -> None:
        if isinstance(event, _NOT_SHOWN):
            return
        self._waiting.append((event, self._clock()))
        if self._painter is None:
            self._painter = Thread(target=self._paint, name="headrace-console", daemon=True)
            self._painter.start()

    def close(self) -> None:
        """Show what still waits and restore the terminal. May be called twice."""
        self._closing.set()
        if self._painter and self._painter.is_alive():
            self._painter.join()
        if self._failure:
            failure, self._failure = self._failure, None
            raise failure

    def _paint(self) -> None:
        """The painter's life. It alone touches the console and the state."""
        try:
            while not self._closing.wait(self._refresh_seconds):
                self._refresh()
            self._refresh()
        except Exception as failure:
            self._failure = failure
        finally:
            self._stop_live()

    def _refresh(self) -> None:
        """Show what has happened since the last time."""
        scrolling = Text()
        while self._waiting:
            event, at = self._waiting.popleft()
            self._state.take(event, at, self._clean)
            match event:
                case RunStarted():
                    self._is_running = True
                case RunFinished():
                    self._is_running = False
                case OutputProduced(text=text) | MessageLogged(message=text, is_print=True):
                    self._answer(text, scrolling)
            self._append_lines(scrolling, event, at)
        if not self._is_running:
            self._stop_live()
        if scrolling:
            # With a live part, this prints above it and paints it anew, in one write.
            self._console.print(scrolling, end="", soft_wrap=True)
        elif self._live:
            self._live.refresh()
        if self._is_running and self._live is None and self._lines.lowest <= Level.INFO:
            self._start_live()

    def _append_lines(self, scrolling: Text, event: Event, at: datetime) -> None:
        if isinstance(event, NodeStarted):
            return  # The live part shows it.
        for line in self._lines.of(event):
            self._append_line(scrolling, line, at)

    def _append_line(self, scrolling: Text, line: Line, at: datetime) -> None:
        width = min(self._console.width, MAX_WIDTH)
        if line.status and width >= TIMESTAMPS_FROM:
            scrolling.append(f"{at:%H:%M:%S} | ", style="dim")
            width -= TIMESTAMP_WIDTH
        style = line.paint.name.lower() if line.paint.value else None
        for before, painted, after in fitted(line, width):
            scrolling.append(before)
            scrolling.append(painted, style=style)
            scrolling.append(f"{after}\n")

    def _answer(self, text: str, scrolling: Text) -> None:
        """On the terminal an answer scrolls with the rest; elsewhere it goes as it is."""
        if self._output:
            self._output.write(answer(text, self._clean.scrub, escaped=False))
        else:
            scrolling.append(answer(text, self._clean.scrub, escaped=True))

    def _start_live(self) -> None:
        self._live = Live(
            LiveView(self._state, self._clock),
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start(refresh=True)

    def _stop_live(self) -> None:
        if self._live:
            self._live.stop()
            self._live = None
