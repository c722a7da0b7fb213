"""An adapter of somebody else's, as docs/adapters.md says: each schema is a file of SQLite's."""

from __future__ import annotations

from .adapter import create

__all__ = ["create"]
