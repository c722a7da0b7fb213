"""What the tests of building share: a command run on a project, and a look into its database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headrace import InvocationResult, Options, RunResult, Status, invoke
from headrace.engine.core.events import Event, MessageLogged, OutputProduced, WarningRaised
from headrace.engine.settings.deprecation_tally import SUMMARY

DATABASE = "shop.db"

PROJECT = "name: shop\nversion: '1.0'\nconfig-version: 2\nprofile: shop\n"
"""A project file to add to."""


def warnings_of(events: Iterable[Event]) -> list[WarningRaised]:
    """The warnings among events, but for the one that sums up the deprecations among them."""
    warnings = (event for event in events if isinstance(event, WarningRaised))
    return [warning for warning in warnings if warning.name != SUMMARY]


class Recorder:
    """A reporter that keeps every event."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.is_closed = False

    @property
    def warnings(self) -> list[str]:
        return [warning.message for warning in warnings_of(self.events)]

    def handle(self, event: Event) -> None:
        self.events.append(event)

    def close(self) -> None:
        self.is_closed = True


@dataclass(frozen=True, slots=True)
class Ran:
    """An invocation that has ended, and every event on the way."""

    outcome: InvocationResult
    events: list[Event]

    @property
    def exit_code(self) -> int:
        return int(self.outcome.exit_code)

    @property
    def statuses(self) -> dict[str, Status]:
        """The final statuses by name, in the order in which they came to be known."""
        return {result.node.name: result.status for result in self.outcome.results}

    @property
    def lines(self) -> list[str]:
        """The command's answer."""
        return [event.text for event in self.events if isinstance(event, OutputProduced)]

    @property
    def warnings(self) -> list[str]:
        return [warning.message for warning in warnings_of(self.events)]

    @property
    def messages(self) -> list[str]:
        """What templates, and the engine on their behalf, have logged."""
        return [event.message for event in self.events if isinstance(event, MessageLogged)]

    def result(self, name: str) -> RunResult:
        (found,) = (result for result in self.outcome.results if result.node.name == name)
        return found

    def error(self, name: str) -> str:
        """The whole message of a node that failed."""
        error = self.result(name).error
        assert error is not None, self.result(name)
        return f"{error.title}\n{error.location}: {error.message}"


async def run(
    root: Path,
    command: str = "run",
    *,
    environ: Mapping[str, str] | None = None,
    recorder: Recorder | None = None,
    **options: Any,
) -> Ran:
    """Run a command in a project's directory, with no other environment than given.

    Who wants to know of events while it is under way brings a `recorder`.
    """
    recorder = recorder or Recorder()
    outcome = await invoke(
        Options(command=command, **options),
        reporters=[recorder],
        environ=dict(environ or {}),
        cwd=root,
    )
    assert recorder.is_closed
    return Ran(outcome, recorder.events)


def rows(root: Path, sql: str, database: str = DATABASE) -> list[tuple[Any, ...]]:
    """What a statement finds in the project's database, which must be there."""
    uri = f"{(root / database).as_uri()}?mode=rw"
    with closing(sqlite3.connect(uri, uri=True)) as connection, connection:
        return connection.execute(sql).fetchall()


def relations(root: Path, database: str = DATABASE) -> dict[str, str]:
    """What is in the database: "table" or "view", by name."""
    return dict(
        rows(
            root,
            "select name, type from sqlite_master where type in ('table', 'view') order by name",
            database,
        )
    )


def run_results(root: Path) -> dict[str, str]:
    """The statuses in `run_results.json`, by unique id."""
    document = json.loads((root / "target" / "run_results.json").read_bytes())
    return {result["unique_id"]: result["status"] for result in document["results"]}


def check_invariants(root: Path) -> None:
    """What holds after any run, however it ended: see each assertion."""
    for database in root.glob("*.db"):
        (integrity,) = rows(root, "pragma integrity_check", database.name)
        leftovers = [name for name in relations(root, database.name) if name.startswith("headrace")]
        assert (integrity, leftovers) == (("ok",), []), f"{database.name} is not as it should be"
    half_written = list(root.rglob(".headrace-*.tmp"))
    assert not half_written, f"half-written artifacts were left: {half_written}"
    journal = root / "target" / "run_results.jsonl"
    if journal.with_suffix(".json").exists():
        lines = journal.read_text().splitlines() if journal.exists() else []
        records = [json.loads(line) for line in lines]
        results = json.loads(journal.with_suffix(".json").read_bytes())
        if not records or results["metadata"]["invocation_id"] != records[0]["invocation_id"]:
            # The last command had nothing to run, and the journal, if any, is of one before; or
            # it was killed, and so are the results.
            ended = journal.with_suffix(".json").stat().st_mtime_ns
            was_killed = bool(records) and journal.stat().st_mtime_ns > ended
            assert was_killed or results["results"] == []
            return
        planned = {r["unique_id"]: r for r in records if r["event"] == "planned"}
        told = {r["result"]["unique_id"] for r in records if r["event"] == "result"}
        # An ephemeral model that was compiled is no result, but the journal has its status.
        ephemeral = {key for key, r in planned.items() if r.get("materialized") == "ephemeral"}
        found = run_results(root).keys() | (ephemeral & told)
        assert planned.keys() == found, "a selected node has no status on disk"
