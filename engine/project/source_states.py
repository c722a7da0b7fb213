"""What a project's files are like, as far as that can be told without reading them.

Two equal states mean that reading the files gives the same: a file that is written gets another
time of change, even where its size stays. Only one that is written twice within a tick of its
file system's clock doesn't, and so files that have just been written are read as well.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path

from msgspec import Struct

from ..core.checkpoints import checked
from ..core.errors import HeadraceError
from .discovery import entries_below
from .ignore import IGNORE_FILE, IgnoreRules
from .project import Project
from .text_file import read_regular

_SUFFIXES = (".sql", ".yml", ".yaml", ".md", ".csv", ".py")
"""Of all that a project's files are ever looked for by."""

_COARSEST_TICK = 2_000_000_000
"""Nanoseconds: FAT has times of two seconds, others are finer."""

_MOST_RECENT = 1000
"""How many files of those that have just been written are read."""

_LARGEST_RECENT = 10_000_000
"""And how many bytes such a file may have."""

_DIGEST_BYTES = 16


class SourceState(Struct, frozen=True):
    """The files of one project.

    Attributes:
        digest: of the name of each file, its size, its times and its place on the disk.
        recent: digests of the content of those that had just been written, by path.
    """

    digest: bytes
    recent: dict[bytes, bytes] = {}


def source_state(project: Project) -> SourceState | None:
    """The state of the files in a project's directories; None where that can't be told."""
    since = time.time_ns() - _COARSEST_TICK
    recent: list[bytes] = []

    def line_of(path: str, found: os.stat_result) -> str:
        if max(found.st_mtime_ns, found.st_ctime_ns) >= since:
            if found.st_size > _LARGEST_RECENT:
                raise ValueError("too large to be read just for this")
            recent.append(os.fsencode(path))
        times = f"{found.st_mtime_ns} {found.st_ctime_ns}"
        return f"{path}\0{found.st_size} {times} {found.st_ino} {found.st_dev} {found.st_mode}\n"

    try:
        lines = sorted(_lines(project, line_of))
        if len(recent) > _MOST_RECENT:
            return None
        return SourceState(
            _digest("".join(lines).encode("utf-8", "surrogatepass")),
            {path: _content(path) for path in recent},
        )
    except (OSError, ValueError, HeadraceError):
        return None


def is_unchanged(kept: SourceState, now: SourceState) -> bool:
    """Whether the files of a project are now as they were."""
    if now.digest != kept.digest:
        return False
    try:
        return all(_content(path) == content for path, content in kept.recent.items())
    except OSError:
        return False


def _lines(project: Project, line_of: Callable[[str, os.stat_result], str]) -> Iterator[str]:
    """A line for each file that is found below the directories of a project."""
    ignore_file = project.root / IGNORE_FILE
    ignored = IgnoreRules.read(project.root)
    if os.path.exists(ignore_file):
        yield line_of(str(ignore_file), os.stat(ignore_file))
    # What is named by itself counts also where it is a link.
    named = (f"{path}/{name}" for path in project.test_paths for name in ("generic", "fixtures"))
    paths = (*project.properties_paths, *project.docs_paths, *named)
    for path in checked(dict.fromkeys(paths)):
        yield f"{path}\0{os.path.realpath(project.root / path)}\n"
        for _, entry in entries_below(project.root, path, ignored):
            if entry.name.lower().endswith(_SUFFIXES):
                if entry.is_symlink():
                    yield f"{entry.path}\0{os.path.realpath(entry.path)}\n"
                if entry.is_file():  # nothing else is read
                    yield line_of(entry.path, entry.stat())


def _content(path: bytes) -> bytes:
    return _digest(read_regular(Path(os.fsdecode(path))))


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=_DIGEST_BYTES).digest()
