"""PostgreSQL, through asyncpg."""

from .adapter import PostgresAdapter, create

__all__ = ["PostgresAdapter", "create"]
