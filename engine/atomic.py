"""Files that are wholly old or wholly new, and a target directory that can be written."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from .errors import UsageError

WriteBytes = Callable[[int, bytes | memoryview], int]
"""As `os.write`: may write less than it was given, and says how much it wrote."""


def write_atomically(
    path: Path, content: bytes, *, durable: bool = True, write: WriteBytes = os.write
) -> None:
    """Write a file so that a reader, a full disk or a crash never meets half of it.

    The content goes to a temporary file beside it, to disk if `durable`, and then takes the
    name. Whatever fails, the old file is as it was and no temporary one is left.

    Raises:
        OSError: the file could not be written.
    """
    os.close(replaced_file(path, content, durable=durable, write=write))


def replaced_file(
    path: Path, content: bytes, *, durable: bool = True, write: WriteBytes = os.write
) -> int:
    """As `write_atomically`, and the descriptor of the new file comes back, to append to."""
    # The temporary name doesn't grow with the file's own, which may be as long as names get.
    temporary = path.with_name(f".headrace-{secrets.token_hex(6)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _CLOSE_ON_EXEC, 0o666)
    try:
        write_all(descriptor, content, write=write)
        if durable:
            os.fsync(descriptor)
        os.replace(temporary, path)
    except BaseException:
        os.close(descriptor)
        with suppress(OSError):
            os.unlink(temporary)
        raise
    return descriptor


def write_all(descriptor: int, content: bytes, *, write: WriteBytes = os.write) -> None:
    """Write all of it: the operating system may take less at a time."""
    rest = memoryview(content)
    while rest:
        written = write(descriptor, rest)
        if written == 0:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        rest = rest[written:]


def ensure_writable(target_path: Path) -> None:
    """Make the target directory, and try that a file can be written into it.

    To be called before any SQL is sent: a run whose results can't be kept must not begin.

    Raises:
        UsageError: it can't; the message names the path, the reason and the remedy.
    """
    try:
        target_path.mkdir(parents=True, exist_ok=True)
        probe = target_path / f".headrace-{secrets.token_hex(6)}.tmp"
        try:
            write_atomically(probe, b"writable", durable=False)
        finally:
            with suppress(OSError):
                probe.unlink()
    except OSError as error:
        raise UsageError(
            f"{target_path}: the target directory can't be written: {_reason(error)}"
        ) from error


def _reason(error: OSError) -> str:
    """What is the matter, and what to do."""
    other = "or choose another directory with --target-path"
    match error.errno:
        case errno.EEXIST | errno.ENOTDIR:
            return f"a file stands in its way. Move the file, {other}."
        case errno.EACCES | errno.EPERM:
            return f"permission denied. Make it writable for this user, {other}."
        case errno.EROFS:
            return f"the file system is read-only. Mount it writable, {other}."
        case errno.ENOSPC | errno.EDQUOT:
            return f"no space left. Make room, {other}."
        case _:
            return f"{error.strerror or type(error).__name__}. Mend that, {other}."


# Windows has no such flag, and inherits no descriptor anyway.
_CLOSE_ON_EXEC = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
