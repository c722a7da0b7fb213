"""All that a run leaves in its target directory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from headrace.engine.core.encoding import encode
from headrace.engine.core.errors import UsageError
from headrace.engine.core.events import (
    Event,
    InvocationFailed,
    InvocationFinished,
    ManifestReady,
    ProjectFound,
    ProjectLoaded,
    WarningRaised,
)
from headrace.engine.core.json_document import JsonDocument
from headrace.engine.reporters.artifacts.target_directory import TargetDirectory
from headrace.engine.state.journal_state import read_journal
from msgspec.structs import replace

from .support import NOON, invocation, small_run


class Empty:
    """A document with nothing in it."""

    @property
    def head(self) -> dict[str, object]:
        return {"metadata": {}}

    def sections(self) -> Iterator[tuple[str, Iterable[tuple[str, object]]]]:
        yield "nodes", ()


def run_into(target_path: Path) -> list[Event]:
    """A small run whose project names its target directory, and has a manifest."""
    events = [
        replace(event, target_path=target_path) if isinstance(event, ProjectLoaded) else event
        for event in small_run()
    ]
    return [*events[:-1], ManifestReady(JsonDocument(Empty(), encode, lambda _: True)), events[-1]]


def keep(artifacts: TargetDirectory, event: Event) -> None:
    """Do with an event what a session and its queue do."""
    artifacts.record(event)
    if isinstance(event, ManifestReady):
        artifacts.write(event)
    artifacts.handle(event)


def run_to_its_end(target_path: Path) -> list[Event]:
    """Write the artifacts of the small run; what it tells of that."""
    told: list[Event] = []
    artifacts = TargetDirectory(dbt_version="1.10.0", environ={}, tell=told.append)
    for event in run_into(target_path):
        keep(artifacts, event)
    artifacts.close()
    return told


def names_below(path: Path) -> list[str]:
    return sorted(f.relative_to(path).as_posix() for f in path.rglob("*") if f.is_file())


def test_run_leaves_all_its_artifacts(tmp_path: Path) -> None:
    told: list[Event] = []
    artifacts = TargetDirectory(dbt_version="1.10.0", environ={}, tell=told.append)

    for event in run_into(tmp_path / "target"):
        keep(artifacts, event)
    artifacts.close()

    assert names_below(tmp_path) == [
        "target/compiled/debug/models/model_1.sql",
        "target/manifest.json",
        "target/run/debug/models/model_1.sql",
        "target/run_results.json",
        "target/run_results.jsonl",
    ]
    document = json.loads((tmp_path / "target" / "run_results.json").read_bytes())
    assert document["metadata"]["invocation_id"] == "an-invocation"
    assert read_journal(tmp_path / "target" / "run_results.jsonl").finished
    assert told == []


def test_without_json_the_sql_and_the_journal_are_left(tmp_path: Path) -> None:
    told: list[Event] = []
    artifacts = TargetDirectory(
        dbt_version="1.10.0", environ={}, tell=told.append, write_json=False
    )

    for event in run_into(tmp_path):
        keep(artifacts, event)
    artifacts.close()

    assert names_below(tmp_path) == [
        "compiled/debug/models/model_1.sql",
        "run/debug/models/model_1.sql",
        "run_results.jsonl",
    ]


def test_directory_that_cannot_be_written_stops_before_the_run(tmp_path: Path) -> None:
    told: list[Event] = []
    (tmp_path / "target").write_text("mine")
    artifacts = TargetDirectory(dbt_version="1.10.0", environ={}, tell=told.append)
    keep(artifacts, invocation())

    with pytest.raises(UsageError, match="a file stands in its way"):
        keep(artifacts, ProjectLoaded((), "sqlite", target_path=tmp_path / "target"))

    keep(artifacts, InvocationFinished(2, 0.1, NOON))
    artifacts.close()
    assert names_below(tmp_path) == ["target"]


def test_invocation_without_a_project_touches_nothing(tmp_path: Path) -> None:
    told: list[Event] = []
    artifacts = TargetDirectory(dbt_version="1.10.0", environ={}, tell=told.append)

    keep(artifacts, invocation())
    keep(artifacts, InvocationFinished(2, 0.1, NOON))
    artifacts.close()

    assert names_below(tmp_path) == []


def test_what_could_not_be_written_is_told_at_the_end(tmp_path: Path) -> None:
    told: list[Event] = []
    artifacts = TargetDirectory(dbt_version="1.10.0", environ={}, tell=told.append)
    # A folder where the file should go can't be replaced by it.
    (tmp_path / "manifest.json").mkdir()
    (tmp_path / "run_results.json").mkdir()

    for event in run_into(tmp_path):
        keep(artifacts, event)
    artifacts.close()

    names = [event.name for event in told if isinstance(event, WarningRaised)]
    assert names == ["ManifestNotWritten", "RunResultsNotWritten"]


def test_invocation_that_was_interrupted_before_any_node_says_so(tmp_path: Path) -> None:
    told: list[Event] = []
    artifacts = TargetDirectory(dbt_version="1.10.0", environ={}, tell=told.append)

    keep(artifacts, invocation())
    keep(artifacts, ProjectFound(tmp_path / "logs", tmp_path / "target"))
    keep(artifacts, InvocationFinished(130, 0.1, NOON))
    artifacts.close()

    document = json.loads((tmp_path / "target" / "run_results.json").read_bytes())
    assert document["results"] == []
    assert document["args"]["could_not_run"] == "It was interrupted before any node was run."
    assert names_below(tmp_path) == ["target/run_results.json"]
    assert told == []


def test_results_of_before_that_cannot_be_replaced_are_told_of(tmp_path: Path) -> None:
    told: list[Event] = []
    (tmp_path / "run_results.json").mkdir()
    artifacts = TargetDirectory(dbt_version="1.10.0", environ={}, tell=told.append)

    keep(artifacts, invocation())
    keep(artifacts, InvocationFailed(UsageError("there is no such target"), tmp_path))
    keep(artifacts, InvocationFinished(2, 0.1, NOON))
    artifacts.close()

    names = [event.name for event in told if isinstance(event, WarningRaised)]
    assert names == ["RunResultsNotWritten"]
