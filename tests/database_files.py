"""Watches that nobody but SQLite opens a database's file.

To open and close one by other means drops every lock that the process has on it, and other
processes then lose what they write (https://www.sqlite.org/howtocorrupt.html, 2.2). It goes
unnoticed, unless others write at that very moment; so each test is watched.
"""

from __future__ import annotations

import os
import re
import sys
from types import FrameType

_DATABASE = re.compile(r"\.(?:db|sqlite3?)(?:-wal|-shm|-journal)?\Z")

opened: list[str] = []
"""What the package itself has opened that looks like a database, and from where."""


def watch() -> None:
    """Note what is opened from now on, as long as the process lives: a hook can't be removed."""
    sys.addaudithook(_note)


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if event != "open" or not isinstance(arguments[0], (str, bytes)):
        return
    path = os.fsdecode(arguments[0])
    if _DATABASE.search(path) and (where := _place_of_ours(sys._getframe(1))):
        opened.append(f"{path}, by {where}")


def _place_of_ours(frame: FrameType | None) -> str | None:
    """The innermost of the package's own modules among those who called."""
    while frame is not None:
        module = str(frame.f_globals.get("__name__"))
        if module.startswith(("headrace.adapters.", "headrace.engine.")):
            return f"{module}:{frame.f_lineno}"
        frame = frame.f_back
    return None
