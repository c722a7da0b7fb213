"""semantic_manifest.json: what engines for metrics read, in the shape that dbt writes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from ..building.support import run
from ..conftest import WriteProject


async def test_models_metrics_and_time_spines_are_said_again(
    copy_fixture: Callable[[str], Path],
) -> None:
    root = copy_fixture("declared_beside_models")

    await run(root, "parse")

    written = json.loads((root / "target/semantic_manifest.json").read_text())
    assert written.keys() == {
        "semantic_models",
        "metrics",
        "project_configuration",
        "saved_queries",
    }
    (orders,) = written["semantic_models"]
    assert orders["node_relation"]["relation_name"] == '"main"."orders_v2"'
    assert orders["measures"][0] == {
        "name": "order_count",
        "agg": "count",
        "description": None,
        "create_metric": False,
        "expr": "1",
        "agg_params": None,
        "metadata": None,
        "non_additive_dimension": None,
        "agg_time_dimension": None,
        "label": None,
        "config": {"meta": {"a": 1}},
    }
    ratio = next(m for m in written["metrics"] if m["name"] == "revenue_per_order")
    assert ratio["type_params"]["numerator"]["name"] == "revenue"
    (spine,) = written["project_configuration"]["time_spines"]
    assert spine["primary_column"] == {"name": "ordered_on", "time_granularity": "day"}
    assert spine["custom_granularities"] == [
        {"name": "fiscal_year", "column_name": "fy"},
        {"name": "fy", "column_name": None},
    ]
    assert [query["name"] for query in written["saved_queries"]] == ["by_day"]


async def test_project_without_metrics_has_none(write_project: WriteProject) -> None:
    root = write_project({"models/orders.sql": "select 1 as id"})

    await run(root, "parse")

    assert not (root / "target/semantic_manifest.json").exists()


async def test_file_that_can_not_be_written_is_told(copy_fixture: Callable[[str], Path]) -> None:
    root = copy_fixture("declared_beside_models")
    (root / "target/semantic_manifest.json").mkdir(parents=True)

    ran = await run(root, "parse")

    assert [text for text in ran.warnings if "semantic_manifest.json could not be written" in text]
