"""Whole directory trees: deleted and copied entry by entry, so that it can be stopped."""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from ..core.checkpoints import checked, checkpoint

_IS_SAFE = {os.open, os.unlink, os.rmdir} <= os.supports_dir_fd and os.scandir in os.supports_fd
_DEEPEST = 50
_DIRECTORY = (
    os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
)  # a link that takes a directory's place meanwhile is an error, and not followed

_DATABASES = shutil.ignore_patterns("*.db", "*.db-*", "*.sqlite*")


def delete_tree(path: Path) -> None:
    """Delete a directory with all that is in it. Links in it go, and what they lead to stays.

    Before each entry is a point at which it may be stopped: what was not deleted by then stays.

    Raises:
        OSError: an entry can't be deleted, or the directory is a link.
    """
    if not _IS_SAFE:  # Windows, where links need a right of their own
        checkpoint()
        shutil.rmtree(path)
        return
    descriptor = os.open(path, _DIRECTORY)
    try:
        while not _empty(descriptor, descriptor):
            pass
    finally:
        os.close(descriptor)
    os.rmdir(path)


def delete_what_can_be(path: Path) -> None:
    """Delete as much of a directory as there is, and as can be."""
    with suppress(OSError):
        delete_tree(path)
    if os.path.lexists(path):
        checkpoint()
        with suppress(RecursionError):
            shutil.rmtree(path, ignore_errors=True)


def copy_tree(source: Path, target: Path) -> None:
    """Copy a directory with all that is in it but databases, links as links, to where nothing is.

    To copy a database that is in use by other means than its own drops the locks that this
    process has on it, and the copy may be of no use (https://www.sqlite.org/howtocorrupt.html).

    Raises:
        OSError: an entry can't be copied.
    """

    def copy(one: str, other: str) -> None:
        checkpoint()
        shutil.copy2(one, other, follow_symlinks=False)

    shutil.copytree(source, target, symlinks=True, ignore=_DATABASES, copy_function=copy)


def _empty(directory: int, top: int, depth: int = 0) -> bool:
    """Delete all that is in an open directory; whether all is gone.

    What is too deep for as many open directories is moved up to the top, to be deleted next.
    """
    is_empty = True
    with os.scandir(directory) as found:
        entries = list(checked(found))
    for entry in checked(entries):
        if not entry.is_dir(follow_symlinks=False):
            os.unlink(entry.name, dir_fd=directory)
            continue
        if depth == _DEEPEST:
            name = f".headrace-{secrets.token_hex(6)}.deleted"
            os.rename(entry.name, name, src_dir_fd=directory, dst_dir_fd=top)
            is_empty = False
            continue
        inner = os.open(entry.name, _DIRECTORY, dir_fd=directory)
        try:
            is_empty &= _empty(inner, top, depth + 1)
        finally:
            os.close(inner)
        os.rmdir(entry.name, dir_fd=directory)
    return is_empty
