"""Models: selects that become relations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .node import Node
from .node_calls import Version
from .pieces import Piece

LEGACY_TIME_SPINE = "metricflow_time_spine"
"""The model that is a time spine by its name alone: of days, in the column `date_day`."""


class Model(Node, frozen=True, kw_only=True):
    """A select that becomes a relation.

    `pieces` is its template taken apart, where it is nothing but text and literal calls: then
    no template needs to be compiled.
    """

    pieces: tuple[Piece, ...] | None = None
    version: Version | None = None
    latest_version: Version | None = None
    deprecation_date: datetime | None = None
    constraints: tuple[Mapping[str, Any], ...] = ()
    time_spine: Mapping[str, Any] | None = None

    @property
    def kind(self) -> str:
        is_microbatch = self.config.incremental_strategy == "microbatch"
        return "microbatch model" if is_microbatch else f"{self.config.materialized} model"

    @property
    def access(self) -> str:
        """Who may refer to it: "private", "protected" or "public"."""
        return self.config.values.get("access") or "protected"

    @property
    def is_versioned(self) -> bool:
        return self.version is not None

    @property
    def is_latest_version(self) -> bool:
        return self.version is not None and self.version == self.latest_version

    @property
    def versioned_name(self) -> str:
        """ "orders.v2"; the name alone where there are no versions."""
        return self.name if self.version is None else f"{self.name}.v{self.version}"
