"""`semantic_manifest.json`: what engines for metrics read of a project.

It says again what stands in manifest.json, in the shape of dbt-semantic-interfaces
(https://github.com/dbt-labs/dbt-semantic-interfaces).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..nodes.model_node import LEGACY_TIME_SPINE

Shape = Mapping[str, Any]
"""The keys of an object: None for a value as it is, a shape for an object or a list of them."""


def _keys(text: str, **nested: Any) -> Shape:
    return {**dict.fromkeys(text.split()), **nested}


_CONFIG = _keys("meta")
_INPUT_MEASURE = _keys("name filter alias join_to_timespine fill_nulls_with")
_INPUT_METRIC = _keys("name filter alias offset_window offset_to_grain")
_RELATION = _keys("alias schema_name database relation_name")
_SEMANTIC_MODEL = _keys(
    "name defaults description primary_entity label metadata",
    node_relation=_RELATION,
    entities=_keys("name description type role expr metadata label", config=_CONFIG),
    measures=_keys(
        "name agg description create_metric expr agg_params metadata non_additive_dimension "
        "agg_time_dimension label",
        config=_CONFIG,
    ),
    dimensions=_keys(
        "name description type is_partition type_params expr metadata label", config=_CONFIG
    ),
    config=_CONFIG,
)
_METRIC = _keys(
    "name description type filter metadata label time_granularity",
    type_params=_keys(
        "expr window grain_to_date conversion_type_params",
        cumulative_type_params=_keys("window grain_to_date period_agg"),
        measure=_INPUT_MEASURE,
        numerator=_INPUT_METRIC,
        denominator=_INPUT_METRIC,
        metrics=_INPUT_METRIC,
        input_measures=_INPUT_MEASURE,
    ),
    config=_CONFIG,
)
_SAVED_QUERY = _keys(
    "name description metadata label tags",
    query_params=_keys("metrics group_by order_by limit where"),
    exports=_keys("name", config=_keys("export_as schema_name alias")),
)
_INTERFACES_VERSION = {"major_version": "0", "minor_version": "9", "patch_version": "0"}


def semantic_manifest(manifest: Mapping[str, Any]) -> dict[str, Any] | None:
    """The artifact, out of the manifest's; None where the project has nothing of the kind."""
    sections = ("semantic_models", "metrics", "saved_queries")
    if not any(manifest.get(section) for section in sections):
        return None
    return {
        "semantic_models": _projected(list(manifest["semantic_models"].values()), _SEMANTIC_MODEL),
        "metrics": _projected(list(manifest["metrics"].values()), _METRIC),
        "project_configuration": {
            "time_spine_table_configurations": _legacy_time_spines(manifest),
            "metadata": None,
            "dsi_package_version": _INTERFACES_VERSION,
            "time_spines": [
                _time_spine(node) for node in manifest["nodes"].values() if node.get("time_spine")
            ],
        },
        "saved_queries": _projected(list(manifest["saved_queries"].values()), _SAVED_QUERY),
    }


def _legacy_time_spines(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The time spine that is one by its name, also where YAML says the same of it."""
    if not manifest.get("semantic_models"):
        return []
    return [
        {"location": node["relation_name"], "column_name": "date_day", "grain": "day"}
        for node in manifest["nodes"].values()
        if node["name"] == LEGACY_TIME_SPINE and node["resource_type"] == "model"
    ][:1]


def _projected(value: Any, shape: Shape | None) -> Any:
    """A value with those keys of a shape alone; what it lacks is null."""
    if shape is None or value is None:
        return value
    if isinstance(value, list | tuple):
        return [_projected(item, shape) for item in value]
    return {key: _projected(value.get(key), below) for key, below in shape.items()}


def _time_spine(node: Mapping[str, Any]) -> dict[str, Any]:
    spine = node["time_spine"]
    column = spine["standard_granularity_column"]
    return {
        "node_relation": {
            "alias": node["alias"],
            "schema_name": node["schema"],
            "database": node["database"],
            "relation_name": node["relation_name"],
        },
        "primary_column": {
            "name": column,
            "time_granularity": node["columns"].get(column, {}).get("granularity"),
        },
        "custom_granularities": [
            {"name": custom["name"], "column_name": custom.get("column_name")}
            for custom in spine.get("custom_granularities") or ()
        ],
    }
