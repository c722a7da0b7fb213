"""Whole directory trees: deleted and copied entry by entry, so that it can be stopped."""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from ..core.atomic_files import write_atomically
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


def mirror_tree(source: Path, copy: Path) -> None:
    """Make a directory hold what another one holds but databases, and nothing else.

    Each file of the copy is wholly old or wholly new at any moment. What links in the source
    lead to is copied; links in the copy go, and what they lead to stays.

    Raises:
        OSError: an entry can't be read, or not be copied.
    """
    if copy.is_symlink() or not copy.is_dir():
        _delete_entry(copy)
        copy.mkdir(parents=True)
    found = os.listdir(source)
    names = set(found) - set(_DATABASES(os.fspath(source), found))
    for stale in checked(set(os.listdir(copy)) - names):
        _delete_entry(copy / stale)
    for name in checked(sorted(names)):
        entry, its_copy = source / name, copy / name
        if entry.is_dir():
            mirror_tree(entry, its_copy)
            continue
        if its_copy.is_dir() and not its_copy.is_symlink():
            delete_tree(its_copy)
        write_atomically(its_copy, entry.read_bytes(), durable=False)


def _delete_entry(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        delete_tree(path)
    else:
        path.unlink(missing_ok=True)


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
