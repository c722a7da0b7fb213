"""Files that an earlier invocation wrote for this one: read only where nobody else wrote them.

Who may write a project's own files may decide what it does anyway; nobody else is to decide it
by way of a file that is read back, in a directory that was left open to all.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from .text_file import check_regular, check_size, open_without_waiting

_ROOT = 0
# Windows has neither of them, nor such modes.
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_HAS_OWNERS = hasattr(os, "geteuid")


class ForeignFileError(OSError):
    """Somebody else may have written the file."""


def read_own(path: Path, project_root: Path) -> bytes:
    """The bytes of a file that this user, root, or whoever owns the project has written.

    Raises:
        ForeignFileError: it is a link, or it or its directory belongs to, or may be written by,
            somebody who couldn't write into the project's directory.
        OSError: it can't be read, or is no regular file.
    """
    with _opened(path, project_root) as file:
        return file.read()


def own_size(path: Path, project_root: Path) -> int:
    """How many bytes a file has that `read_own` would read.

    Raises:
        OSError: as there.
    """
    with _opened(path, project_root) as file:
        return os.fstat(file.fileno()).st_size


@contextmanager
def _opened(path: Path, project_root: Path) -> Iterator[BinaryIO]:
    with open(path, "rb", opener=_open) as file:
        check_regular(file.fileno())
        check_size(file.fileno())
        if _HAS_OWNERS:
            project = os.stat(project_root)
            _check(os.fstat(file.fileno()), project)
            _check(os.stat(path.parent), project)
        yield file


def _open(path: str, flags: int) -> int:
    return open_without_waiting(path, flags | _NO_LINK)


def _check(found: os.stat_result, project: os.stat_result) -> None:
    """See that a file, or its directory, is nobody else's to write.

    A group may have been given the whole project, as where everybody has one of their own.
    """
    is_group_s = bool(found.st_mode & stat.S_IWGRP)
    project_is_group_s = bool(project.st_mode & stat.S_IWGRP) and found.st_gid == project.st_gid
    if (
        found.st_uid not in (os.geteuid(), _ROOT, project.st_uid)
        or found.st_mode & stat.S_IWOTH
        or (is_group_s and not project_is_group_s)
    ):
        raise ForeignFileError
