"""Forms of the semantic layer that dbt has given up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from ..building.support import PROJECT, run, warnings_of
from ..conftest import WriteProject
from .support import failure, parse
from .test_declared_configuration import FILES


def cumulative(params: str) -> dict[str, str]:
    return {
        "models/c.yml": "metrics: [{name: all, label: A, type: cumulative, type_params: "
        f"{{measure: heads, {params}}}}}]"
    }


UNDESCRIBED = {name: text for name, text in FILES.items() if name != "models/spine.yml"}
CUMULATIVE_NAME = "MFCumulativeTypeParamsDeprecation"
SPINE_NAME = "MFTimespineWithoutYamlConfigurationDeprecation"


def spine(granularity: str) -> dict[str, str]:
    return {
        "models/h.sql": "select 1 as h",
        "models/h.yml": "models: [{name: h, time_spine: {standard_granularity_column: h}, "
        f"columns: [{{name: h, granularity: {granularity}}}]}}]",
    }


def flags(text: str) -> dict[str, str]:
    return {"dbt_project.yml": f"{PROJECT}flags: {{{text}}}\n"}


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({**FILES, **cumulative("window: 7 days")}, [CUMULATIVE_NAME]),
        ({**FILES, **cumulative("grain_to_date: month")}, [CUMULATIVE_NAME]),
        ({**FILES, **cumulative("cumulative_type_params: {window: 7 days}")}, []),
        (UNDESCRIBED, [SPINE_NAME]),
        (FILES, []),
        ({**UNDESCRIBED, **spine("hour")}, [SPINE_NAME]),
        ({**UNDESCRIBED, **spine("DAY")}, []),
        ({**UNDESCRIBED, **flags("require_yaml_configuration_for_mf_time_spines: true")}, []),
        ({**UNDESCRIBED, "models/people.yml": "models: []"}, []),
    ],
)
def test_form_of_old_is_warned_of_where_dbt_does(
    write_project: WriteProject, files: Mapping[str, str], told: list[str]
) -> None:
    parsed = parse(write_project(files))

    assert [warning.name for warning in parsed.warnings] == told


def test_project_may_have_metrics_of_old_refused(write_project: WriteProject) -> None:
    old = cumulative("window: 7 days")
    root = write_project({**FILES, **old, **flags("require_nested_cumulative_type_params: true")})

    error = failure(root)

    assert str(error.location) == "models/c.yml:1:12"
    assert "cumulative_type_params" in error.problem
    assert "'all'" in error.problem


async def test_time_spine_by_name_is_in_the_semantic_manifest(write_project: WriteProject) -> None:
    root = write_project(UNDESCRIBED)

    ran = await run(root, "parse")

    assert [warning.name for warning in warnings_of(ran.events)] == [SPINE_NAME]
    written: Any = json.loads((root / "target/semantic_manifest.json").read_text())
    assert written["project_configuration"]["time_spine_table_configurations"] == [
        {"location": '"main"."metricflow_time_spine"', "column_name": "date_day", "grain": "day"}
    ]
    assert written["project_configuration"]["time_spines"] == []
