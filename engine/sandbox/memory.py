"""How much memory the process holds."""

from __future__ import annotations

from pathlib import Path

_STATM = Path("/proc/self/statm")
_PAGE = 4096


def used_memory() -> int | None:
    """The process's resident bytes, about; None where the system doesn't tell."""
    try:
        return int(_STATM.read_text(encoding="ascii").split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return None
