"""Log lines for a pipe, a file, or a terminal that wants no more than lines."""

from __future__ import annotations

from typing import TextIO

from ...core.events import Event, MessageLogged, OutputProduced
from ...core.plain_text import Cleaner, Scrub, escape_block
from ..style import DEFAULT_STYLE, Style
from ..writing import SteadyStream
from .line import LINE_WIDTH, TIMESTAMP_WIDTH, render, timed
from .shown_lines import ShownLines


class TextReporter:
    """Writes `14:47:39 | 1 of 4 START …` lines to `stream`, and a command's answer to `output`.

    An answer (`ls`, `compile --inline`) goes out as it is; only on a terminal is it escaped.
    """

    def __init__(
        self, stream: TextIO, style: Style = DEFAULT_STYLE, *, output: TextIO | None = None
    ) -> None:
        self._stream = SteadyStream(stream)
        self._output = SteadyStream(output) if output else self._stream
        self._style = style
        self._dotted_width = (style.width or LINE_WIDTH) - TIMESTAMP_WIDTH
        self._clean = Cleaner(style.scrub)
        self._lines = ShownLines(style.lowest, self._clean)
        self.leaves_out = self._lines.leaves_out

    def handle(self, event: Event) -> None:
        match event:
            case OutputProduced(text=text) | MessageLogged(message=text, is_print=True):
                escaped = self._output.isatty()
                self._output.write(answer(text, self._clean.scrub, escaped=escaped))
            case _:
                self._log(event)

    def close(self) -> None:
        """Nothing to do: each line was flushed as it was written."""

    def _log(self, event: Event) -> None:
        style, shown = self._style, self._lines.of(event)
        if not shown:
            return
        prefix = f"{style.clock():%H:%M:%S} | "
        rows = [
            row
            for line in shown
            for row in timed(
                line, render(line, self._dotted_width, use_colors=style.use_colors), prefix
            )
        ]
        self._stream.write("".join(f"{row}\n" for row in rows))


def answer(text: str, scrub: Scrub | None, *, escaped: bool) -> str:
    """A command's own answer, ending in a line end, without secrets.

    It is `escaped` for a terminal; into a pipe or a file it goes as it is.
    """
    if scrub:
        text = scrub(text)
    if escaped:
        text = escape_block(text)
    return text if text.endswith("\n") else f"{text}\n"
