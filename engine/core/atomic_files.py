"""Files that are wholly old or wholly new, and a target directory that can be written."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from .errors import UsageError
from .leftovers import create, sweep

_UNNAMED = getattr(os, "O_TMPFILE", 0)

WriteBytes = Callable[[int, bytes | memoryview], int]
"""As `os.write`: may write less than it was given, and says how much it wrote."""

Content = bytes | bytearray | Iterable[bytes]
"""What a file is to hold, as a whole or in pieces, which are made while it is written."""


def write_atomically(
    path: Path,
    content: Content,
    *,
    durable: bool = True,
    write: WriteBytes = os.write,
    mode: int = 0o666,
) -> None:
    """Write a file so that a reader, a full disk or a crash never meets half of it.

    The content goes to a temporary file beside it, to disk if `durable`, and then takes the
    name, which goes to disk as well. Whatever fails, the old file is as it was and no temporary
    one is left; what a killed process leaves, `leftovers.sweep` removes. Of `mode` the umask takes
    away what it does.

    Raises:
        OSError: the file could not be written, or it isn't sure to be on the disk.
    """
    os.close(replaced_file(path, content, durable=durable, write=write, mode=mode))


def replaced_file(
    path: Path,
    content: Content,
    *,
    durable: bool = True,
    write: WriteBytes = os.write,
    mode: int = 0o666,
) -> int:
    """As `write_atomically`, and the descriptor of the new file comes back, to append to."""
    temporary, descriptor = create(path.parent, mode)
    try:
        for piece in (content,) if isinstance(content, bytes | bytearray) else content:
            write_all(descriptor, piece, write=write)
        if durable:
            os.fsync(descriptor)
        os.replace(temporary, path)
        if durable:
            _sync_directory(path.parent)
    except BaseException:
        os.close(descriptor)
        with suppress(OSError):
            os.unlink(temporary)
        raise
    return descriptor


def create_whole(path: str, content: bytes, *, write: WriteBytes = os.write) -> None:
    """Write a file that isn't there: it takes its name once it is whole. Not to be durable.

    Where the system can have a file without a name, that costs little more than to write it in
    place, and a killed process leaves nothing behind.

    Raises:
        FileNotFoundError: there is no such directory.
        OSError: it could not be written.
    """
    directory = os.path.dirname(path)
    try:
        descriptor = os.open(directory, os.O_WRONLY | _UNNAMED, 0o666) if _UNNAMED else None
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EISDIR):
            raise
        descriptor = None
    if descriptor is not None:
        try:
            write_all(descriptor, content, write=write)
            # By a number of this process, as open(2) has it. With a directory's descriptor,
            # of which it makes no use, Python asks the system to follow the link.
            os.link(f"/proc/self/fd/{descriptor}", path, src_dir_fd=descriptor)
            return
        except FileExistsError:
            pass
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.EXDEV, errno.EPERM):
                raise
        finally:
            os.close(descriptor)
    write_atomically(Path(path), content, durable=False, write=write)


def _sync_directory(path: Path) -> None:
    """Have a directory's names on the disk, where that can be asked for.

    Without it a crash of the machine may bring the old file back
    (https://man7.org/linux/man-pages/man2/fsync.2.html).
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:  # Windows opens no directory, and some may be written and not be read
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES):
            raise
    finally:
        os.close(descriptor)


def write_all(descriptor: int, content: bytes | bytearray, *, write: WriteBytes = os.write) -> None:
    """Write all of it: the operating system may take less at a time."""
    rest = memoryview(content)
    while rest:
        written = write(descriptor, rest)
        if written == 0:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        rest = rest[written:]


def ensure_writable(target_path: Path) -> None:
    """Make the target directory, and try that a file can be written into it.

    To be called before any SQL is sent: a run whose results can't be kept must not begin. What
    a killed run left half-written there goes.

    Raises:
        UsageError: it can't; the message names the path, the reason and the remedy.
    """
    try:
        target_path.mkdir(parents=True, exist_ok=True)
        probe, descriptor = create(target_path)
        try:
            write_all(descriptor, b"writable")
        finally:
            os.close(descriptor)
            with suppress(OSError):
                probe.unlink()
    except OSError as error:
        raise UsageError(
            f"{target_path}: the target directory can't be written: {_reason(error)}"
        ) from error
    sweep(target_path)


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
