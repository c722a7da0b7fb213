"""A stream that can't break a run: not by a closed pipe, not by a narrow encoding."""

from __future__ import annotations

import io
import os
import sys
from typing import TextIO

_READER_IS_GONE = (OSError, ValueError)
# A broken pipe, a vanished terminal, a full disk; ValueError is a stream that was closed.


class SteadyStream(io.TextIOBase):
    """Writes to another stream, and never raises because of who reads it.

    Once the reader is gone (`headrace run | head -1`), what is written goes nowhere and `gone`
    says so. A character that the stream's encoding lacks is written as its escape.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.gone = False

    @property
    def encoding(self) -> str:  # type: ignore[override]  # TextIOBase has it as an attribute
        return getattr(self._stream, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        try:
            return self._stream.isatty()
        except _READER_IS_GONE:
            return False

    def fileno(self) -> int:
        return self._stream.fileno()

    def write(self, text: str) -> int:
        """Write the text and flush it, so that a line is seen whole or not at all."""
        if not self.gone:
            try:
                self._write_encodable(text)
                self._stream.flush()
            except _READER_IS_GONE:
                self._let_go()
        return len(text)

    def flush(self) -> None:
        """Nothing is held back: `write` flushes."""

    def _write_encodable(self, text: str) -> None:
        try:
            self._stream.write(text)
        except UnicodeEncodeError:
            encoding = self.encoding
            self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding))

    def _let_go(self) -> None:
        """Give up writing, and let the interpreter's own flush at exit succeed.

        The buffer still holds the text that failed; flushed at exit it would turn the exit code
        into 120 (https://docs.python.org/3/library/signal.html#note-on-sigpipe).
        """
        self.gone = True
        if self._stream in (sys.stdout, sys.stderr) and not self._stream.closed:
            devnull = os.open(os.devnull, os.O_WRONLY)
            os.dup2(devnull, self._stream.fileno())
            os.close(devnull)
