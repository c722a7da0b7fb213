"""Semantic models (https://docs.getdbt.com/docs/build/semantic-models)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec

from ..jinja.bare_calls import read_call
from ..nodes.declared_nodes import Metric, SemanticModel
from ..nodes.node_calls import RefCall
from ..nodes.resource_type import ResourceType
from ..reading.declared_entry import DeclaredEntry, entries_under
from ..reading.entries import Place, configured_meta, read_entry
from ..reading.package_parse import PackageParse
from .metrics import metric_of_measure
from .semantic_values import Expression, Grain, in_small_letters

_Aggregation = Literal[
    "sum",
    "min",
    "max",
    "count_distinct",
    "sum_boolean",
    "average",
    "percentile",
    "median",
    "count",
]


class _Element(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    description: str | None = None
    label: str | None = None
    config: dict[str, Any] = {}


class _Entity(_Element, frozen=True, kw_only=True):
    type: Literal["foreign", "natural", "primary", "unique"]
    role: str | None = None
    expr: str | None = None


class _Validity(msgspec.Struct, frozen=True, kw_only=True):
    is_start: bool = False
    is_end: bool = False


class _DimensionParams(msgspec.Struct, frozen=True, kw_only=True):
    time_granularity: Grain
    validity_params: _Validity | None = None


class _Dimension(_Element, frozen=True, kw_only=True):
    type: Literal["categorical", "time"]
    is_partition: bool = False
    type_params: _DimensionParams | None = None
    expr: str | None = None


class _AggregationParams(msgspec.Struct, frozen=True, kw_only=True):
    percentile: float | None = None
    use_discrete_percentile: bool = False
    use_approximate_percentile: bool = False


class _NonAdditive(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    window_choice: _Aggregation
    window_groupings: list[str] = []


class _Measure(_Element, frozen=True, kw_only=True):
    agg: _Aggregation
    create_metric: bool = False
    expr: Expression = None
    agg_params: _AggregationParams | None = None
    non_additive_dimension: _NonAdditive | None = None
    agg_time_dimension: str | None = None


class _Defaults(msgspec.Struct, frozen=True, kw_only=True):
    agg_time_dimension: str | None = None


class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    model: str
    description: str | None = None
    label: str | None = None
    defaults: _Defaults | None = None
    entities: list[_Entity] = []
    measures: list[_Measure] = []
    dimensions: list[_Dimension] = []
    primary_entity: str | None = None
    config: dict[str, Any] = {}


def read_semantic_models(package: PackageParse) -> None:
    """Read every semantic model, with the metrics that its measures ask for."""
    for entry in entries_under(package, "semantic_models"):
        for node in _read(entry):
            entry.add(node)


def _read(declared: DeclaredEntry) -> Iterator[SemanticModel | Metric]:
    """A semantic model out of its entry, and the metrics that its measures ask for.

    Raises:
        ParseError: something in it has the wrong shape; says where.
    """
    place = declared.place("a semantic model")
    values = in_small_letters(_Entry, declared.patch.values)
    entry = read_entry(_Entry, values, place, None)
    call = read_call(entry.model, ("ref",), place.locate("model"))
    assert isinstance(call, RefCall)  # nothing else is allowed
    model = declared.make(SemanticModel, ResourceType.SEMANTIC_MODEL, entry.config, refs=(call,))
    meta = model.config.meta
    fields = {
        "model": entry.model,
        "label": entry.label,
        "defaults": msgspec.to_builtins(entry.defaults),
        "entities": _elements("entities", entry.entities, meta, declared),
        "measures": _elements("measures", entry.measures, meta, declared),
        "dimensions": _elements("dimensions", entry.dimensions, meta, declared),
        "primary_entity": entry.primary_entity,
    }
    yield msgspec.structs.replace(model, fields=fields)
    for measure in entry.measures:
        if measure.create_metric:
            label = measure.label or measure.name
            yield metric_of_measure(measure.name, label, measure.description, declared)


def _elements(
    section: str,
    elements: Sequence[_Element],
    meta: dict[str, Any],
    declared: DeclaredEntry,
) -> list[dict[str, Any]]:
    """Entities, measures or dimensions in the shape of the artifact."""
    described, patch = [], declared.patch
    for position, element in enumerate(elements):
        values: dict[str, Any] = msgspec.to_builtins(element)
        if element.description is not None:
            values["description"] = declared.describe(values, section, position)
        place = Place(patch.document, (*patch.keys, section, position), f"one of the {section}")
        values["config"] = {"meta": {**meta, **configured_meta(element.config, place)}}
        if isinstance(element, _Measure):
            values["expr"] = None if element.expr is None else str(element.expr)
            # What it asks for has been made; dbt keeps no trace of the wish.
            values["create_metric"] = False
        elif isinstance(element, _Dimension):
            values["metadata"] = None
        described.append(values)
    return described
