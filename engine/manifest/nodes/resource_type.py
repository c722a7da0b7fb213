"""The kinds of nodes, as artifacts and selections call them."""

from __future__ import annotations

from enum import StrEnum


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
