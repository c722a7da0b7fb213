"""Forms of the semantic layer that dbt has given up: they count still, with a warning."""

from __future__ import annotations

from collections.abc import Iterator

from ...core.errors import ParseError
from ...core.events import WarningRaised
from ..nodes.declared_nodes import Metric, SemanticModel
from ..nodes.model_node import LEGACY_TIME_SPINE, Model
from .package_parse import Parse

_NESTED = "require_nested_cumulative_type_params"
_SPINES = "require_yaml_configuration_for_mf_time_spines"


def old_semantic_forms(parse: Parse) -> Iterator[WarningRaised]:
    """A warning of cumulative metrics of old, and one of a time spine that YAML says nothing of.

    Raises:
        ParseError: a metric has the form of old, and the project has a flag against it.
    """
    declared = parse.found.declared.nodes.values()
    metrics = [node for node in declared if isinstance(node, Metric)]
    if not metrics or not any(isinstance(node, SemanticModel) for node in declared):
        return
    yield from _cumulative(metrics, parse)
    yield from _time_spine(parse)


def _cumulative(metrics: list[Metric], parse: Parse) -> Iterator[WarningRaised]:
    old = [
        metric
        for metric in metrics
        if metric.type_params["window"] or metric.type_params["grain_to_date"]
    ]
    if not old:
        return
    names = ", ".join(f"'{metric.name}'" for metric in old)
    message = (
        "`window` and `grain_to_date` have a place of their own under `type_params:`, "
        f"`cumulative_type_params:`. Move those of {names} there."
    )
    location = parse.found.declared.locate(old[0])
    if parse.inputs.root.flags.get(_NESTED):
        raise ParseError(message, location=location)
    yield WarningRaised("MFCumulativeTypeParamsDeprecation", message, location)


def _time_spine(parse: Parse) -> Iterator[WarningRaised]:
    models = [node for node in parse.found.nodes.values() if isinstance(node, Model)]
    legacy = next((model for model in models if model.name == LEGACY_TIME_SPINE), None)
    if legacy is None or parse.inputs.root.flags.get(_SPINES):
        return
    if any(_has_days(model) for model in models if model.time_spine):
        return
    yield WarningRaised(
        "MFTimespineWithoutYamlConfigurationDeprecation",
        f"A time spine is described in YAML: give the model '{legacy.name}' a `time_spine:` with "
        "its `standard_granularity_column`, and that column a `granularity`.",
        legacy.location,
    )


def _has_days(model: Model) -> bool:
    spine = model.time_spine or {}
    column = model.columns.get(spine["standard_granularity_column"])
    return column is not None and str(column.granularity).lower() == "day"
