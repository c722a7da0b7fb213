"""Unpacking a package's archive, which nobody vouches for."""

from __future__ import annotations

import os
import posixpath
import tarfile
import time
import zlib
from collections.abc import Iterator
from io import BufferedReader, FileIO
from lzma import LZMAError
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Self

from ..core.checkpoints import checked, checkpoint
from ..core.numbers import shortened
from ..project.discovery import PROJECT_FILE
from .decompression import TooLargeError, decompress

MAX_UNPACKED_BYTES = 512 * 1024 * 1024
MAX_MEMBERS = 50_000
MAX_DEPTH = 64
"""How many directories may stand in each other, in an archive or a repository."""
MAX_PATH_LENGTH = 1_000
"""How many characters a path may have there."""

_MAX_HEADER_BYTES = 1024 * 1024
# An archive has a block for each member, and further ones for what doesn't fit into that.
_BYTES_AROUND_A_MEMBER = 2 * 1024

# Python 3.11 has them from 3.11.4 on; they look once more at what is checked here.
_HAS_FILTERS = hasattr(tarfile, "data_filter")
_OWNER = (os.getuid(), os.getgid()) if hasattr(os, "getuid") else (0, 0)


class ArchiveError(Exception):
    """An archive can't be unpacked, or mustn't be."""


class _Archive(BufferedReader):
    """An archive's file. Each piece that is read is a point at which unpacking may be stopped."""

    def read(self, size: int | None = -1, /) -> bytes:
        checkpoint()
        return super().read(size)


def unpack(archive: Path, into: Path) -> Path:
    """Unpack a tar archive into a new directory; the directory in it that holds the project.

    Nothing is written but below `into`, and the plain archive beside it: an archive with a
    path, or a link, that leads out of it is refused, as are devices, and what is larger or
    deeper than a package ever is.

    Raises:
        ArchiveError: it is no archive, or one of those.
    """
    into.mkdir(parents=True)
    plain = into.with_name(f"{into.name}.tar")
    try:
        decompress(archive, plain, MAX_UNPACKED_BYTES + MAX_MEMBERS * _BYTES_AROUND_A_MEMBER)
        with (
            _Archive(FileIO(plain)) as file,
            tarfile.open(fileobj=file, mode="r:", tarinfo=_Member) as tar,
        ):
            for member in _safe_members(tar):
                if _HAS_FILTERS:
                    tar.extract(member, into, filter="data")
                else:
                    tar.extract(member, into)
    except TooLargeError as error:
        raise _too_large() from error
    except (tarfile.TarError, EOFError, zlib.error, LZMAError, OSError, *_DAMAGES) as error:
        reason = shortened(str(error)) or type(error).__name__
        raise ArchiveError(f"it can't be unpacked: {reason}") from error
    finally:
        plain.unlink(missing_ok=True)
    return _project_in(into)


# What tarfile raises of its own over a header that says nonsense: a number that is none, or a
# header that speaks of another header, hundreds of times over.
_DAMAGES = (ValueError, ArithmeticError, LookupError, RecursionError)


class _Member(tarfile.TarInfo):
    """A member whose header is small, also where it is one of those that only have a header.

    Such a one tells the next one's path, however long, and is read into memory as a whole.
    """

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        member = super().frombuf(buf, encoding, errors)
        is_header = not (member.isreg() or member.isdir() or member.issym() or member.islnk())
        if is_header and member.size > _MAX_HEADER_BYTES:
            raise ArchiveError(
                f"a header in it is larger than {_MAX_HEADER_BYTES:,} bytes, which is the most"
            )
        return member


def _too_large() -> ArchiveError:
    return ArchiveError(
        f"it is too large: {MAX_MEMBERS:,} files and {MAX_UNPACKED_BYTES:,} bytes are "
        "the most that a package may have"
    )


def _safe_members(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The members one by one, each checked before the next is read."""
    size = 0
    links: set[PurePosixPath] = set()
    files: set[PurePosixPath] = set()
    now = int(time.time())
    for count, member in enumerate(checked(tar), start=1):
        size += member.size
        if count > MAX_MEMBERS or size > MAX_UNPACKED_BYTES:
            raise _too_large()
        check_path(member.name)
        _check(member, links)
        if not member.isdir():
            path = PurePosixPath(member.name)
            if path in files:
                raise ArchiveError(f"'{member.name}' is in it twice")
            files.add(path)
        # Whose files they were, of when, and what others might do with them, is no matter here.
        member.uid, member.gid = _OWNER
        member.uname = member.gname = ""
        member.mtime = now
        member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
        yield member


def check_path(name: str) -> None:
    """See that a path is neither longer nor deeper than those of packages are.

    Raises:
        ArchiveError: it is.
    """
    depth = name.count("/")
    if depth > MAX_DEPTH or len(name) > MAX_PATH_LENGTH:
        raise ArchiveError(
            f"'{shortened(name)}' is too deep: {MAX_DEPTH} directories in each other and "
            f"{MAX_PATH_LENGTH:,} characters are the most that a path may have"
        )


def _check(member: tarfile.TarInfo, links: set[PurePosixPath]) -> None:
    """See that a member stays inside, wherever it would be unpacked. Takes note of links.

    No path may go through a link, so that it is enough to look at the words of a path.
    """
    path = PurePosixPath(member.name)
    if not _is_inside(member.name):
        raise ArchiveError(f"'{member.name}' leads out of it")
    if path in links or not links.isdisjoint(path.parents):
        raise ArchiveError(f"'{member.name}' is to be written through a link")
    if member.issym() or member.islnk():
        # A symbolic link counts from its own directory, a hard one from the archive's top.
        start = path.parent if member.issym() else PurePosixPath(".")
        target = PurePosixPath(posixpath.normpath(start / member.linkname))
        # Behind a name that is a link itself, `..` would lead elsewhere than it says.
        behind_names = ".." in member.linkname.lstrip("./").split("/")
        if posixpath.isabs(member.linkname) or behind_names or not _is_inside(str(target)):
            raise ArchiveError(f"'{member.name}' is a link that leads out of it")
        if member.islnk() and not links.isdisjoint((target, *target.parents)):
            raise ArchiveError(f"'{member.name}' is a link to what is behind another")
        links.add(path)
    elif not (member.isreg() or member.isdir()) or member.issparse():
        raise ArchiveError(f"'{member.name}' is neither a file nor a directory")


def _is_inside(name: str) -> bool:
    is_absolute = posixpath.isabs(name) or bool(PureWindowsPath(name).drive)
    return not is_absolute and ".." not in PurePosixPath(name.replace("\\", "/")).parts


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
