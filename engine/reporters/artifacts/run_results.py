"""target/run_results.json, version 6, built from the journal."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from ...core.atomic_files import WriteBytes, write_atomically
from ...core.encoding import encode, utc_text
from ...core.events import (
    ArtifactWritten,
    Event,
    InvocationFailed,
    InvocationFinished,
    RunEmpty,
    RunFinished,
    RunStarted,
    WarningRaised,
)
from ...core.outcome import ExitCode
from ...core.plain_text import Scrub
from ...core.results import EPHEMERAL, Status
from ...settings.environment_variables import custom_environment
from ...state.journal_state import JournalNode, JournalState, NodeState, unfinished_document
from ...state.last_run import keep_last_run
from ...state.past_results import COULD_NOT_RUN

_UNRUN = (ExitCode.COULD_NOT_RUN, ExitCode.INTERRUPTED)

SCHEMA = "https://schemas.getdbt.com/dbt/run-results/v6.json"


class RunResultsWriter:
    """A reporter that writes run_results.json once a run has ended, however it ended.

    It writes what `state`, a journal's own, holds by then: at the end of the run, or when
    closed if the run never got there. Of an invocation that could not run it says so, and why,
    among its arguments: nobody is to take the results of the run before for its own. What can't
    be written is told by `problems`, and the old file is then still whole.
    """

    def __init__(
        self,
        path: Path,
        state: JournalState,
        *,
        dbt_version: str,
        environ: Mapping[str, str] = os.environ,
        scrub: Scrub | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        write: WriteBytes = os.write,
        tell_written: Callable[[ArtifactWritten], None] = lambda _: None,
    ) -> None:
        self._tell_written = tell_written
        self._path = path
        self._state = state
        self._dbt_version = dbt_version
        custom = custom_environment(environ)
        self._environment = {
            name: scrub(value) if scrub else value for name, value in custom.items()
        }
        self._clock = clock
        self._write = write
        self._due = False
        self._has_begun = False
        self._failure = "It was interrupted before any node was run."
        self._problem: WarningRaised | None = None

    @property
    def problems(self) -> tuple[WarningRaised, ...]:
        """What went wrong with writing, if anything."""
        return (self._problem,) if self._problem else ()

    def handle(self, event: Event) -> None:
        match event:
            case RunStarted():
                self._due = self._has_begun = True
            case RunEmpty():
                self._write_without_nodes()
                self._tell()
            case InvocationFailed(error=error):
                self._failure = f"{error.title}: {error}"
            case InvocationFinished(exit_code=code) if not self._has_begun and code in _UNRUN:
                self._write_without_nodes(could_not_run=self._failure)
            case RunFinished(elapsed=elapsed):
                self._state.elapsed = elapsed
                self._write_file()
                self._tell()

    def close(self) -> None:
        if self._due:
            self._write_file()

    def _write_without_nodes(self, could_not_run: str | None = None) -> None:
        """Write that nothing was run, once the journal has all of the last run."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            keep_last_run(self._path.parent)
        except OSError as error:
            if os.path.isfile(self._path):
                self._give_up(error)
            return
        self._write_file(could_not_run)

    def _write_file(self, could_not_run: str | None = None) -> None:
        self._due = False
        document = run_results_document(
            self._state,
            dbt_version=self._dbt_version,
            generated_at=self._clock(),
            environment=self._environment,
            could_not_run=could_not_run,
        )
        try:
            write_atomically(self._path, encode(document), write=self._write)
        except OSError as error:
            self._give_up(error)

    def _tell(self) -> None:
        """Tell that the file is written, while the invocation goes on: its end comes last."""
        if self._problem is None and self._path.is_file():
            self._tell_written(ArtifactWritten("RunExecutionResult", self._path))

    def _give_up(self, error: OSError) -> None:
        reason = error.strerror or type(error).__name__
        message = (
            f"{self._path}: the results could not be written ({reason}), and the file of the"
            " run before, if there is one, is still there."
        )
        self._problem = WarningRaised("RunResultsNotWritten", message)


def run_results_document(
    state: JournalState,
    *,
    dbt_version: str,
    generated_at: datetime,
    environment: Mapping[str, str] | None = None,
    could_not_run: str | None = None,
) -> dict[str, object]:
    """The whole artifact. Every node of the journal has an entry, with a result or without.

    Also the way from a killed run's journal to its results:
    `run_results_document(read_journal(path), …)`.
    """
    header = state.header
    command = header.get("command")
    arguments = header.get("args")
    reason = {} if could_not_run is None else {COULD_NOT_RUN: could_not_run}
    return {
        "metadata": {
            "dbt_schema_version": SCHEMA,
            "dbt_version": dbt_version,
            "generated_at": utc_text(generated_at),
            "invocation_id": header.get("invocation_id"),
            "invocation_started_at": header.get("started_at"),
            "env": dict(environment or {}),
        },
        "results": [_entry(node) for node in state.nodes.values() if not _is_ephemeral(node)],
        "elapsed_time": state.elapsed,
        "args": {"which": command, **(arguments if isinstance(arguments, dict) else {}), **reason},
    }


def _is_ephemeral(node: JournalNode) -> bool:
    """Whether it is an ephemeral model that was compiled: as in dbt, that is no result."""
    plan = node.plan or {}
    if (plan.get("resource_type"), plan.get("materialized")) != ("model", EPHEMERAL):
        return False
    return node.result is not None and node.result.get("status") == Status.SUCCESS


def _entry(node: JournalNode) -> Mapping[str, object]:
    match node.state:
        case NodeState.DONE:
            assert node.result is not None
            return node.result
        case NodeState.STARTED:
            message = "It was started, and the process ended before it did."
        case NodeState.PLANNED:
            message = "The run ended before its turn."
    return unfinished_document(node.unique_id, node.status, message, node.relation_name)
