"""Log lines as JSON, in the shape of dbt's structured log, for orchestrators to read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from typing import TextIO

from ...core.encoding import encode, mapped, scrubbed, utc_text
from ...core.events import (
    Event,
    InvocationFinished,
    InvocationStarted,
    MessageLogged,
    NodeCancelled,
    NodeCompiled,
    NodeFinished,
    NodeSkipped,
    NodeStarted,
    OutputProduced,
)
from ...core.plain_text import MESSAGE_LIMIT, Cleaner
from ...core.results import NodeInfo, RunResult, Status
from ..style import DEFAULT_STYLE, Style
from ..text.line import Level, Line, LineKind, render
from ..text.shown_lines import ShownLines
from ..writing import SteadyStream
from .json_data import data_of, with_partner
from .json_node import Data, node_data, run_result_data

_PRINT = LineKind("PrintEvent", "Z052")
_CODES = {"ShowNode": "Q041", "CompiledNode": "Q042"}
_BEGAN = LineKind("NodeStart", "Q024")
_COMPILING = LineKind("NodeCompiling", "Q030")
_EXECUTING = LineKind("NodeExecuting", "Q031")
_ENDED = LineKind("NodeFinished", "Q025")
_MAIN_THREAD = "MainThread"


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
        self._invocation_id = ""
        self._command = ""
        self._extra: Mapping[str, object] = {}
        self._started_at: dict[str, datetime] = {}
        self._reached: dict[str, str] = {}
        """How far each node has got that is under way."""

    def handle(self, event: Event) -> None:
        match event:
            case InvocationStarted():
                self._invocation_id = event.invocation_id
                self._command = f"headrace {event.command}"
                self._extra = {key: self._fit(value) for key, value in event.extra.items()}
            case NodeStarted(node=node):
                self._started_at[node.unique_id] = event.started_at
                self._reached[node.unique_id] = "compiling"
            case NodeCompiled(node=node):
                self._reached[node.unique_id] = "executing"
        debug = self._lines.has_debug
        if debug and isinstance(event, NodeStarted):
            text = f"Began running node {event.node.unique_id}"
            self._write_step(_BEGAN, text, event.node, "started")
        self._write_lines(event)
        if debug:
            self._write_way(event)
        match event:
            case NodeFinished() | NodeSkipped() | NodeCancelled():
                self._started_at.pop(event.result.node.unique_id, None)
                self._reached.pop(event.result.node.unique_id, None)
            case OutputProduced(text=text, name=str(name), data=data) if name:
                self._write_answer(Line(LineKind(name, _CODES.get(name, "")), text), data)
            case OutputProduced(text=text):
                split = self._lines.manner.answers_by_line
                self._write_answers(text.splitlines() if split else [text])
            case MessageLogged(message=text, is_print=True):
                self._write_answers([text])

    def close(self) -> None:
        """Nothing to do: each line was flushed as it was written."""

    def _write_way(self, event: Event) -> None:
        """How far a node has got, for those who follow each."""
        match event:
            case NodeStarted(node=node):
                text = f"Began compiling node {node.unique_id}"
                self._write_step(_COMPILING, text, node, "compiling")
            case NodeCompiled(node=node):
                text = f"Began executing node {node.unique_id}"
                self._write_step(_EXECUTING, text, node, "executing")
            case NodeFinished(result=result) | NodeSkipped(result=result):
                text = f"Finished running node {result.node.unique_id}"
                self._write_step(_ENDED, text, result, result.status.value)

    def _write_step(
        self, kind: LineKind, text: str, about: RunResult | NodeInfo, status: str
    ) -> None:
        line = Line(kind, self._scrub(text) if self._scrub else text, Level.DEBUG, about=about)
        now = self._clock()
        more: Data = {}
        if isinstance(about, RunResult):
            node, ended = about.node, None if about.status is Status.SKIPPED else now
            more = {"run_result": run_result_data(about)}
        else:
            node, ended = about, None
        data: Data = {"node_info": node_data(node, status, self._start_of(line), ended), **more}
        self._stream.write(self._record(line, data, now))

    def _write_lines(self, event: Event) -> None:
        now = self._clock()
        more = {"command": self._command} if isinstance(event, InvocationFinished) else {}
        records = [
            self._record(line, self._data(event, line, now) | more, now)
            for shown in self._lines.of(event)
            for line in with_partner(shown)
        ]
        if records:
            self._stream.write("".join(records))

    def _data(self, event: Event, line: Line, now: datetime) -> Data:
        about = line.about
        status = self._reached.get(about.unique_id, "") if isinstance(about, NodeInfo) else ""
        return data_of(event, line, self._start_of(line), now, status)

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

    def _record(self, line: Line, data: Data, now: datetime) -> str:
        info = {
            "name": line.kind.name,
            "code": line.kind.code,
            "level": line.level.name.lower(),
            "ts": utc_text(now),
            "msg": "\n".join(render(line)),
            "invocation_id": self._invocation_id,
            "pid": self._pid,
            "thread": _thread_of(line),
            "category": "",
            "extra": self._extra,
        }
        fitting = mapped(data, self._fit)
        return encode({"info": info, "data": fitting}).decode() + "\n"

    def _fit(self, text: str) -> str:
        return scrubbed(text, self._scrub, MESSAGE_LIMIT)

    def _start_of(self, line: Line) -> datetime | None:
        match line.about:
            case RunResult(node=node):
                return self._started_at.get(node.unique_id)
            case NodeInfo(unique_id=unique_id):
                return self._started_at.get(unique_id)
            case _:
                return None


def _thread_of(line: Line) -> str:
    if isinstance(line.about, RunResult) and line.about.thread_id:
        return line.about.thread_id
    return _MAIN_THREAD
