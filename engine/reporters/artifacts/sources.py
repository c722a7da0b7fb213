"""`sources.json`, version 3: how old each source was that was checked.

The shape is the one of https://schemas.getdbt.com/dbt/sources/v3.json.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from ...core.atomic_files import write_atomically
from ...core.encoding import encode, utc_text
from ...core.events import (
    ArtifactWritten,
    Event,
    InvocationStarted,
    RunEmpty,
    RunFinished,
    WarningRaised,
)
from ...core.leftovers import sweep
from ...core.plain_text import Scrub
from ...core.results import RunResult, Status
from ...settings.environment_variables import custom_environment
from ...state.result_document import result_document
from ..text.freshness_lines import freshness_status

SCHEMA = "https://schemas.getdbt.com/dbt/sources/v3.json"
SOURCES_NAME = "sources.json"


class SourcesWriter:
    """A reporter that writes `sources.json` at `path` once the sources have been checked.

    Hooks that ran around the check are left out. What can't be written is told by `problems`,
    and the old file is then still whole.
    """

    def __init__(
        self,
        path: Path,
        *,
        dbt_version: str,
        environ: Mapping[str, str],
        scrub: Scrub | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        tell_written: Callable[[ArtifactWritten], None] = lambda _: None,
    ) -> None:
        self._tell_written = tell_written
        self._path = path
        self._dbt_version = dbt_version
        self._environment = {
            name: scrub(value) if scrub else value
            for name, value in custom_environment(environ).items()
        }
        self._scrub = scrub
        self._clock = clock
        self._invocation: InvocationStarted | None = None
        self._problem: WarningRaised | None = None

    @property
    def problems(self) -> tuple[WarningRaised, ...]:
        """What went wrong with writing, if anything."""
        return (self._problem,) if self._problem else ()

    def handle(self, event: Event) -> None:
        match event:
            case InvocationStarted():
                self._invocation = event
            case RunFinished(results=results, elapsed=elapsed):
                self._write(self._document(results, elapsed))
            case RunEmpty():
                self._write(self._document((), 0.0))

    def close(self) -> None:
        """Nothing to do: the file is written whole."""

    def _document(self, results: Sequence[RunResult], elapsed: float) -> dict[str, object]:
        started = self._invocation
        return {
            "metadata": {
                "dbt_schema_version": SCHEMA,
                "dbt_version": self._dbt_version,
                "generated_at": utc_text(self._clock()),
                "invocation_id": started.invocation_id if started else None,
                "invocation_started_at": utc_text(started.started_at) if started else None,
                "env": self._environment,
            },
            "results": [
                source_entry(result, self._scrub)
                for result in results
                if result.node.resource_type == "source" and result.status not in _UNJUDGED
            ],
            "elapsed_time": elapsed,
        }

    def _write(self, document: dict[str, object]) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            sweep(self._path.parent)
            write_atomically(self._path, encode(document))
        except OSError as error:
            reason = error.strerror or type(error).__name__
            message = f"{self._path} could not be written ({reason})."
            self._problem = WarningRaised("SourcesNotWritten", message)
        else:
            self._tell_written(ArtifactWritten("FreshnessResult", self._path))


_UNJUDGED = (Status.SKIPPED, Status.CANCELLED)


def source_entry(result: RunResult, scrub: Scrub | None = None) -> dict[str, object]:
    """The entry of one source that was asked for its age."""
    status, age = freshness_status(result), result.source_age
    described = result_document(result, scrub)
    if age is None:
        error = described["message"]
        return {"unique_id": result.node.unique_id, "error": error, "status": status}
    shared = ("adapter_response", "timing", "thread_id", "execution_time")
    return {
        "unique_id": result.node.unique_id,
        "max_loaded_at": age.max_loaded_at.isoformat(),
        "snapshotted_at": age.snapshotted_at.isoformat(),
        "max_loaded_at_time_ago_in_s": age.seconds,
        "status": status,
        "criteria": dict(age.criteria),
        **{key: described[key] for key in shared},
    }
