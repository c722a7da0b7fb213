"""The code of headrace itself, as what is made by it and kept hangs on it."""

from __future__ import annotations

import os
import sys
from functools import cache
from hashlib import blake2b
from pathlib import Path

import jinja2

from .version import VERSION

_PACKAGE = Path(__file__).parents[2]
_DIRECTORIES = ("adapters", "engine")


@cache
def own_code() -> bytes:
    """A digest of the versions, and of each module its name, its size and when it was written."""
    digest = blake2b(digest_size=16)
    digest.update(f"{VERSION} {sys.version_info[:2]} {jinja2.__version__}".encode())
    for directory in _DIRECTORIES:
        for path, _, names in sorted(os.walk(_PACKAGE / directory)):
            for name in sorted(names):
                if name.endswith((".py", ".sql")):
                    found = os.stat(os.path.join(path, name))
                    digest.update(f"{name} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.digest()
