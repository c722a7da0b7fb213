"""Unpacking a package's archive, which nobody vouches for."""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Iterator
from lzma import LZMAError
from pathlib import Path, PurePosixPath

from ..project.discovery import PROJECT_FILE

MAX_UNPACKED_BYTES = 512 * 1024 * 1024
MAX_MEMBERS = 50_000


class ArchiveError(Exception):
    """An archive can't be unpacked, or mustn't be."""


def unpack(archive: Path, into: Path) -> Path:
    """Unpack a tar archive into a new directory; the directory in it that holds the project.

    Nothing is written but below `into`: an archive with a path, or a link, that leads out of
    it is refused, as are devices, and what is larger than a package ever is.

    Raises:
        ArchiveError: it is no archive, or one of those.
    """
    into.mkdir(parents=True)
    try:
        with tarfile.open(archive, "r:*") as tar:
            for member in _safe_members(tar):
                tar.extract(member, into, filter="data")
    except tarfile.FilterError as error:
        raise ArchiveError(f"it holds what leads out of it: {error}") from error
    except (tarfile.TarError, EOFError, zlib.error, LZMAError, OSError) as error:
        raise ArchiveError(f"it can't be unpacked: {error}") from error
    return _project_in(into)


def _safe_members(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The members one by one, each checked before the next is read."""
    size = 0
    links: set[PurePosixPath] = set()
    for count, member in enumerate(tar, start=1):
        size += member.size
        if count > MAX_MEMBERS or size > MAX_UNPACKED_BYTES:
            raise ArchiveError(
                f"it is too large: {MAX_MEMBERS:,} files and {MAX_UNPACKED_BYTES:,} bytes are "
                "the most that a package may have"
            )
        path = PurePosixPath(member.name)
        # Python's filter follows links to see where a path leads; without a path through a
        # link there is nothing that could mislead it.
        if path in links or not links.isdisjoint(path.parents):
            raise ArchiveError(f"'{member.name}' is to be written through a link")
        if member.issym() or member.islnk():
            links.add(path)
        yield member


def _project_in(directory: Path) -> Path:
    if (directory / PROJECT_FILE).is_file():
        return directory
    projects = [path.parent for path in directory.glob(f"*/{PROJECT_FILE}")]
    if len(projects) != 1:
        raise ArchiveError(
            f"it must hold one directory, and {PROJECT_FILE} in it, but it holds "
            f"{len(projects) or 'none'} such"
        )
    return projects[0]
