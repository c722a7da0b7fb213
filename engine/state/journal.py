"""The journal of a run: what became of every selected node, on disk as it happens.

`target/run_results.jsonl` is only ever appended to, a line at a time, straight to the operating
system: after kill -9 it tells what was planned, what had started and what was done. A run's
first line replaces the journal of the run before, whole, once there are nodes to run:

    header → planned* → (started | committing | result)* → finished
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from ..core.atomic_files import WriteBytes, replaced_file, write_all
from ..core.encoding import encode, mapped, utc_text
from ..core.events import (
    Event,
    InvocationFinished,
    InvocationStarted,
    NodeCancelled,
    NodeCommitting,
    NodeFinished,
    NodeSkipped,
    NodeStarted,
    RunEmpty,
    RunFinished,
    RunStarted,
    WarningRaised,
)
from ..core.plain_text import Scrub
from ..core.results import NodeInfo
from .journal_state import FORMAT, JournalState, Record
from .result_document import result_document


class Journal:
    """Keeps the journal at `path`, and its content in `state`.

    It is no reporter: what happens is recorded in the task that it happens in, before anything
    follows from it. A line is a write, and isn't waited for until it is on the disk itself.

    `carried` is the state of an earlier run that this one continues (`retry`): its nodes that
    this run doesn't select keep their results, so that a journal never loses a result to a
    smaller one. What can't be written is told by `problems`; the run goes on.
    """

    def __init__(
        self,
        path: Path,
        *,
        carried: JournalState | None = None,
        scrub: Scrub | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        write: WriteBytes = os.write,
    ) -> None:
        self.state = JournalState()
        self._path = path
        self._carried = carried
        self._scrub = scrub
        self._clock = clock
        self._write = write
        self._descriptor: int | None = None
        self._invocation: InvocationStarted | None = None
        self._problem: WarningRaised | None = None

    @property
    def problems(self) -> tuple[WarningRaised, ...]:
        """What went wrong with writing, if anything."""
        return (self._problem,) if self._problem else ()

    def record(self, event: Event) -> None:
        match event:
            case InvocationStarted():
                self._invocation = event
            case RunStarted():
                self._begin(event)
            case RunEmpty(settings=settings):
                # The file stays: what the last run left to be done is still to be done.
                self.state.apply(self._header(settings=settings))
            case InvocationFinished() if not self.state.header:
                self.state.apply(self._header())  # it could not run, and the file stays
            case NodeStarted(node=node):
                at = utc_text(event.started_at)
                self._note({"event": "started", "unique_id": node.unique_id, "at": at})
            case NodeCommitting():
                self._note(_committing(event))
            case (
                NodeFinished(result=result)
                | NodeSkipped(result=result)
                | NodeCancelled(result=result)
            ):
                self._note({"event": "result", "result": result_document(result, self._scrub)})
            case RunFinished():
                self._finish(event)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _begin(self, event: RunStarted) -> None:
        """Put the header and the plan in the place of the old journal, and stay open."""
        planned: list[Record] = [self._planned(node) for node in event.everything]
        records = [self._header(event), *self._carried_records(event), *planned]
        for record in records:
            self.state.apply(record)
        self.close()
        content = b"".join(encode(record) + b"\n" for record in records)
        try:
            self._descriptor = replaced_file(self._path, content, write=self._write)
        except OSError as error:
            self._give_up(error)

    def _planned(self, node: NodeInfo) -> Record:
        name = node.relation_name
        return {
            "event": "planned",
            "unique_id": node.unique_id,
            "name": node.name,
            "resource_type": node.resource_type,
            "path": node.path,
            "materialized": node.materialized,
            "relation_name": self._scrub(name) if self._scrub and name else name,
        }

    def _finish(self, event: RunFinished) -> None:
        """Add the results that came with no event of their own, and the last line."""
        for result in event.results:
            node = self.state.nodes.get(result.node.unique_id)
            if node is None or node.result is None:
                self._note({"event": "result", "result": result_document(result, self._scrub)})
        end: Record = {"elapsed": event.elapsed, "interrupted": event.interrupted}
        self._note({"event": "finished", "at": utc_text(self._clock())} | end)

    def _header(
        self, event: RunStarted | None = None, settings: Mapping[str, object] | None = None
    ) -> Record:
        header: Record = {"event": "header", "format": FORMAT}
        if event is not None:
            header |= {"threads": event.threads, "target": event.target_name}
            settings = event.settings
        if self._invocation:
            arguments: object = {**self._invocation.arguments, **(settings or {})}
            header |= {
                "invocation_id": self._invocation.invocation_id,
                "command": self._invocation.command,
                "version": self._invocation.version,
                "started_at": utc_text(self._invocation.started_at),
                "args": mapped(arguments, self._scrub) if self._scrub else arguments,
            }
        return header

    def _carried_records(self, event: RunStarted) -> list[Record]:
        if self._carried is None:
            return []
        selected = {node.unique_id for node in event.everything}
        return [
            record
            for unique_id, state in self._carried.nodes.items()
            if unique_id not in selected
            for record in state.records()
        ]

    def _note(self, record: Record) -> None:
        self.state.apply(record)
        if self._descriptor is None:
            return
        try:
            write_all(self._descriptor, encode(record) + b"\n", write=self._write)
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        """Write no more: after a torn line, whatever followed it would be lost as well."""
        self.close()
        reason = error.strerror or type(error).__name__
        message = (
            f"{self._path}: the journal of this run could not be written ({reason})."
            " Should the run be killed, its results up to then are not known."
        )
        self._problem = self._problem or WarningRaised("JournalNotWritten", message)


def _committing(event: NodeCommitting) -> Record:
    return {
        "event": "committing",
        "unique_id": event.node.unique_id,
        "transaction": event.transaction,
        "completes": event.completes,
        "batch": [utc_text(time) for time in event.batch] if event.batch else None,
    }
