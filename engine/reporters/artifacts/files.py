"""target/compiled and target/run: the SQL of each node, written beside the run, not in its way."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence
from pathlib import Path, PurePath
from threading import Event as Signal
from threading import Semaphore, Thread

from ...core.atomic_files import WriteBytes, create_whole, write_atomically
from ...core.events import Event, NodeCompiled, NodeExecuted, WarningRaised
from ...core.leftovers import sweep_below
from ...core.plain_text import Scrub
from ...project.text_file import read_regular

PROBLEMS_TOLD = 5
"""How many files that could not be written are told one by one."""

_PAUSE_SECONDS = 0.1

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
        capacity: int = 2_000,
        write: WriteBytes = os.write,
    ) -> None:
        self._target_path = target_path
        self._scrub = scrub
        self._write = write
        self._waiting: deque[_Job] = deque()
        self._room = Semaphore(capacity)
        self._closing = Signal()
        self._thread: Thread | None = None
        self._failed: list[tuple[Path, str]] = []
        self._known: dict[tuple[str, str], str] = {}
        """The directories that are known to be in the target directory, by folder and path."""

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
            self._closing.set()
            self._thread.join()
            self._thread = None

    def _hand_over(self, job: _Job) -> None:
        if self._thread is None:
            self._thread = Thread(target=self._write_files, name="headrace-artifacts", daemon=True)
            self._thread.start()
        self._room.acquire()
        self._waiting.append(job)

    def _write_files(self) -> None:
        for folder in (_COMPILED, _RUN):
            if self._stays_inside(self._target_path / folder):
                sweep_below(self._target_path / folder)
        # A thread that wakes for every file takes the interpreter away from the run each time;
        # one that wakes now and then takes it for many files at once.
        while not self._closing.wait(_PAUSE_SECONDS):
            self._write_waiting()
        self._write_waiting()

    def _write_waiting(self) -> None:
        while self._waiting:
            folder, relative, sql = self._waiting.popleft()
            self._room.release()
            try:
                self._write_file(folder, relative, self._scrub(sql) if self._scrub else sql)
            except (OSError, ValueError) as error:
                path = self._target_path / folder / relative
                self._failed.append((path, getattr(error, "strerror", None) or str(error)))

    def _write_file(self, folder: str, relative: str, sql: str) -> None:
        # Whole directories have been looked at before: to take each path apart costs more than
        # to read the file that is there.
        directory, _, name = relative.rpartition("/")
        below = self._known.get((folder, directory)) if directory and _is_plain(name) else None
        if below is None:
            parent = self._checked_parent(folder, relative)
            below, name = str(parent), PurePath(relative).name
            self._known[folder, directory] = below
        path = f"{below}{os.sep}{name}"
        content = sql.encode("utf-8", "backslashreplace")
        try:
            self._put(path, content)
        except FileNotFoundError:
            Path(below).mkdir(parents=True, exist_ok=True)
            self._put(path, content)

    def _checked_parent(self, folder: str, relative: str) -> Path:
        """The directory of a file, which is in the target directory.

        Raises:
            ValueError: it isn't.
        """
        if PurePath(relative).is_absolute() or ".." in PurePath(relative).parts:
            raise ValueError("the path leads out of the target directory")
        parent = (self._target_path / folder / relative).parent
        if not self._stays_inside(parent):
            raise ValueError("a link on the way leads out of the target directory")
        return parent

    def _stays_inside(self, directory: Path) -> bool:
        """Whether a directory, all links followed, is in the target directory."""
        return Path(os.path.realpath(directory)).is_relative_to(os.path.realpath(self._target_path))

    def _put(self, path: str, content: bytes) -> None:
        """Make the file hold the content. Nobody meets half of it.

        Most runs repeat what is there, and reading it costs a fortieth of replacing it.
        """
        try:
            if read_regular(path) != content:
                write_atomically(Path(path), content, durable=False, write=self._write)
        except FileNotFoundError:
            create_whole(path, content, write=self._write)


def _is_plain(name: str) -> bool:
    """Whether the last part of a path is a plain name, on whatever system."""
    return name not in ("", ".", "..") and "\\" not in name and ":" not in name


def _problems(failed: Sequence[tuple[Path, str]]) -> tuple[WarningRaised, ...]:
    told = [f"{path}: could not be written ({reason})." for path, reason in failed[:PROBLEMS_TOLD]]
    if len(failed) > PROBLEMS_TOLD:
        told.append(f"{len(failed) - PROBLEMS_TOLD} more files of SQL could not be written.")
    return tuple(WarningRaised("ArtifactNotWritten", message) for message in told)
