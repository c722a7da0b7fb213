"""Everything that goes into the target directory, once it is known which one that is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from msgspec import structs

from ....adapters.traffic import SessionBound, SessionClosed, StatementAnswered, StatementSent
from ...core.atomic_files import ensure_writable, write_atomically
from ...core.encoding import encode
from ...core.events import (
    ArtifactWritten,
    CatalogReady,
    Event,
    InvocationFailed,
    InvocationStarted,
    Kept,
    ManifestReady,
    NodeCommitting,
    NodeFinished,
    NodeStarted,
    ParseCacheChanged,
    ProjectFound,
    ProjectLoaded,
    RunResumed,
    WarningRaised,
)
from ...core.plain_text import Scrub
from ...core.reporter import Reporter
from ...state.artifact_files import CATALOG_NAME
from ...state.journal import Journal
from ...state.journal_state import JOURNAL_NAME, JournalState
from .files import ArtifactFiles
from .manifest_file import MANIFEST_NAME, write_manifest
from .run_results import RunResultsWriter
from .sources import SOURCES_NAME, SourcesWriter

SEMANTIC_MANIFEST_NAME = "semantic_manifest.json"
RUN_RESULTS_NAME = "run_results.json"


class _Part(Reporter, Protocol):
    """A reporter that writes some of the files, and says what couldn't be written."""

    @property
    def problems(self) -> tuple[WarningRaised, ...]: ...


class TargetDirectory:
    """Writes compiled and executed SQL, the journal, `run_results.json` and `manifest.json`.

    It learns from `ProjectFound` where to, or from the failure of what didn't get that far. A
    directory that can't be written is refused once the project is loaded, before any SQL. `tell`
    takes what could not be written, at the end; `tell_written` each artifact that was.
    """

    leaves_out = (
        *(NodeStarted, NodeCommitting, NodeFinished),
        *(SessionBound, StatementSent, StatementAnswered, SessionClosed),
    )
    """What is recorded by then, or isn't kept at all."""

    def __init__(
        self,
        *,
        dbt_version: str,
        environ: Mapping[str, str],
        tell: Callable[[WarningRaised], None],
        write_json: bool = True,
        scrub: Scrub | None = None,
        sources_path: Path | None = None,
        tell_written: Callable[[ArtifactWritten], None] = lambda _: None,
    ) -> None:
        self._tell_written = tell_written
        self._dbt_version = dbt_version
        self._environ = environ
        self._tell = tell
        self._write_json = write_json
        self._scrub = scrub
        self._sources_path = sources_path
        self._path: Path | None = None
        self._files: ArtifactFiles | None = None
        self._journal: Journal | None = None
        self._parts: list[_Part] = []
        self._problems: list[WarningRaised] = []
        self._invocation: InvocationStarted | None = None
        self._carried = JournalState()

    def record(self, event: Event) -> None:
        """Have the journal say what happens before the run goes on: see `ArtifactKeeper`.

        Raises:
            UsageError: the target directory can't be written to.
        """
        match event:
            case InvocationStarted():
                self._invocation = event
            case RunResumed(command=command, arguments=arguments, records=records):
                if self._invocation is not None:
                    self._invocation = structs.replace(
                        self._invocation,
                        command=command,
                        arguments=arguments,
                        manner=event.manner,
                    )
                for record in records:
                    self._carried.apply(record)
            case ProjectFound(target_path=Path() as path):
                self._open(path)
            case ProjectLoaded(target_path=Path() as path):
                ensure_writable(path)
                self._open(path)
            case InvocationFailed(target_path=Path() as path):
                self._open(path)
            case _ if self._journal is not None:
                self._journal.record(event)

    def handle(self, event: Event) -> None:
        if isinstance(event, ParseCacheChanged) and self._path is not None:
            # Where it can't be kept, the next parse takes longer; so it does where others
            # could write it, whatever the umask.
            with suppress(OSError):
                path = self._path / event.name
                write_atomically(path, event.content, durable=False, mode=0o644)
        for part in self._parts:
            part.handle(event)

    def write(self, event: ManifestReady | CatalogReady) -> None:
        """Write the manifest or the catalog: see `ArtifactKeeper`."""
        if not self._write_json or self._path is None:
            return
        match event:
            case CatalogReady(document=catalog):
                self._write_catalog(self._path / CATALOG_NAME, catalog)
            case ManifestReady():
                self._write_manifest(self._path, event)

    def close(self) -> None:
        if self._journal is not None:
            self._journal.close()
            self._problems += self._journal.problems
        for part in self._parts:
            part.close()
            self._problems += part.problems
        for problem in self._problems:
            self._tell(problem)
        self._problems.clear()

    def _open(self, path: Path) -> None:
        if self._path is not None:
            return
        self._path = path
        keeps = Kept.RESULTS if self._invocation is None else self._invocation.manner.keeps
        self._parts = [ArtifactFiles(path, scrub=self._scrub)]
        if keeps is Kept.RESULTS:
            self._journal = Journal(path / JOURNAL_NAME, carried=self._carried, scrub=self._scrub)
            if self._write_json:
                self._parts.append(self._results_writer(path, self._journal))
        elif self._write_json and keeps is Kept.SOURCES:
            self._parts.append(self._sources_writer(path))
        if self._invocation is not None:
            if self._journal is not None:
                self._journal.record(self._invocation)
            for part in self._parts:
                part.handle(self._invocation)

    def _results_writer(self, path: Path, journal: Journal) -> RunResultsWriter:
        return RunResultsWriter(
            path / RUN_RESULTS_NAME,
            journal.state,
            dbt_version=self._dbt_version,
            environ=self._environ,
            scrub=self._scrub,
            tell_written=self._tell_written,
        )

    def _sources_writer(self, path: Path) -> SourcesWriter:
        return SourcesWriter(
            self._sources_path or path / SOURCES_NAME,
            dbt_version=self._dbt_version,
            environ=self._environ,
            scrub=self._scrub,
            tell_written=self._tell_written,
        )

    def _write_catalog(self, path: Path, document: Mapping[str, object]) -> None:
        try:
            write_atomically(path, encode(document))
        except OSError as error:
            reason = error.strerror or type(error).__name__
            message = f"{path} could not be written ({reason})."
            self._problems.append(WarningRaised("CatalogNotWritten", message))
        else:
            self._tell_written(ArtifactWritten("CatalogArtifact", path))

    def _write_manifest(self, directory: Path, event: ManifestReady) -> None:
        """Write the manifest, and beside it the part of it that engines for metrics read."""
        path = directory / MANIFEST_NAME
        try:
            write_manifest(directory, event.document)
            self._tell_written(ArtifactWritten("WritableManifest", path))
            semantic = event.semantic()
            if semantic is not None:
                path = directory / SEMANTIC_MANIFEST_NAME
                write_atomically(path, encode(semantic))
                self._tell_written(ArtifactWritten("SemanticManifest", path))
        except OSError as error:
            reason = error.strerror or type(error).__name__
            self._problems.append(
                WarningRaised("ManifestNotWritten", f"{path} could not be written ({reason}).")
            )
