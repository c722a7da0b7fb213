"""What a journal says: the last known state of every selected node.

One fold, `apply`, serves the running process and whoever reads the file later, so the two
can't disagree.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import Path

import msgspec
from msgspec import Struct, field

from ..core.errors import UsageError
from ..core.results import Status
from ..project.text_file import read_regular

JOURNAL_NAME = "run_results.jsonl"
FORMAT = 1
"""The version of the journal's form. A reader refuses one that it doesn't know."""

Record = dict[str, object]


class NodeState(Enum):
    """How far a node got, as far as is known."""

    PLANNED = "planned"
    """Selected, and not begun."""
    STARTED = "started"
    """Begun; the process ended, or is still running, without a result for it."""
    DONE = "done"
    """It has its result."""


class JournalNode(Struct):
    """One selected node. `plan` and `result` are the journal's own records of it."""

    unique_id: str
    plan: Record | None = None
    started_at: str | None = None
    result: Record | None = None
    transactions: list[Record] = field(default_factory=list)
    """What was on its way to its COMMIT, oldest first."""

    @property
    def state(self) -> NodeState:
        if self.result is not None:
            return NodeState.DONE
        return NodeState.STARTED if self.started_at else NodeState.PLANNED

    @property
    def status(self) -> str:
        """How it ended, as results say it: of what has no result, the run has ended before."""
        if self.result is not None:
            return str(self.result.get("status", ""))
        return (Status.ERROR if self.started_at else Status.SKIPPED).value

    @property
    def relation_name(self) -> object:
        return self.plan.get("relation_name") if self.plan else None

    def records(self) -> list[Record]:
        """The lines that tell it again in another journal."""
        started: Record = {"event": "started", "unique_id": self.unique_id, "at": self.started_at}
        result: Record = {"event": "result", "result": self.result}
        records = [self.plan] if self.plan else []
        records += [started] if self.started_at else []
        records += self.transactions
        return [*records, result] if self.result is not None else records


class JournalState(Struct):
    """A journal so far. `nodes` keeps the order of the plan; `elapsed` is in seconds."""

    header: Mapping[str, object] = field(default_factory=dict)
    nodes: dict[str, JournalNode] = field(default_factory=dict)
    finished: bool = False
    interrupted: bool = False
    elapsed: float = 0.0

    def apply(self, record: Mapping[str, object]) -> None:
        """Take in one more line. What a later version may add to the form is passed over."""
        match record:
            case {"event": "header"}:
                self.header = record
            case {"event": "planned", "unique_id": str(unique_id)}:
                self._node(unique_id).plan = dict(record)
            case {"event": "started", "unique_id": str(unique_id), "at": str(at)}:
                self._node(unique_id).started_at = at
            case {"event": "committing", "unique_id": str(unique_id)}:
                self._node(unique_id).transactions.append(dict(record))
            case {"event": "result", "result": dict(result)}:
                self._node(str(result.get("unique_id"))).result = result
            case {"event": "finished", "elapsed": int() | float() as elapsed, **end}:
                self.finished, self.elapsed = True, float(elapsed)
                self.interrupted = end.get("interrupted") is True

    def _node(self, unique_id: str) -> JournalNode:
        return self.nodes.setdefault(unique_id, JournalNode(unique_id))


def read_journal(path: Path) -> JournalState:
    """The state that a journal tells, up to its last whole line.

    A process that is killed can leave half a line behind, and a machine that loses power a tail
    of zeros; reading ends there.

    Raises:
        UsageError: there is no such file, or it doesn't begin as a journal does.
    """
    try:
        content = read_regular(path)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError(f"{path}: the journal of a run can't be read ({reason}).") from error
    state = JournalState()
    for line in content.split(b"\n"):
        try:
            state.apply(msgspec.json.decode(line, type=dict[str, object]))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            break
        if state.header.get("format") != FORMAT:
            break
    if state.header.get("format") != FORMAT:
        raise UsageError(
            f"{path}: this isn't the journal of a run, or is one of another version of headrace."
            " Run the command again to have a new one."
        )
    return state


def unfinished_document(unique_id: str, status: str, message: str, relation_name: object) -> Record:
    """The entry in run_results.json of a node that has no result: the run ended before."""
    return {
        "status": status,
        "timing": [],
        "thread_id": "",
        "execution_time": 0.0,
        "adapter_response": {},
        "message": message,
        "failures": None,
        "unique_id": unique_id,
        "compiled": False,
        "compiled_code": None,
        "relation_name": relation_name,
        "batch_results": None,
    }
