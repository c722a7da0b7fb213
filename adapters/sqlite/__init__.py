"""SQLite, in a file. Schemas are further files, attached."""

from .adapter import SqliteAdapter, create

__all__ = ["SqliteAdapter", "create"]
