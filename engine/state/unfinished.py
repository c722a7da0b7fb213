"""What the last run has left to be done: which nodes, of which command, with which flags.

The journal of the run tells, whatever ended it. Where there is none, as where dbt ran, its
`run_results.json` does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field, structs

from ...adapters.abilities import Fate
from ..core.errors import UsageError
from ..project.event_time import EventWindow
from ..settings.flag import Known
from ..settings.flags import FLAGS
from ..settings.options import Options
from .doubts import Doubts, Windows, done_record, doubts_of, settle
from .journal_state import JournalNode, JournalState, Record
from .last_run import read_last_run

_DONE = frozenset({"success", "pass", "no-op"})
_WARNED = "warn"
_HOOK = "operation."
_HIDDEN = "*****"

_KEPT = frozenset(name for name, flag in FLAGS.items() if Known.RETRY in flag.known)
"""The options of the first run that count again. The others say how it is shown, and where."""

_TYPES = {found.name: found.type for found in structs.fields(Options)}


class FailedBatches(Struct, frozen=True):
    """The batches of a microbatch model, of which some were built."""

    failed: tuple[EventWindow, ...]
    successful: tuple[EventWindow, ...]

    def without(self, through: Windows) -> FailedBatches:
        """What is left when some of those that failed are there after all."""
        failed = tuple(window for window in self.failed if window not in through)
        return FailedBatches(failed, (*self.successful, *through))


class UnfinishedRun(Struct, frozen=True):
    """The last run, as far as it is to be repeated.

    Attributes:
        options: those of the first run, with what was given now.
        nodes: the ids that haven't succeeded, in the order of the run.
        planned: all its ids, but for hooks.
        batches: of nodes that were built in part, what is left of them.
        started_at: when the first run began, which its batches go up to.
        records: what the journal is to keep of the run.
        doubts: by its id, what the database has to be asked before a node is run again.
        journal: what is known of each node.
    """

    options: Options
    nodes: tuple[str, ...]
    planned: frozenset[str]
    batches: Mapping[str, FailedBatches] = field(default_factory=dict)
    started_at: datetime | None = None
    records: tuple[Record, ...] = ()
    doubts: Doubts = field(default_factory=dict)
    journal: Mapping[str, JournalNode] = field(default_factory=dict)

    def settled(self, fates: Mapping[str, Fate]) -> UnfinishedRun:
        """The run, once the database has said what became of its transactions."""
        found = {key: settle(doubts, fates) for key, doubts in self.doubts.items()}
        batches = {
            key: left.without(found[key].through if key in found else ())
            for key, left in self.batches.items()
        }
        done = {key for key in found if found[key].is_done}
        done |= {key for key, left in batches.items() if not left.failed}
        return structs.replace(
            self,
            nodes=tuple(key for key in self.nodes if key not in done),
            batches=batches,
            records=(*self.records, *(done_record(self.journal[key]) for key in sorted(done))),
            doubts={},
        )


class _Batches(Struct):
    successful: list[tuple[datetime, datetime]] = []
    failed: list[tuple[datetime, datetime]] = []


def find_unfinished(
    directory: Path,
    given: Options,
    *,
    retries_warnings: bool,
    macro_commands: Collection[str],
) -> UnfinishedRun:
    """The run whose artifacts are in a directory, to be repeated with the options given now.

    `macro_commands` are the commands whose operations aren't hooks, but what they were run for.

    Raises:
        UsageError: there is none, or its artifacts are of no use.
    """
    state = read_last_run(directory)
    header = state.header
    arguments = header.get("args")
    arguments = dict(arguments) if isinstance(arguments, Mapping) else {}
    options = _options(str(header.get("command")), arguments, given)
    statuses = {
        unique_id: str((node.result or {}).get("status", ""))
        for unique_id, node in state.nodes.items()
    }
    done = _DONE if retries_warnings else _DONE | {_WARNED}
    if options.command not in macro_commands:
        # Hooks run whenever a node does, and have new results then.
        statuses = {key: status for key, status in statuses.items() if not key.startswith(_HOOK)}
    left = tuple(unique_id for unique_id, status in statuses.items() if status not in done)
    return UnfinishedRun(
        options=options,
        nodes=left,
        planned=frozenset(statuses),
        batches={
            unique_id: batches
            for unique_id in left
            if (batches := _batches(state.nodes[unique_id].result)) is not None
        },
        started_at=_moment(header),
        records=tuple(record for key in statuses for record in state.nodes[key].records()),
        doubts=_doubts(state, left),
        journal=state.nodes,
    )


def _doubts(state: JournalState, left: Collection[str]) -> Doubts:
    """What nobody knows of the nodes that are to be run again, and of the hooks around them."""
    again = [key for key in state.nodes if left and (key in left or key.startswith(_HOOK))]
    return {key: doubts for key in again if (doubts := doubts_of(state.nodes[key]))}


def _options(command: str, arguments: Mapping[str, Any], given: Options) -> Options:
    """The options of the first run, under those that were given now."""
    unset = Options()
    changes: dict[str, Any] = {"command": command, "state": None}
    for name in _KEPT & arguments.keys():
        is_given = name != "state" and getattr(given, name) != getattr(unset, name)
        if not is_given and arguments[name] is not None:
            changes[name] = _kept(name, arguments[name])
    return structs.replace(given, **changes)


def _kept(name: str, value: object) -> object:
    """An option's value out of an artifact.

    Raises:
        UsageError: it held a secret, which artifacts don't keep, or it can't be such a value.
    """
    flag = f"--{name.replace('_', '-')}"
    if _HIDDEN in str(value):
        raise UsageError(
            f"{flag} of the run held a secret, which wasn't kept with it. Give it again: "
            f"headrace retry {flag} …"
        )
    try:
        return msgspec.convert(value, _TYPES[name], strict=False, dec_hook=_special)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"{flag} of the run can't be used again: it was kept as {value!r}. Run the command "
            "itself again."
        ) from error


def _special(kind: type, value: Any) -> Any:
    """A value of a type that isn't JSON's: a path, or `object`, which is anything."""
    return Path(str(value)) if kind is Path else value


def _batches(result: Record | None) -> FailedBatches | None:
    """What is left of a node that was built in part."""
    try:
        found = msgspec.convert((result or {}).get("batch_results"), _Batches | None, strict=False)
    except msgspec.ValidationError:
        return None
    if found is None or not found.successful or not found.failed:
        return None
    return FailedBatches(tuple(map(_window, found.failed)), tuple(map(_window, found.successful)))


def _window(times: tuple[datetime, datetime]) -> EventWindow:
    start, end = (time if time.tzinfo else time.replace(tzinfo=UTC) for time in times)
    return EventWindow(start, end)


def _moment(header: Mapping[str, object]) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(header.get("started_at")))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
