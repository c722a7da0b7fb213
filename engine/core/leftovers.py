"""Temporary files that say whose they are, and the sweeping of those whose writer is dead.

    with a file of `create(directory)`, open: nobody sweeps it
    sweep(directory) removes those that a killed process left behind

A writer holds a lock on its temporary file for as long as that is open, and the lock ends with
the process, however it ends. So what has our name, and a lock that can be got, is left over. A
lock doesn't reach from a container to its host: there, age alone decides.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

fcntl: Any
try:
    fcntl = import_module("fcntl")
except ImportError:  # Windows
    fcntl = None

FOREIGN_LEFTOVER_SECONDS = 24 * 60 * 60
"""Older than this is what was left behind where a lock doesn't show whether its writer lives."""

_NAME = re.compile(r"\.headrace-(?P<host>[0-9a-f]{6})-[0-9a-f]{12}\.tmp")
_TRIES = 10

# Windows has no such flags, and inherits no descriptor anyway.
_CLOSE_ON_EXEC = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_AS_IT_STANDS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def create(directory: Path, mode: int = 0o666) -> tuple[Path, int]:
    """Make an empty temporary file, which is nobody's to sweep until its descriptor is closed.

    Raises:
        OSError: it can't be made.
    """
    for _ in range(_TRIES):
        # The name doesn't grow with that of the file to be, which may be as long as names get.
        path = directory / f".headrace-{host()}-{secrets.token_hex(6)}.tmp"
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _CLOSE_ON_EXEC
        descriptor = os.open(path, flags, mode)
        # Another process may be sweeping, and have found it before it was locked.
        if lock(descriptor) is not False and os.fstat(descriptor).st_nlink:
            return path, descriptor
        os.close(descriptor)
    raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), str(directory))


def sweep(directory: Path) -> None:
    """Remove the temporary files that dead processes left in a directory. Never raises.

    Whatever can't be shown to be one of those stays: another name, another kind of file, one
    that is being written, one that may not be touched.
    """
    with suppress(OSError):
        with os.scandir(directory) as entries:
            found = [entry.path for entry in entries if _NAME.fullmatch(entry.name)]
        for path in found:
            with suppress(OSError):
                _sweep_file(path)


def sweep_below(directory: Path) -> None:
    """As `sweep`, for a directory and all that are in it. Links are not followed."""
    for path in _directories(directory):
        sweep(Path(path))


def lock(descriptor: int) -> bool | None:
    """Take the lock on an open file. False if another has it; None where there are no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


@cache
def host() -> str:
    """Where locks are seen: a few letters that stand for this machine, or container."""
    return sha256(socket.gethostname().encode("utf-8", "replace")).hexdigest()[:6]


def is_old(status: os.stat_result) -> bool:
    """Whether a file was changed so long ago that nobody can be at work on it."""
    return time.time() - status.st_mtime > FOREIGN_LEFTOVER_SECONDS


def _sweep_file(path: str) -> None:
    descriptor = os.open(path, os.O_RDWR | _CLOSE_ON_EXEC | _AS_IT_STANDS)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return
        name = _NAME.fullmatch(os.path.basename(path))
        is_from_here = name is not None and name["host"] == host()
        locked = lock(descriptor)
        if locked is False or not ((locked and is_from_here) or is_old(status)):
            return
        os.unlink(path)
    finally:
        os.close(descriptor)


def _directories(directory: Path) -> Iterator[str]:
    waiting = [os.fspath(directory)]
    while waiting:
        path = waiting.pop()
        yield path
        with suppress(OSError), os.scandir(path) as entries:
            waiting += [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
