"""Metrics: read from their entries (https://docs.getdbt.com/docs/build/metrics-overview)."""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from ...core.errors import ParseError
from ..nodes.declared_nodes import Metric
from ..nodes.resource_type import ResourceType
from ..reading.declared_entry import DeclaredEntry, entries_under
from ..reading.entries import Place, read_entry
from ..reading.package_parse import PackageParse
from .semantic_values import Expression, Filter, Grain, filter_dict, in_small_letters, window_dict

_LONGEST_NAME = 250
_GOOD_NAME = re.compile(r"[A-Za-z][\w-]*\Z")


class _Measure(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    filter: Filter = None
    alias: str | None = None
    join_to_timespine: bool = False
    fill_nulls_with: int | None = None


class _Input(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    filter: Filter = None
    alias: str | None = None
    offset_window: str | None = None
    offset_to_grain: str | None = None


class _ConstantProperty(msgspec.Struct, frozen=True, kw_only=True):
    base_property: str
    conversion_property: str


class _Conversion(msgspec.Struct, frozen=True, kw_only=True):
    base_measure: _Measure | str
    conversion_measure: _Measure | str
    entity: str
    calculation: Literal["conversions", "conversion_rate"] = "conversion_rate"
    window: str | None = None
    constant_properties: list[_ConstantProperty] | None = None


class _Cumulative(msgspec.Struct, frozen=True, kw_only=True):
    window: str | None = None
    grain_to_date: str | None = None
    period_agg: Literal["first", "last", "average"] = "first"


class _TypeParams(msgspec.Struct, frozen=True, kw_only=True):
    measure: _Measure | str | None = None
    numerator: _Input | str | None = None
    denominator: _Input | str | None = None
    expr: Expression = None
    window: str | None = None
    grain_to_date: Grain | None = None
    metrics: list[_Input | str] | None = None
    conversion_type_params: _Conversion | None = None
    cumulative_type_params: _Cumulative | None = None


class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    label: str
    type: Literal["simple", "ratio", "cumulative", "derived", "conversion"]
    type_params: _TypeParams
    description: str | None = None
    filter: Filter = None
    time_granularity: str | None = None
    meta: dict[str, Any] | None = None
    tags: list[str] | str = []
    config: dict[str, Any] = {}


_NEEDED = {
    "simple": ("measure",),
    "cumulative": ("measure",),
    "conversion": ("conversion_type_params",),
    "ratio": ("numerator", "denominator"),
    "derived": ("metrics",),
}
"""What a metric of each type can't do without."""


def read_metrics(package: PackageParse) -> None:
    """Read every metric."""
    for entry in entries_under(package, "metrics"):
        entry.add(_read(entry))


def _read(declared: DeclaredEntry) -> Metric:
    """A metric out of its entry. Which measures it comes to is not known yet.

    Raises:
        ParseError: something in it has the wrong shape; says where.
    """
    place = declared.place("a metric")
    values = in_small_letters(_Entry, declared.patch.values)
    entry = read_entry(_Entry, values, place, None)
    _check_name(entry.name, place)
    for key in _NEEDED[entry.type]:
        if not getattr(entry.type_params, key):
            raise ParseError(
                f"a metric '{entry.name}' of the type '{entry.type}' needs a '{key}' under "
                "'type_params:'.",
                location=place.locate("type_params"),
            )
    return declared.make(
        Metric,
        ResourceType.METRIC,
        entry.config,
        own_tags=tuple([entry.tags] if isinstance(entry.tags, str) else entry.tags),
        own_meta=entry.meta or {},
        fields={
            "label": entry.label,
            "type": entry.type,
            "type_params": _type_params(entry, place),
            "filter": filter_dict(entry.filter),
            "time_granularity": entry.time_granularity,
        },
    )


def metric_of_measure(
    measure: str, label: str, description: str | None, declared: DeclaredEntry
) -> Metric:
    """The metric that a measure asks for with `create_metric: true`."""
    patch = declared.patch
    config = {"enabled": (patch.values.get("config") or {}).get("enabled", True)}
    values = {
        "name": measure,
        "label": label,
        "type": "simple",
        "type_params": {"measure": measure, "expr": measure},
        "description": description or f"Metric created from measure {measure}",
        "config": config,
    }
    made = replace(patch, section="metrics", name=measure, values=values, written=values)
    return _read(DeclaredEntry(declared.package, made))


def _check_name(name: str, place: Place) -> None:
    if len(name) > _LONGEST_NAME or not _GOOD_NAME.match(name):
        raise ParseError(
            f"The metric name '{name}' is invalid. It must begin with a letter, can contain "
            f"letters, numbers and underscores, and has {_LONGEST_NAME} characters at most.",
            location=place.locate("name"),
        )


def _type_params(entry: _Entry, place: Place) -> dict[str, Any]:
    params = entry.type_params
    where = place.locate("type_params")
    return {
        "measure": _measure_dict(params.measure),
        "input_measures": [],
        "numerator": _input_dict(params.numerator, place),
        "denominator": _input_dict(params.denominator, place),
        "expr": None if params.expr is None else str(params.expr),
        "window": window_dict(params.window, where),
        "grain_to_date": params.grain_to_date,
        "metrics": [_input_dict(metric, place) for metric in params.metrics or ()],
        "conversion_type_params": _conversion_dict(params.conversion_type_params, place),
        "cumulative_type_params": _cumulative_dict(entry, place),
        "metric_aggregation_params": None,
    }


def _measure_dict(measure: _Measure | str | None) -> dict[str, Any] | None:
    if measure is None:
        return None
    made = _Measure(name=measure) if isinstance(measure, str) else measure
    return {**msgspec.structs.asdict(made), "filter": filter_dict(made.filter)}


def _input_dict(metric: _Input | str | None, place: Place) -> dict[str, Any] | None:
    if metric is None:
        return None
    made = _Input(name=metric) if isinstance(metric, str) else metric
    return {
        **msgspec.structs.asdict(made),
        "filter": filter_dict(made.filter),
        "offset_window": window_dict(made.offset_window, place.locate("type_params")),
    }


def _conversion_dict(conversion: _Conversion | None, place: Place) -> dict[str, Any] | None:
    if conversion is None:
        return None
    where = place.locate("type_params", "conversion_type_params")
    return {
        **msgspec.to_builtins(conversion),
        "base_measure": _measure_dict(conversion.base_measure),
        "conversion_measure": _measure_dict(conversion.conversion_measure),
        "window": window_dict(conversion.window, where),
    }


def _cumulative_dict(entry: _Entry, place: Place) -> dict[str, Any] | None:
    """A cumulative metric's own parameters, which stood beside them in older projects."""
    if entry.type != "cumulative":
        return None
    own = entry.type_params.cumulative_type_params or _Cumulative()
    window = own.window or entry.type_params.window
    return {
        "window": window_dict(window, place.locate("type_params")),
        "grain_to_date": own.grain_to_date or entry.type_params.grain_to_date,
        "period_agg": own.period_agg,
        "metric": None,
    }
