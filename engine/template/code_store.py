"""Compiled templates, kept from one process to the next as Python keeps its own modules'.

A file for each text, by a digest of all that its code hangs on, below a directory for each version
of the code that compiles. It is all safe to delete. Code is run as it is read, without a sandbox's
checks; so what isn't sealed, or isn't this user's alone to write, is passed over.
"""

from __future__ import annotations

import errno
import marshal
import os
import stat
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from types import CodeType

from ..core.atomic_files import write_atomically
from ..core.checkpoints import checked
from ..core.own_code import own_code
from ..project.trees import delete_what_can_be
from ..settings.environment_variables import home_directory

UNUSED_SECONDS = 30 * 24 * 60 * 60
"""How long code is kept that nobody has asked for."""

_TOUCHED_SECONDS = 24 * 60 * 60
_SEAL_BYTES = 16
_OWN_MODE = 0o700
_OPEN = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_SWEPT = "swept"


class CodeStore:
    """The directory of compiled templates; without one, nothing is kept.

    Nothing of it raises: what can't be read is compiled, and what can't be written isn't kept.
    """

    def __init__(self, directory: Path | None) -> None:
        self._version = _version()
        self._directory = None if directory is None else directory / self._version.hex()
        self._is_trusted: bool | None = None

    def key(self, path: str, source: str, *, is_macro_file: bool) -> str:
        """What names the code of a text."""
        kind = "macros" if is_macro_file else "template"
        text = "\0".join((kind, path, source)).encode("utf-8", "surrogatepass")
        return blake2b(text, digest_size=20).hexdigest()

    def read(self, key: str) -> CodeType | None:
        """The code that is kept under a key."""
        if self._directory is None or not self._may_be_read():
            return None
        path = self._directory / key[:2] / key[2:]
        try:
            content = _read_own(path)
        except OSError:
            return None
        seal, payload = content[:_SEAL_BYTES], content[_SEAL_BYTES:]
        if seal != self._seal(key, payload):
            return None
        try:
            code = marshal.loads(payload)  # sealed, and written by this user alone
        except (EOFError, ValueError, TypeError):
            return None
        return code if isinstance(code, CodeType) else None

    def write(self, codes: Iterable[tuple[str, CodeType]]) -> None:
        """Keep codes under their keys. It may be stopped between them."""
        if self._directory is None:
            return
        try:
            self._make(self._directory)
            for key, code in checked(codes):
                payload = marshal.dumps(code)
                folder = self._directory / key[:2]
                folder.mkdir(mode=_OWN_MODE, exist_ok=True)
                content = self._seal(key, payload) + payload
                write_atomically(folder / key[2:], content, durable=False, mode=0o600)
        except OSError:
            return
        self._sweep(self._directory)

    def _may_be_read(self) -> bool:
        """Whether the directory is this user's alone; asked once."""
        if self._is_trusted is None:
            assert self._directory is not None
            self._is_trusted = all(
                _is_own_directory(path) for path in (self._directory.parent, self._directory)
            )
        return self._is_trusted

    def _make(self, directory: Path) -> None:
        """Make the directories that are missing.

        Raises:
            OSError: they can't be made, or what is there may be written by somebody else.
        """
        directory.parent.parent.mkdir(parents=True, exist_ok=True)
        for path in (directory.parent, directory):
            path.mkdir(mode=_OWN_MODE, exist_ok=True)
        self._is_trusted = None
        if not self._may_be_read():
            raise OSError(errno.EPERM, os.strerror(errno.EPERM), str(directory))

    def _seal(self, key: str, payload: bytes) -> bytes:
        return blake2b(
            payload, key=self._version, person=bytes.fromhex(key)[:16], digest_size=_SEAL_BYTES
        ).digest()

    def _sweep(self, directory: Path) -> None:
        """Once a day, delete what nobody has asked for in a long time."""
        mark, now = directory / _SWEPT, time.time()
        with suppress(OSError):
            if mark.exists() and now - mark.stat().st_mtime < _TOUCHED_SECONDS:
                return
            mark.touch(mode=0o600)
            for path in checked(list(_unused(directory, now))):
                with suppress(OSError):
                    path.unlink()
            for version in checked(list(directory.parent.iterdir())):
                mark = version / _SWEPT
                last = (mark if mark.exists() else version).lstat().st_mtime
                if now - last > UNUSED_SECONDS and _is_own_directory(version):
                    delete_what_can_be(version)


def cache_directory(environ: Mapping[str, str]) -> Path | None:
    """Where compiled templates go, by the conventions of the system; None where there is no home.

    https://specifications.freedesktop.org/basedir-spec/latest/: `XDG_CACHE_HOME`, if it is
    absolute, or `~/.cache`.
    """
    named = environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(named):
        return Path(named) / "headrace"
    if not (environ.get("HOME") or environ.get("USERPROFILE")):
        return None
    home = home_directory(environ)
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "headrace"
    if sys.platform == "win32" and environ.get("LOCALAPPDATA"):
        return Path(environ["LOCALAPPDATA"]) / "headrace" / "Cache"
    return home / ".cache" / "headrace"


def _version() -> bytes:
    """A digest of everything that the code of a template hangs on, but for its text."""
    python = f"{sys.implementation.cache_tag} {sys.version}"
    return blake2b(own_code() + python.encode(), digest_size=16).digest()


def _read_own(path: Path) -> bytes:
    """The bytes of a file that this user alone may write, and that is used from now on.

    Raises:
        OSError: it isn't such a file, or can't be read.
    """
    descriptor = os.open(path, _OPEN)
    with open(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or not _is_own(found):
            raise OSError(errno.EPERM, os.strerror(errno.EPERM), str(path))
        content = file.read()
    if time.time() - found.st_mtime > _TOUCHED_SECONDS:
        with suppress(OSError):
            os.utime(path)
    return content


def _is_own_directory(path: Path) -> bool:
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and _is_own(found)


def _is_own(found: os.stat_result) -> bool:
    """Whether it belongs to this user, and nobody else may write it. Windows has no such modes."""
    if not hasattr(os, "geteuid"):
        return True
    return found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _unused(directory: Path, now: float) -> Iterator[Path]:
    for path in directory.glob("*/*"):
        if now - path.lstat().st_mtime > UNUSED_SECONDS:
            yield path
