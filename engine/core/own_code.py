"""The code of headrace itself, as what is made by it and kept hangs on it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from pathlib import Path

import jinja2

from .version import VERSION

_PACKAGE = Path(__file__).parents[2]
_DIRECTORIES = ("adapters", "engine")


@cache
def own_code() -> bytes:
    """A digest of the versions, and of each file of code: path, size, and when it was written."""
    digest = blake2b(digest_size=16)
    digest.update(f"{VERSION} {sys.version_info[:2]} {jinja2.__version__}".encode())
    root = os.fspath(_PACKAGE)
    for directory in _DIRECTORIES:
        for name, size, written in sorted(_files(os.path.join(root, directory))):
            digest.update(f"{name.removeprefix(root)} {size} {written}\n".encode())
    return digest.digest()


def _files(directory: str) -> Iterator[tuple[str, int, int]]:
    """The path of each file of code, its size, and when it was written.

    Every command asks, so that no directory is looked into that has none, as Python's own have.
    """
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.name.endswith((".py", ".sql")):
                found = entry.stat()
                yield entry.path, found.st_size, found.st_mtime_ns
            elif entry.name != "__pycache__" and entry.is_dir():
                yield from _files(entry.path)
