"""The kinds of nodes, as artifacts and selections call them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class ResourceType(StrEnum):
    """What a node is."""

    MODEL = "model"
    SEED = "seed"
    TEST = "test"
    UNIT_TEST = "unit_test"
    SNAPSHOT = "snapshot"
    ANALYSIS = "analysis"
    SOURCE = "source"
    EXPOSURE = "exposure"
    METRIC = "metric"
    SEMANTIC_MODEL = "semantic_model"
    SAVED_QUERY = "saved_query"
    OPERATION = "operation"
    SQL_OPERATION = "sql_operation"

    @property
    def config_tree(self) -> str:
        """The key of dbt_project.yml below which such nodes are configured."""
        return _TREES.get(self, f"{self.value}s")


_TREES: Mapping[ResourceType, str] = MappingProxyType(
    {
        ResourceType.ANALYSIS: "models",
        ResourceType.OPERATION: "models",
        ResourceType.SQL_OPERATION: "models",
        ResourceType.SAVED_QUERY: "saved_queries",
    }
)
