"""target/compiled and target/run: the SQL of each node, written beside the run, not in its way."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path, PurePath
from queue import Queue
from threading import Thread

from ..events import Event, NodeCompiled, NodeExecuted, WarningRaised
from .atomic import WriteBytes, write_atomically
from .plain_text import Scrub

PROBLEMS_TOLD = 5
"""How many files that could not be written are told one by one."""

_COMPILED = "compiled"
_RUN = "run"

_Job = tuple[str, str, str]
"""Folder, path, SQL."""


class ArtifactFiles:
    """A reporter that writes each node's SQL under `target_path`, in a thread of its own.

    The thread starts with the first file and ends with `close`, which waits until all is
    written; `problems` then tells what could not be. At most `capacity` files wait: should the
    disk be slower than that, the run waits for it rather than lose files or fill the memory.
    """

    def __init__(
        self,
        target_path: Path,
        *,
        scrub: Scrub | None = None,
        capacity: int = 1_000,
        write: WriteBytes = os.write,
    ) -> None:
        self._target_path = target_path
        self._scrub = scrub
        self._write = write
        self._waiting: Queue[_Job | None] = Queue(capacity)
        self._thread: Thread | None = None
        self._made: set[Path] = set()
        self._failed: list[tuple[Path, str]] = []

    @property
    def problems(self) -> tuple[WarningRaised, ...]:
        """The files that could not be written so far: after `close`, all of them."""
        return _problems(tuple(self._failed))

    def handle(self, event: Event) -> None:
        match event:
            case NodeCompiled(path=path, sql=sql):
                self._hand_over((_COMPILED, path, sql))
            case NodeExecuted(path=path, sql=sql):
                self._hand_over((_RUN, path, sql))

    def close(self) -> None:
        """Wait until every file is written. May be called twice."""
        if self._thread:
            self._waiting.put(None)
            self._thread.join()
            self._thread = None

    def _hand_over(self, job: _Job) -> None:
        if self._thread is None:
            self._thread = Thread(target=self._write_files, name="headrace-artifacts", daemon=True)
            self._thread.start()
        self._waiting.put(job)

    def _write_files(self) -> None:
        while job := self._waiting.get():
            folder, relative, sql = job
            path = self._target_path / folder / relative
            try:
                self._write_file(path, relative, self._scrub(sql) if self._scrub else sql)
            except (OSError, ValueError) as error:
                self._failed.append((path, getattr(error, "strerror", None) or str(error)))

    def _write_file(self, path: Path, relative: str, sql: str) -> None:
        if PurePath(relative).is_absolute() or ".." in PurePath(relative).parts:
            raise ValueError("the path leads out of the target directory")
        content = sql.encode("utf-8", "backslashreplace")
        if _holds(path, content):
            return
        if path.parent in self._made:
            try:
                write_atomically(path, content, durable=False, write=self._write)
                return
            except FileNotFoundError:
                pass  # Somebody has tidied up; the folder is made again.
        path.parent.mkdir(parents=True, exist_ok=True)
        self._made.add(path.parent)
        write_atomically(path, content, durable=False, write=self._write)


def _holds(path: Path, content: bytes) -> bool:
    """Whether the file is already so. Reading costs a fifth of replacing, and most runs repeat."""
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except OSError:
        return False


def _problems(failed: Sequence[tuple[Path, str]]) -> tuple[WarningRaised, ...]:
    told = [f"{path}: could not be written ({reason})." for path, reason in failed[:PROBLEMS_TOLD]]
    if len(failed) > PROBLEMS_TOLD:
        told.append(f"{len(failed) - PROBLEMS_TOLD} more files of SQL could not be written.")
    return tuple(WarningRaised("ArtifactNotWritten", message) for message in told)
