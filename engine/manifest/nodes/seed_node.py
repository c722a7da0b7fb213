"""Seeds: CSV files that become tables."""

from __future__ import annotations

from .node import Node


class Seed(Node, frozen=True, kw_only=True):
    """A CSV file that becomes a table.

    `same_rows` are the checksums of its file however its lines end.
    """

    same_rows: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        return "seed file"
