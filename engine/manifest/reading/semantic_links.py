"""What metrics, saved queries and exposures hang on: metrics by name, measures by their models."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from ...core.errors import Location, ParseError, did_you_mean
from ..nodes.declared_nodes import Declared, Metric, SemanticModel
from ..nodes.node_calls import MetricCall

Locate = Callable[[Declared], Location]


class SemanticLinks:
    """Finds the metrics and the semantic models that the declared nodes of a project mean.

    `locate` says where a node is declared, for messages.
    """

    def __init__(
        self, declared: Iterable[Declared], disabled: Iterable[Declared], root: str, locate: Locate
    ) -> None:
        self._metrics: dict[str, dict[str, Metric]] = {}
        self._models: list[SemanticModel] = []
        for node in declared:
            if isinstance(node, Metric):
                self._metrics.setdefault(node.name, {})[node.package_name] = node
            elif isinstance(node, SemanticModel):
                self._models.append(node)
        self._disabled = list(disabled)
        self._root = root
        self._locate = locate
        self._measures: dict[str, list[dict[str, Any]]] = {}

    def parents(self, node: Declared) -> Iterator[str]:
        """The ids of the metrics and semantic models that a node needs.

        Raises:
            ParseError: one isn't there, or is disabled.
        """
        if isinstance(node, Metric) and not _inputs(node):
            for measure in self.measures(node):
                yield self._model_of(measure["name"], node).unique_id
        for call in _inputs(node) if isinstance(node, Metric) else node.metrics:
            yield self._metric(call, node).unique_id

    def finished(self, metric: Metric) -> Metric:
        """A metric with the measures that it comes to in the end."""
        params = {**metric.type_params, "input_measures": self.measures(metric)}
        return msgspec.structs.replace(metric, fields={**metric.fields, "type_params": params})

    def measures(self, metric: Metric) -> list[dict[str, Any]]:
        """The measures that a metric comes to, each once.

        Raises:
            ParseError: a metric on the way isn't there, or is disabled.
        """
        known = self._measures.get(metric.unique_id)
        if known is not None:
            return known
        # A circle of metrics ends here, and is found when the graph is checked.
        found = self._measures[metric.unique_id] = []
        for measure in self._all_measures(metric):
            if measure not in found:
                found.append(measure)
        return found

    def _all_measures(self, metric: Metric) -> Iterator[dict[str, Any]]:
        params = metric.type_params
        conversion = params["conversion_type_params"]
        if metric.type == "conversion":
            yield from (conversion["base_measure"], conversion["conversion_measure"])
        elif metric.type in ("simple", "cumulative"):
            yield params["measure"]
        for call in _inputs(metric):
            yield from self.measures(self._metric(call, metric))

    def _metric(self, call: MetricCall, caller: Declared) -> Metric:
        by_package = self._metrics.get(call.name, {})
        order = (call.package,) if call.package else (self._root, caller.package_name, *by_package)
        for package in order:
            if package in by_package:
                return by_package[package]
        if any(isinstance(node, Metric) and node.name == call.name for node in self._disabled):
            problem = f"The metric '{call.name}' is disabled and thus cannot be referenced."
        else:
            problem = (
                f"The metric '{call.name}' does not exist but was referenced."
                f"{did_you_mean(call.name, self._metrics)}"
            )
        raise ParseError(f"'{caller.name}': {problem}", location=self._locate(caller))

    def _model_of(self, measure: str, metric: Metric) -> SemanticModel:
        models = [model for model in self._models if measure in model.measure_names]
        for package in (self._root, metric.package_name):
            for model in models:
                if model.package_name == package:
                    return model
        if models:
            return models[0]
        off = (
            node
            for node in self._disabled
            if isinstance(node, SemanticModel) and measure in node.measure_names
        )
        disabled = next(off, None)
        if disabled is not None:
            problem = (
                f"The measure '{measure}' is referenced on disabled semantic model "
                f"'{disabled.name}'."
            )
        else:
            known = {name for model in self._models for name in model.measure_names}
            problem = (
                f"A semantic model having a measure '{measure}' does not exist but was "
                f"referenced.{did_you_mean(measure, known)}"
            )
        raise ParseError(f"'{metric.name}': {problem}", location=self._locate(metric))


def _inputs(metric: Declared) -> list[MetricCall]:
    """The metrics that a derived metric or a ratio is made of."""
    if not isinstance(metric, Metric):
        return []
    params = metric.type_params
    if metric.type == "ratio":
        return [MetricCall(params[key]["name"]) for key in ("numerator", "denominator")]
    if metric.type == "derived":
        return [MetricCall(entry["name"]) for entry in params["metrics"]]
    return []
