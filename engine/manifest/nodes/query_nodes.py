"""Queries that no relation is built of: analyses, and what is given with `--inline`."""

from __future__ import annotations

from .node import Node
from .pieces import Piece
from .resource_type import ResourceType

INLINE_NAME = "inline_query"
INLINE_PLACE = "--inline"
"""What messages call the place of a query that was given on the command line."""


class Analysis(Node, frozen=True, kw_only=True):
    """A query that is compiled, and never run."""

    pieces: tuple[Piece, ...] | None = None

    @property
    def display_name(self) -> str:
        return self.name


class InlineQuery(Analysis, frozen=True, kw_only=True):
    """SQL that is compiled, and run by `show`. It stands in no file, and in no artifact."""

    @property
    def is_embedded(self) -> bool:
        return True

    @property
    def kind(self) -> str:
        return "inline query"

    @property
    def build_path(self) -> str:
        return f"{self.package_name}/{self.path}.sql"


def inline_id(project_name: str) -> str:
    """The unique id of a project's inline query."""
    return f"{ResourceType.SQL_OPERATION}.{project_name}.{INLINE_NAME}"
