"""Which files this process has open."""

from __future__ import annotations

from pathlib import Path


def open_below(directory: Path) -> list[Path]:
    """The files of a directory that are open. Needs Linux's /proc."""
    found = [path.resolve() for path in Path("/proc/self/fd").iterdir()]
    return [path for path in found if path.is_relative_to(directory)]
