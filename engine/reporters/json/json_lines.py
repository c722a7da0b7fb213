"""Log lines as JSON, in the shape of dbt's structured log, for orchestrators to read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from typing import TextIO

from ...core.encoding import encode, mapped, scrubbed, utc_text
from ...core.events import Event, InvocationStarted, MessageLogged, NodeCompiled, OutputProduced
from ...core.plain_text import MESSAGE_LIMIT, Cleaner
from ...core.results import NodeInfo, RunResult
from ..in_flight import MAIN_THREAD, InFlight
from ..style import DEFAULT_STYLE, Style
from ..text.line import Level, Line, LineKind, render
from ..text.shown_lines import ShownLines
from ..writing import SteadyStream
from .json_data import data_of, with_partner
from .json_debug import debug_data
from .json_node import Data

_PRINT = LineKind("PrintEvent", "Z052")
_CODES = {
    "ShowNode": "Q041",
    "CompiledNode": "Q042",
    "DebugCmdOut": "Z047",
    "DebugCmdResult": "Z048",
}


class JsonReporter:
    """Writes one JSON object a line: `{"info": {…}, "data": {…}}`.

    dagster-dbt and its like read the LogModelResult, LogSeedResult, LogSnapshotResult and
    LogTestResult events. A command's answer is a PrintEvent, for `ls` one a line.
    """

    def __init__(self, stream: TextIO, style: Style = DEFAULT_STYLE) -> None:
        self._stream = SteadyStream(stream)
        self._clock = style.clock
        self._scrub = style.scrub
        self._pid = os.getpid()
        self._lines = ShownLines(style.lowest, Cleaner(style.scrub))
        # How far a node has got, its lines say at every level.
        self.leaves_out = tuple(kind for kind in self._lines.leaves_out if kind is not NodeCompiled)
        self._invocation_id = ""
        self._extra: Mapping[str, object] = {}
        self._in_flight = InFlight()

    def handle(self, event: Event) -> None:
        if isinstance(event, InvocationStarted):
            self._invocation_id = event.invocation_id
            self._extra = {key: self._fit(value) for key, value in event.extra.items()}
        self._in_flight.note(event)
        self._write_lines(event)
        self._in_flight.forget(event)
        match event:
            case OutputProduced(text=text, name=str(name), data=data) if name:
                self._write_answer(Line(LineKind(name, _CODES.get(name, "")), text), data)
            case OutputProduced(text=text):
                split = self._lines.manner.answers_by_line
                self._write_answers(text.splitlines() if split else [text])
            case MessageLogged(message=text, is_print=True):
                self._write_answers([text])

    def close(self) -> None:
        """Nothing to do: each line was flushed as it was written."""

    def _write_lines(self, event: Event) -> None:
        lines = self._lines.of(event)
        if not lines:
            return
        now = self._clock()
        tells_all = self._lines.lowest <= Level.INFO
        self._stream.write(
            "".join(
                self._record(line, self._data(event, line, now), now, self._thread(event, line))
                for shown in lines
                for line in with_partner(shown, tells_all=tells_all)
            )
        )

    def _thread(self, event: Event, line: Line) -> str:
        return self._in_flight.thread_of(event, line)

    def _data(self, event: Event, line: Line, now: datetime) -> Data:
        told = debug_data(event, line, self._in_flight, now, self._lines.command)
        if told is not None:
            return told
        about = line.about
        node = about.node if isinstance(about, RunResult) else about
        unique_id = "" if node is None else node.unique_id
        status = self._in_flight.reached(unique_id) if isinstance(about, NodeInfo) else ""
        return data_of(event, line, self._in_flight.started_at(unique_id), now, status)

    def _write_answer(self, line: Line, data: Mapping[str, object]) -> None:
        if self._scrub:
            line = Line(line.kind, self._scrub(line.text))
        fields = {
            key: mapped(value, self._scrub) if self._scrub else value for key, value in data.items()
        }
        self._stream.write(self._record(line, fields, self._clock()))

    def _write_answers(self, answers: list[str]) -> None:
        now = self._clock()
        lines = [Line(_PRINT, self._scrub(text) if self._scrub else text) for text in answers]
        self._stream.write("".join(self._record(line, {"msg": line.text}, now) for line in lines))

    def _record(self, line: Line, data: Data, now: datetime, thread: str = MAIN_THREAD) -> str:
        info = {
            "name": line.kind.name,
            "code": line.kind.code,
            "level": line.level.name.lower(),
            "ts": utc_text(now),
            "msg": "\n".join(render(line)),
            "invocation_id": self._invocation_id,
            "pid": self._pid,
            "thread": thread,
            "category": "",
            "extra": self._extra,
        }
        fitting = mapped(data, self._fit)
        return encode({"info": info, "data": fitting}).decode() + "\n"

    def _fit(self, text: str) -> str:
        return scrubbed(text, self._scrub, MESSAGE_LIMIT)
