"""What must hold of the place of a database's files. Nothing here opens one of them.

Only SQLite may open a file that is in use: to open and close it by other means drops every lock
that this process has on it, whereupon other processes take it for closed and delete its log
(https://www.sqlite.org/howtocorrupt.html, 2.2). A `stat` is harmless.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ..errors import ConnectionFailedError


def prepare_place(path: Path) -> None:
    """Make the directory of the main file, and see early whether SQLite could write there.

    Raises:
        ConnectionFailedError: it couldn't, or the file is one that mustn't be opened.
        OSError: the directory can't be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():
        raise ConnectionFailedError(f"{path} is not a file: name one in the profile.")
    for place, needed_for in (
        (path.parent, "SQLite writes its log beside the database: make the directory writable"),
        (path, "make the file writable, or name another in the profile"),
    ):
        if place.exists() and not is_writable(place):
            raise ConnectionFailedError(f"{place} is read-only: {needed_for}.")
    check_names(path)


def check_names(path: Path, others: Iterable[Path] = ()) -> None:
    """See that a file has one name, and isn't one of the others.

    SQLite keeps a log beside each name of a file, and what is written by way of one name is lost
    to whoever has opened another (howtocorrupt.html, 2.5). Symbolic links it follows first.

    Raises:
        ConnectionFailedError: it has several names, or is open already.
    """
    try:
        status = path.stat()
    except OSError:
        return  # it isn't there yet, or SQLite has the better words for it
    if status.st_nlink > 1:
        raise ConnectionFailedError(
            f"{path} has {status.st_nlink} names (hard links), and SQLite keeps a log beside each "
            "of them: what is written by one name is lost to the others. Copy the file, so that "
            f"this name is its only one (`find -samefile {path}` finds the others), or make the "
            "others symbolic links."
        )
    for other in others:
        if other.exists() and path.samefile(other):
            raise ConnectionFailedError(
                f"{path} and {other} are one file, and can't be two schemas: SQLite would wait for "
                "itself. Name a file of its own for each in the profile."
            )


def is_writable(path: os.PathLike[str]) -> bool:
    """Whether this process's user may write there."""
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)
