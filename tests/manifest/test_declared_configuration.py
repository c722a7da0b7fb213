"""What configures exposures, metrics and their like, in each of its places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from headrace.engine.workspace.loaded_project import manifest_of

from ..building.support import PROJECT
from ..conftest import WriteProject
from .support import Parsed, parse

FILES = {
    "models/people.sql": "select 1 as id",
    "models/metricflow_time_spine.sql": "select 1 as date_day",
    "models/spine.yml": (
        "models: [{name: metricflow_time_spine, time_spine: {standard_granularity_column: "
        "date_day}, columns: [{name: date_day, granularity: day}]}]"
    ),
    "models/people.yml": """semantic_models:
- name: people
  model: ref('people')
  config: {meta: {c: 1}}
  defaults: {agg_time_dimension: at}
  dimensions: [{name: at, type: time, type_params: {time_granularity: day}}]
  measures: [{name: heads, agg: count, expr: id}]
  entities: [{name: id, type: primary}]
metrics:
- name: heads
  label: H
  type: simple
  type_params: {measure: heads}
  tags: [own]
  config: {meta: {c: 1}}
saved_queries:
- {name: all, query_params: {metrics: [heads]}, tags: [own], config: {meta: {c: 1}}}
""",
}
TREES = "".join(
    f"{section}: {{+meta: {{p: 1}}, +tags: [pt], shop: {{+meta: {{q: 1}}}}}}\n"
    for section in ("metrics", "semantic-models", "saved-queries", "exposures")
)
PLUS = {"dbt_project.yml": PROJECT + TREES}
BARE = {"dbt_project.yml": f"{PROJECT}exposures: {{meta: {{p: 1, both: p}}, tags: [pt]}}\n"}


def exposure(entry: str) -> dict[str, str]:
    return {
        "models/ex.yml": "exposures:\n- {name: ex, type: dashboard, owner: {name: me}, "
        f"depends_on: [ref('people')]{entry}}}\n"
    }


def declared(parsed: Parsed, section: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = manifest_of(parsed.project, {}).as_dict()[section][name]
    return found


@pytest.mark.parametrize(
    ("project", "entry", "meta", "tags"),
    [
        (PLUS, "", {"q": 1}, ["pt"]),
        (PLUS, ", meta: {t: 1}", {"t": 1, "q": 1}, ["pt"]),
        (PLUS, ", config: {meta: {c: 1}}", {"c": 1}, ["pt"]),
        (
            PLUS,
            ", meta: {t: 1, both: t}, config: {meta: {both: c}}",
            {"t": 1, "both": "c"},
            ["pt"],
        ),
        (PLUS, ", tags: [own], config: {tags: [c]}", {"q": 1}, ["c", "own"]),
        (BARE, ", meta: {t: 1, both: t}", {"p": 1, "both": "t", "t": 1}, ["pt"]),
        (BARE, ", config: {meta: {both: c}, tags: c}", {"p": 1, "both": "c"}, ["c", "pt"]),
        ({}, ", meta: {t: 1}, tags: own", {"t": 1}, ["own"]),
    ],
)
def test_exposure_has_the_most_particular_configuration_and_what_stands_beside_it(
    write_project: WriteProject,
    project: Mapping[str, str],
    entry: str,
    meta: Mapping[str, Any],
    tags: list[str],
) -> None:
    parsed = parse(write_project({**FILES, **project, **exposure(entry)}))

    found = declared(parsed, "exposures", "exposure.shop.ex")

    assert found["meta"] == found["config"]["meta"] == meta
    assert found["tags"] == found["config"]["tags"] == tags


def test_exposures_of_two_packages_have_each_its_own_projects_meta(
    write_project: WriteProject,
) -> None:
    util = {
        "packages.yml": "packages: [{local: ../util}]",
        "dbt_packages/util/dbt_project.yml": "name: util\nexposures: {meta: {of: util}}\n",
        "dbt_packages/util/models/u.sql": "select 1 as id",
        "dbt_packages/util/models/ex.yml": "exposures: [{name: ex, type: dashboard, owner: "
        "{name: me}, depends_on: [ref('u')], config: {meta: {c: 1}}}]",
    }
    trees = "exposures: {meta: {of: shop}, util: {+meta: {r: 1}}}\n"
    root = write_project({**FILES, **util, **exposure(""), "dbt_project.yml": PROJECT + trees})

    parsed = parse(root)

    assert declared(parsed, "exposures", "exposure.shop.ex")["meta"] == {"of": "shop"}
    assert declared(parsed, "exposures", "exposure.util.ex")["meta"] == {"of": "util", "r": 1}


def test_others_are_merged_and_their_tags_are_where_dbt_has_them(
    write_project: WriteProject,
) -> None:
    parsed = parse(write_project({**FILES, **PLUS}))

    metric = declared(parsed, "metrics", "metric.shop.heads")
    model = declared(parsed, "semantic_models", "semantic_model.shop.people")
    query = declared(parsed, "saved_queries", "saved_query.shop.all")

    merged = {"p": 1, "q": 1, "c": 1}
    assert [each["config"]["meta"] for each in (metric, model, query)] == [merged] * 3
    assert metric["meta"] == merged
    assert (metric["tags"], metric["config"]["tags"]) == (["own"], ["pt"])
    assert query["tags"] == ["own", "pt"]
    assert metric["unrendered_config"] == {"meta": {"c": 1}, "tags": ["pt"]}
    assert model["unrendered_config"] == query["unrendered_config"] == {"meta": {"c": 1}}
