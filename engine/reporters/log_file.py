"""`logs/dbt.log`: what happened, in more detail than a terminal shows, for later."""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO, cast

from ..core.events import (
    Event,
    InvocationFinished,
    InvocationStarted,
    MessageLogged,
    OutputProduced,
    ProjectFound,
    RunFinished,
    WarningRaised,
)
from ..core.plain_text import Cleaner
from ..core.reporter import Reporter
from ..settings.flags import LOG_FILE_BYTES
from .in_flight import InFlight
from .json.json_lines import JsonReporter
from .rotating_file import RotatingFile
from .style import Style
from .text.line import Level, Line, LineKind, render
from .text.shown_lines import ShownLines

_LAST = frozenset({RunFinished, InvocationFinished})
_ANSWER = LineKind("PrintEvent", "Z052")
_LEVELS = {level: f"{level.name.lower():5}" for level in Level}


class LogFile:
    """Writes the log lines of one invocation into the project's log directory.

    It learns from `ProjectFound` where that is, and holds its lines back until then. `tell`
    takes at the end, once, that the file couldn't be written, if it couldn't. `longest` is how many
    bytes it may have before there is a new one.
    """

    def __init__(
        self,
        style: Style,
        *,
        tell: Callable[[WarningRaised], None],
        is_json: bool = False,
        longest: int = LOG_FILE_BYTES,
    ) -> None:
        self._tell = tell
        self._is_told = False
        self._file = RotatingFile(longest=longest)
        stream = cast(TextIO, self._file)  # It has all that a writer calls.
        writer = (JsonReporter if is_json else LogWriter)(stream, style)
        self.leaves_out = writer.leaves_out
        self._writer: Reporter = writer

    def handle(self, event: Event) -> None:
        if isinstance(event, ProjectFound):
            self._file.open(event.log_path / "dbt.log")
        self._writer.handle(event)
        if type(event) in _LAST:
            self._file.drain()
        if isinstance(event, InvocationFinished):
            self._tell_problem()

    def close(self) -> None:
        self._file.close()
        self._tell_problem()

    def _tell_problem(self) -> None:
        if self._file.problem is not None and not self._is_told:
            self._is_told = True
            self._tell(WarningRaised("LogNotWritten", self._file.problem))


class LogWriter:
    """Lines in the form of dbt's log file: `14:47:39.123456 [info ] [Thread-1]: …`."""

    def __init__(self, stream: TextIO, style: Style) -> None:
        self._stream = stream
        self._clock = style.clock
        self._clean = Cleaner(style.scrub)
        self._lines = ShownLines(style.lowest, self._clean)
        self.leaves_out = self._lines.leaves_out
        self._in_flight = InFlight()

    def handle(self, event: Event) -> None:
        self._in_flight.note(event)
        self._write(event)
        self._in_flight.forget(event)

    def close(self) -> None:
        """Nothing to do: the stream is closed by whoever opened it."""

    def _write(self, event: Event) -> None:
        if isinstance(event, InvocationStarted):
            bar = "=" * 30
            self._stream.write(f"\n\n{bar} {self._now()} | {event.invocation_id} {bar}\n")
        lines = self._lines_of(event)
        if not lines:
            return
        now = self._now()
        self._stream.write("".join(self._row(event, line, now) for line in lines))

    def _row(self, event: Event, line: Line, now: str) -> str:
        thread = self._in_flight.thread_of(event, line)
        # Most lines have no dots and brackets to be laid out.
        text = "\n".join(render(line)) if line.status else line.text
        return f"{now} [{_LEVELS[line.level]}] [{thread}]: {text}".rstrip() + "\n"

    def _now(self) -> str:
        return self._clock().time().isoformat("microseconds")

    def _lines_of(self, event: Event) -> list[Line]:
        match event:
            case OutputProduced(text=text) | MessageLogged(message=text, is_print=True):
                answer = Line(_ANSWER, self._clean.message(text))
                return [answer] if answer.level >= self._lines.lowest else []
            case _:
                return self._lines.of(event)
