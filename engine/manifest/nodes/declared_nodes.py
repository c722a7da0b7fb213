"""The nodes that nothing is built of: exposures, metrics, semantic models, saved queries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from ...core.results import GroupInfo, NodeInfo
from .node import Node
from .node_calls import MetricCall


class Declared(Node, frozen=True, kw_only=True):
    """A node that is all in its properties.

    `fields` are those that only its kind has, in the shape of the artifact. `own_tags` and
    `own_meta` stand beside its `config:`.
    """

    fields: Mapping[str, Any] = {}
    metrics: tuple[MetricCall, ...] = ()
    own_tags: tuple[str, ...] = ()
    own_meta: Mapping[str, Any] = {}

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(sorted({*self.own_tags, *self.config.tags}))

    @property
    def display_name(self) -> str:
        return self.name

    def info(self, relation_name: str | None = None, group: GroupInfo | None = None) -> NodeInfo:
        # Only a unit test has a materialization.
        materialized = str(self.config.values.get("materialized", ""))
        return replace(super().info(relation_name, group), materialized=materialized)


class Exposure(Declared, frozen=True, kw_only=True):
    """Something outside of the project that uses what it builds: a dashboard, for one."""


class Metric(Declared, frozen=True, kw_only=True):
    """A number that can be asked for, defined over the measures of semantic models."""

    @property
    def tags(self) -> tuple[str, ...]:
        """Those beside its `config:`: as in dbt others are its configuration's alone."""
        return self.own_tags

    @property
    def type(self) -> str:
        return str(self.fields["type"])

    @property
    def type_params(self) -> Mapping[str, Any]:
        params: Mapping[str, Any] = self.fields["type_params"]
        return params


class SemanticModel(Declared, frozen=True, kw_only=True):
    """A model's columns as entities, dimensions and measures."""

    @property
    def measure_names(self) -> frozenset[str]:
        return frozenset(measure["name"] for measure in self.fields["measures"])


class SavedQuery(Declared, frozen=True, kw_only=True):
    """Metrics to be asked for together, and where the answer goes."""

    @property
    def kind(self) -> str:
        return "saved query"


TAKEN_AS_THEY_ARE = (Exposure, SavedQuery)
"""What `build` takes, as dbt does, although there is nothing to be done for it."""
