"""SIGINT, SIGTERM and SIGHUP: the first cancels the run, the next one ends the process.

Python's own answer to SIGINT is a KeyboardInterrupt wherever the program happens to be. Where
that is a class being made during an import, it comes out as a RuntimeError (up to Python 3.11);
where it is a callback, it is printed and lost. So nothing is raised here, at any time:

    die_of_signals() → … → with Signals() as signals: signals.cancel_with(…) → … → deaf
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn, Self

if TYPE_CHECKING:  # nothing but the command that runs needs them
    from asyncio import AbstractEventLoop
    from socket import socket

SIGNAL_EXIT = 128
"""What is added to a signal's number in the exit code, as shells do."""

_HANGUP = getattr(signal, "SIGHUP", None)
_HEEDED = (signal.SIGINT, signal.SIGTERM)


def die_of_signals() -> None:
    """Let SIGINT end the process as the system does it, for as long as nothing has begun."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


class Signals:
    """What signals do while a run is under way. Used once, in the main thread.

    When the block has been left, the exit code has been decided: in a process that dies of
    signals, and so is the command's own, they are ignored from then on. In somebody else's they
    are what they were.

    Attributes:
        received: the number of the first signal, if one came before the run was over.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._cancel: Callable[[], None] | None = None
        self._is_over = False
        self._is_second = False
        # Who runs a command under nohup has asked that the end of the terminal be ignored.
        self._ends_process = signal.getsignal(signal.SIGINT) is signal.SIG_DFL
        self._former: dict[signal.Signals, Any] = {}
        self._waker: tuple[socket, socket] | None = None
        is_heard = _HANGUP is not None and signal.getsignal(_HANGUP) is not signal.SIG_IGN
        self._heeded = (*_HEEDED, _HANGUP) if _HANGUP is not None and is_heard else _HEEDED

    @property
    def exit_code(self) -> int | None:
        """The exit code of a run that a signal has ended."""
        return None if self.received is None else SIGNAL_EXIT + self.received

    def cancel_with(self, cancel: Callable[[], None]) -> None:
        """Have `cancel` called at the first signal, or now if it has come.

        It is called between two steps of whatever the main thread does, and only then: an event
        loop must be asked in the way that is safe there.
        """
        self._cancel = cancel
        if self.received is not None:
            cancel()

    def wake(self, loop: AbstractEventLoop) -> None:
        """Have each signal wake this loop, which runs in the main thread, until the block is left.

        Python answers a signal between two steps of the main thread. One that comes after the
        last step before the loop waits, or that the system hands to another thread, would be
        answered only when something else happened; while a query runs, nothing does.
        """
        from socket import socketpair

        reading, writing = socketpair()
        reading.setblocking(False)
        writing.setblocking(False)
        former = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
        if former != -1:  # a loop that sees to it by itself, as uvloop's does
            signal.set_wakeup_fd(former)
            reading.close()
            writing.close()
            return
        self._waker = reading, writing
        loop.add_reader(reading, reading.recv, 4096)

    def over(self) -> None:
        """The run has ended: a first signal from now on makes no difference to it."""
        self._is_over = True

    def __enter__(self) -> Self:
        for number in self._heeded:
            self._former[number] = signal.signal(number, self._take)
        return self

    def __exit__(self, *_: object) -> None:
        for number, former in self._former.items():
            signal.signal(number, signal.SIG_IGN if self._ends_process else former)
        if self._waker is not None:
            signal.set_wakeup_fd(-1)
            for end in self._waker:
                end.close()

    def _take(self, number: int, frame: FrameType | None) -> None:
        if self._is_second:
            leave_at_once(SIGNAL_EXIT + number)
        self._is_second = True
        if not self._is_over:
            self.received = number
            if self._cancel is not None:
                self._cancel()


def leave_at_once(code: int) -> NoReturn:
    """End the process as it is, but for a terminal's cursor, which a live display has hidden."""
    for stream in (sys.stderr, sys.stdout):
        if stream.isatty():
            os.write(stream.fileno(), b"\x1b[?25h\n")
            break
    os._exit(code)
