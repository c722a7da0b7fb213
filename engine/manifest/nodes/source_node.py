"""Sources: tables that somebody else fills."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...core.errors import Location
from .freshness_rules import Freshness
from .node import Node


class Source(Node, frozen=True, kw_only=True):
    """A table that somebody else fills."""

    source_name: str
    identifier: str
    source_description: str = ""
    loader: str = ""
    loaded_at_field: str | None = None
    loaded_at_query: str | None = None
    freshness: Freshness | None = None
    source_meta: Mapping[str, Any] = {}
    external: Any = None
    quoting: Mapping[str, bool | None] = {}
    written_schema: str | None = None
    """Its schema as its author wrote it: with its Jinja."""
    written_database: str | None = None
    line: int | None = None

    @property
    def location(self) -> Location:
        return Location(self.original_file_path, self.line)

    @property
    def display_name(self) -> str:
        return f"{self.schema}.{self.identifier}"
