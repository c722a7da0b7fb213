"""A text file to append to, which makes room for a new one when it has grown long."""

from __future__ import annotations

import io
import os
from contextlib import suppress
from pathlib import Path

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
        self._path: Path | None = None
        self._waiting: list[str] = []
        self._waiting_characters = 0

    def open(self, path: Path) -> None:
        """Write to this file from now on. Its directory is made with the first text."""
        self._path = path

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
        if self._path is None or not self._waiting:
            return
        content = "".join(self._waiting).encode("utf-8", "backslashreplace")
        self._waiting.clear()
        self._waiting_characters = 0
        try:
            self._append(self._path, content)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            self.problem = f"{self._path} could not be written ({reason})."

    def close(self) -> None:
        self.drain()
        self._waiting.clear()
        super().close()

    def _append(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            size = path.stat().st_size
            if self._longest and size and size + len(content) > self._longest:
                self._make_room(path)
        with open(path, "ab", opener=open_without_waiting) as file:
            check_regular(file.fileno())
            file.write(content)

    def _make_room(self, path: Path) -> None:
        for number in range(self._kept - 1, 0, -1):
            # Another run may be about the same.
            with suppress(FileNotFoundError):
                os.replace(f"{path}.{number}", f"{path}.{number + 1}")
        os.replace(path, f"{path}.1")
