"""Bytes on disk to text: UTF-8, with or without a byte order mark, and nothing else."""

from __future__ import annotations

import codecs
import errno
import os
from pathlib import Path
from stat import S_ISREG

from ..core.checkpoints import checkpoint
from ..core.errors import HeadraceError, Location, ProjectError

MAX_TEXT_BYTES = 64 * 1024 * 1024
"""The largest file that is read as one text. Seeds are read row by row, and may be larger."""

MAX_ARTIFACT_BYTES = 1024 * 1024 * 1024
"""The largest artifact that is read back: a manifest of 100,000 nodes has half of that."""

# A FIFO without a writer would block open() for ever. Windows has no such flag, and no FIFOs.
_NO_WAITING = getattr(os, "O_NONBLOCK", 0)


def read_text(path: Path, *, display: str, error: type[HeadraceError] = ProjectError) -> str:
    """The text of a regular file, with its line ends as they are.

    `display` is what messages call the file, `error` the class that is raised.

    Raises:
        HeadraceError: it can't be read, isn't UTF-8, holds a NUL byte or is too large.
    """
    checkpoint()
    try:
        with open(path, "rb", opener=open_without_waiting) as file:
            status = os.fstat(file.fileno())
            if not S_ISREG(status.st_mode):
                raise error("is no regular file.", location=Location(display))
            if status.st_size > MAX_TEXT_BYTES:
                raise error(
                    f"holds {status.st_size:,} bytes; {MAX_TEXT_BYTES:,} are the most that can "
                    "be read as one text. Split it, or move it out of the project.",
                    location=Location(display),
                )
            data = file.read()
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        raise error(f"can't be read: {reason}.", location=Location(display)) from problem
    return decode(data, display=display, error=error)


def has_mark(path: Path) -> bool:
    """Whether a file that could be read begins with a byte order mark."""
    with open(path, "rb", opener=open_without_waiting) as file:
        return file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8


def read_regular(path: Path | str) -> bytes:
    """The bytes of a file of our own, which may be anything by now. Waits for nobody.

    Raises:
        OSError: it can't be read, is no regular file, or too large for any that we write.
    """
    # Without a buffer: it is read at once, and a buffer costs as much as a short file does.
    with open(path, "rb", buffering=0, opener=open_without_waiting) as file:
        check_regular(file.fileno())
        check_size(file.fileno())
        return file.read()


def check_regular(descriptor: int) -> None:
    """See that an open file is one on a disk.

    Raises:
        OSError: it is a FIFO, a device or the like.
    """
    if not S_ISREG(os.fstat(descriptor).st_mode):
        raise OSError(errno.EINVAL, "it is no regular file")


def check_size(descriptor: int) -> None:
    """See that an open file may be read into memory as a whole.

    Raises:
        OSError: it may not.
    """
    if os.fstat(descriptor).st_size > MAX_ARTIFACT_BYTES:
        raise OSError(
            errno.EFBIG, f"it is larger than {MAX_ARTIFACT_BYTES:,} bytes, which is the most"
        )


def decode(data: bytes, *, display: str, error: type[HeadraceError] = ProjectError) -> str:
    """Bytes as text, without a byte order mark.

    Raises:
        HeadraceError: at the first byte that isn't UTF-8, or is NUL.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _bad_byte(data, 0, "starts a UTF-16 text", display, error)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as problem:
        what = f"is 0x{data[problem.start]:02x}, which isn't UTF-8"
        raise _bad_byte(data, problem.start, what, display, error) from None
    if "\0" in text:
        what = "is NUL: the file is binary, or UTF-16"
        raise _bad_byte(data, data.index(b"\0"), what, display, error)
    return text.removeprefix("\ufeff")


def _bad_byte(
    data: bytes, index: int, what: str, display: str, error: type[HeadraceError]
) -> HeadraceError:
    before = data[:index].removeprefix(codecs.BOM_UTF8)
    line_start = before.rfind(b"\n") + 1
    location = Location(
        display,
        line=before.count(b"\n") + 1,
        column=len(before[line_start:].decode("utf-8", errors="replace")) + 1,
    )
    return error(f"byte {index} {what}. Save the file as UTF-8.", location=location)


def open_without_waiting(path: str, flags: int) -> int:
    """An opener for which a FIFO that nobody writes or reads is there, or an error, at once."""
    return os.open(path, flags | _NO_WAITING)
