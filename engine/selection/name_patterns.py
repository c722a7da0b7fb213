"""Names in criteria: how a pattern matches a text, a fully qualified name, a path."""

from __future__ import annotations

import os
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

_WILDCARDS = frozenset("*?[]")


def matches(text: str, pattern: str) -> bool:
    """Whether a text is what a pattern describes, which may have wildcards: `*`, `?`, `[…]`."""
    return fnmatchcase(text, pattern) if has_wildcard(pattern) else text == pattern


def has_wildcard(text: str) -> bool:
    return not _WILDCARDS.isdisjoint(text)


def matches_fqn(fqn: Sequence[str], wanted: str, *, is_versioned: bool = False) -> bool:
    """Whether a node goes by a name: its last part, or parts from its package or below it on.

    The last two parts of a version may be joined by "." or by "_", and the one before the last
    stands for all versions. From the first part with a wildcard on, the pattern is laid over
    the whole rest of the name, dots included: that is dbt's rule, and so `stg_*` doesn't find a
    model in a folder, which `*.stg_*` does.
    """
    return _leads_to(fqn, wanted, is_versioned) or _leads_to(fqn[1:], wanted, is_versioned)


def _leads_to(fqn: Sequence[str], wanted: str, is_versioned: bool) -> bool:
    if not fqn:
        return False
    parts = wanted.split(".")
    if not is_versioned:
        if fqn[-1] == wanted:
            return True
    elif wanted in fqn[-2:-1] or "_".join(fqn[-2:]) == "_".join(parts[-2:]):
        return True
    # A dot in a model's name separates like any other.
    steps = ".".join(fqn).split(".")
    if len(steps) < len(parts):
        return False
    for position, part in enumerate(parts):
        if has_wildcard(part):
            rest = ".".join(steps[position:])
            return fnmatchcase(rest, ".".join(parts[position:]))
        if steps[position] != part:
            return False
    return True


class PathPattern:
    """A path as `path:` takes it: of a file or a directory, with `*`, `?`, `[…]` and `**`.

    It is relative to the project; an absolute one counts if it lies inside. As in dbt it is
    the project's own files that it finds: a package's node counts where there is a file or a
    directory of its path in the project as well.
    """

    def __init__(self, text: str, root: Path) -> None:
        path = PurePosixPath(text.replace("\\", "/"))
        if path.is_absolute() and path.is_relative_to(root.as_posix()):
            path = path.relative_to(root.as_posix())
        self._root = root
        self._parts = path.parts
        self._known: dict[PurePosixPath, bool] = {}

    def finds(self, path: PurePosixPath) -> bool:
        """Whether it is the path, or a directory that the path lies in."""
        return self.matches(path) or any(map(self._matches_directory, path.parents))

    def matches(self, path: PurePosixPath) -> bool:
        """Whether it is this very file."""
        return self._parts[-1:] != ("**",) and self._is_there(path)

    def _matches_directory(self, path: PurePosixPath) -> bool:
        known = self._known.get(path)
        if known is None:
            known = self._known[path] = self._is_there(path)
        return known

    def _is_there(self, path: PurePosixPath) -> bool:
        return _glob(path.parts, self._parts) and os.path.exists(self._root / path)


def _glob(path: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    """As `pathlib` does it: `**` is any number of directories, everything else is one part."""
    if not pattern:
        return not path
    if pattern[0] == "**":
        return any(_glob(path[skipped:], pattern[1:]) for skipped in range(len(path) + 1))
    return bool(path) and fnmatchcase(path[0], pattern[0]) and _glob(path[1:], pattern[1:])
