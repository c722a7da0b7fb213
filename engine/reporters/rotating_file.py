"""A text file to append to, which makes room for a new one when it has grown long."""

from __future__ import annotations

import io
from contextlib import suppress
from logging import LogRecord, makeLogRecord
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import NoReturn

from ..project.text_file import check_regular, open_without_waiting
from ..settings.flags import LOG_FILE_BYTES

KEPT_FILES = 5
_BUFFERED_CHARACTERS = 64 * 1024


class RotatingFile(io.TextIOBase):
    """Takes text, and appends it to a file, many lines at a time. Never raises for the disk.

    `write() … → open() → write() … → close()`: what comes before `open` waits for it. A file
    that would grow beyond `longest` bytes becomes `dbt.log.1`, that one `dbt.log.2`, and so on;
    with 0 it grows to any length.

    Attributes:
        problem: why it couldn't be written, once it couldn't; from then on nothing is.
    """

    def __init__(self, *, longest: int = LOG_FILE_BYTES, kept: int = KEPT_FILES) -> None:
        self.problem: str | None = None
        self._longest = longest
        self._kept = kept
        self._handler: _Handler | None = None
        self._waiting: list[str] = []
        self._waiting_characters = 0

    def open(self, path: Path) -> None:
        """Write to this file from now on. Its directory is made with the first text."""
        self._handler = _Handler(path, self._longest, self._kept)

    def write(self, text: str) -> int:
        if self.problem is None:
            self._waiting.append(text)
            self._waiting_characters += len(text)
            if self._waiting_characters > _BUFFERED_CHARACTERS:
                self.drain()
        return len(text)

    def flush(self) -> None:
        """Nothing is written for the sake of a line: see `drain`."""

    def drain(self) -> None:
        """Write what waits, if it is known where to."""
        if self._handler is None or not self._waiting:
            return
        record = makeLogRecord({"msg": "".join(self._waiting)})
        self._waiting.clear()
        self._waiting_characters = 0
        try:
            self._handler.path.parent.mkdir(parents=True, exist_ok=True)
            self._handler.handle(record)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            self.problem = f"{self._handler.path} could not be written ({reason})."

    def close(self) -> None:
        self.drain()
        self._waiting.clear()
        if self._handler is not None:
            with suppress(OSError):  # which `drain` has told of
                self._handler.close()
        super().close()


class _Handler(RotatingFileHandler):
    """Python's own, of which a record is all the text that waits, and an error isn't printed."""

    terminator = ""

    def __init__(self, path: Path, longest: int, kept: int) -> None:
        super().__init__(
            path, "a", longest, kept, encoding="utf-8", delay=True, errors="backslashreplace"
        )
        self.path = path

    def _open(self) -> io.TextIOWrapper:
        stream = open(  # noqa: SIM115 # the handler closes it
            self.path,
            "a",
            encoding=self.encoding,
            errors=self.errors,
            opener=open_without_waiting,
        )
        try:
            check_regular(stream.fileno())
        except BaseException:
            stream.close()
            raise
        return stream

    def shouldRollover(self, record: LogRecord) -> bool:  # noqa: N802 # Python's name
        # Up to Python 3.12 an empty file makes room for a longer text as well.
        is_empty = not self.path.exists() or not self.path.stat().st_size
        return not is_empty and bool(super().shouldRollover(record))

    def doRollover(self) -> None:  # noqa: N802 # Python's name
        with suppress(FileNotFoundError):  # another run is about the same
            super().doRollover()

    def handleError(self, record: LogRecord) -> NoReturn:  # noqa: N802 # Python's name
        raise  # it is called while the error is being handled
