"""The last run of nodes: by its journal, or by dbt's `run_results.json`.

An invocation that ran no nodes, since it had none or could not run at all, replaces
`run_results.json`, and must not take the run before away with it. So what only that file knew
is in the journal from then on.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from ..core.atomic_files import write_atomically
from ..core.encoding import encode
from ..core.errors import UsageError
from .artifact_files import read_artifact
from .journal_state import FORMAT, JOURNAL_NAME, JournalState, Record, read_journal
from .past_results import COULD_NOT_RUN, NEWEST_RESULTS, RUN_RESULTS_NAME


class _Metadata(Struct):
    invocation_id: str | None = None
    invocation_started_at: str | None = None
    generated_at: str | None = None


class _RunResults(Struct):
    results: list[dict[str, Any]]
    args: dict[str, Any]
    metadata: _Metadata = field(default_factory=_Metadata)


def read_last_run(directory: Path) -> JournalState:
    """What is known of the last run whose artifacts are in a directory.

    Raises:
        UsageError: there is none, or its artifacts are of no use.
    """
    journal, results = directory / JOURNAL_NAME, directory / RUN_RESULTS_NAME
    if os.path.isfile(journal):
        state = read_journal(journal)
        later = _later_than(journal, state, results)
        return state if later is None else later
    if os.path.isfile(results):
        state = _from_results(results)
        reason = could_not_run(state)
        if reason is None:
            return state
        why = f": the last invocation could not run ({reason})."
    else:
        why = ": there is nothing to retry."
    raise UsageError(
        f"Could not find previous run in '{directory.name}' target directory ({directory}){why} "
        "Run a command first, or say with --state where its artifacts are."
    )


def could_not_run(state: JournalState) -> str | None:
    """Why an invocation ran nothing, if its `run_results.json` says that it could not."""
    arguments = state.header.get("args")
    said = arguments.get(COULD_NOT_RUN) if isinstance(arguments, Mapping) else None
    return None if said is None else str(said).partition("\n")[0]


def keep_last_run(directory: Path) -> None:
    """Put into the journal what `run_results.json` alone knows, since that is to be replaced.

    Raises:
        OSError: the journal can't be written.
    """
    journal, results = directory / JOURNAL_NAME, directory / RUN_RESULTS_NAME
    if not os.path.isfile(results):
        return
    try:
        known = read_journal(journal) if os.path.isfile(journal) else None
        state = _from_results(results) if known is None else _later_than(journal, known, results)
    except UsageError:
        return  # of no use to anybody
    if state is None or not state.nodes:
        return
    records: list[Record] = [dict(state.header)]
    records += [record for node in state.nodes.values() for record in node.records()]
    write_atomically(journal, b"".join(encode(record) + b"\n" for record in records))


def _later_than(journal: Path, state: JournalState, results: Path) -> JournalState | None:
    """The run that results tell of, where it is another one than the journal's, and later.

    Of a run that had nothing to do the results say nothing, and the one before counts.
    """
    if not os.path.isfile(results) or results.stat().st_mtime_ns <= journal.stat().st_mtime_ns:
        return None
    later = _from_results(results)
    is_other = later.header.get("invocation_id") != state.header.get("invocation_id")
    return later if is_other and later.nodes else None


def _from_results(path: Path) -> JournalState:
    """A `run_results.json` as the journal that would have led to it."""
    found = read_artifact(path, _RunResults, name="run-results", newest=NEWEST_RESULTS)
    state = JournalState()
    metadata = found.metadata
    state.apply(
        {
            "event": "header",
            "format": FORMAT,
            "invocation_id": metadata.invocation_id,
            "started_at": metadata.invocation_started_at or metadata.generated_at,
            "command": found.args.get("which"),
            "args": found.args,
        }
    )
    for result in found.results:
        name = {"unique_id": result.get("unique_id")}
        state.apply({"event": "planned", **name, "relation_name": result.get("relation_name")})
        state.apply({"event": "result", "result": result})
    return state
