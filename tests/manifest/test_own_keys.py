"""Keys of the project's own in properties files: kept, warned of or refused, as by dbt 1.10."""

from __future__ import annotations

import json
from typing import Any

import pytest
from headrace.engine.manifest.artifact.group_dicts import group_dict
from headrace.engine.manifest.artifact.node_dicts import node_dict, source_dict

from ..building.support import run
from ..conftest import WriteProject
from .support import failure, parse

FILES = {
    "models/m.sql": "select 1 as id",
    "seeds/s.csv": "id\n1\n",
    "macros/mac.sql": "{% macro mac(a) %}{{ a }}{% endmacro %}",
    "analyses/a.sql": "select 1",
}
SEMANTIC = (
    "semantic_models: [{{name: s, model: ref('m'){0}, defaults: {{agg_time_dimension: at}}, "
    "entities: [{{name: id, type: primary{1}}}], dimensions: [{{name: at, type: time, "
    "type_params: {{time_granularity: day{2}}}}}], "
    "measures: [{{name: n, agg: sum, expr: '1', create_metric: true{3}}}]}}]\n"
)


def semantic(place: int) -> str:
    """A semantic model with a key of its own in one place."""
    return SEMANTIC.format(*(", own: 1" if place == other else "" for other in range(4)))


REFUSED = {
    "docs": "models: [{name: m, docs: {show: true, own: 1}}]",
    "docs of a column": "models: [{name: m, columns: [{name: id, docs: {own: 1}}]}]",
    "version": "models: [{name: m, latest_version: 1, versions: [{v: 1, defined_in: m, own: 1}]}]",
    "columns of a version": "models: [{name: m, latest_version: 1, "
    "versions: [{v: 1, defined_in: m, columns: [{include: all, own: 1}]}]}]",
    "time spine": "models: [{name: m, time_spine: {standard_granularity_column: id, own: 1}, "
    "columns: [{name: id, granularity: day}]}]",
    "source": "sources: [{name: s, own: 1, tables: [{name: t}]}]",
    "argument of a macro": "macros: [{name: mac, arguments: [{name: a, own: 1}]}]",
    "exposure": "exposures: [{name: e, type: dashboard, owner: {name: a}, own: 1}]",
    "group": "groups: [{name: g, owner: {name: a}, own: 1}]",
    "unit test": "unit_tests: [{name: u, model: m, given: [], expect: {rows: []}, own: 1}]",
    "semantic model": semantic(0),
    "entity": semantic(1),
    "type of a dimension": semantic(2),
    "measure": semantic(3),
    "metric": semantic(4)
    + "metrics: [{name: x, label: X, type: simple, type_params: {measure: n}, own: 1}]",
    "saved query": semantic(4) + "saved_queries: [{name: q, own: 1, query_params: {metrics: [n]}}]",
}


@pytest.mark.parametrize("place", REFUSED)
def test_key_of_ones_own_is_refused_where_dbt_refuses_it(
    write_project: WriteProject, place: str
) -> None:
    error = failure(write_project({**FILES, "models/p.yml": REFUSED[place]}))

    assert "'own' is no key" in str(error)


PASSED_OVER = {
    "model": "models: [{name: m, own: 1}]",
    "seed": "seeds: [{name: s, own: 1}]",
    "analysis": "analyses: [{name: a, own: 1}]",
    "table": "sources: [{name: s, tables: [{name: t, own: 1}]}]",
    "macro": "macros: [{name: mac, own: 1}]",
    "constraint": "models: [{name: m, constraints: [{type: check, expression: x, own: 1}]}]",
}


@pytest.mark.parametrize("place", PASSED_OVER)
def test_key_of_ones_own_is_passed_over_where_dbt_says_nothing_of_it(
    write_project: WriteProject, place: str
) -> None:
    parsed = parse(write_project({**FILES, "models/p.yml": PASSED_OVER[place]}))

    assert parsed.warnings == ()


@pytest.mark.parametrize("place", PASSED_OVER)
def test_key_that_seems_to_be_spelled_wrong_is_warned_of(
    write_project: WriteProject, place: str
) -> None:
    misspelt, meant = ("nam", "name") if place == "constraint" else ("descripton", "description")
    text = PASSED_OVER[place].replace("own", misspelt)

    parsed = parse(write_project({**FILES, "models/p.yml": text}))

    (warning,) = parsed.warnings
    assert warning.name == "CustomKeyInObjectDeprecation"
    assert f"'{misspelt}' is no key of" in warning.message
    assert f"Did you mean '{meant}'?" in warning.message


KEPT = """\
models:
- {name: m, columns: [{name: id, own: {a: ["{{ 1 + 1 }}"]}, policy_tags: [p]}],
   config: {docs: {show: true, own: 1}, contract: {own: 1}}}
seeds: [{name: s, columns: [{name: id, own: 2}]}]
analyses: [{name: a, columns: [{name: id, own: 3}]}]
sources: [{name: src, tables: [{name: t, columns: [{name: id, own: 4}], external: {own: 5}}]}]
groups: [{name: g, owner: {name: me, own: 6}, config: {own: 7, meta: {a: 1}}}]
"""


def test_key_of_ones_own_is_kept_in_columns_groups_and_external(
    write_project: WriteProject,
) -> None:
    parsed = parse(write_project({**FILES, "models/p.yml": KEPT}))

    def column(name: str) -> Any:
        return node_dict(parsed.node(name))["columns"]["id"]

    assert (column("m")["own"], column("m")["policy_tags"]) == ({"a": ["2"]}, ["p"])
    assert (column("s")["own"], column("a")["own"]) == (2, 3)
    source = source_dict(parsed.manifest.sources["source.shop.src.t"])
    assert source["columns"]["id"]["own"] == 4
    assert source["external"] == {
        **dict.fromkeys("location file_format row_format tbl_properties partitions".split()),
        "own": 5,
    }
    group = group_dict(parsed.manifest.groups["group.shop.g"])
    assert group["config"] == {"own": 7, "meta": {"a": 1}}
    assert group["owner"]["own"] == 6
    assert parsed.warnings == ()


def test_docs_and_contract_keep_the_keys_that_they_have(write_project: WriteProject) -> None:
    described = node_dict(parse(write_project({**FILES, "models/p.yml": KEPT})).node("m"))

    assert described["docs"] == described["config"]["docs"] == {"show": True, "node_color": None}
    assert set(described["config"]["contract"]) == {"enforced", "alias_types"}
    assert "own" not in described["contract"]


def test_key_of_a_column_that_is_spelled_wrong_is_warned_of_and_kept(
    write_project: WriteProject,
) -> None:
    text = "models: [{name: m, columns: [{name: id, descripton: x}]}]"

    parsed = parse(write_project({**FILES, "models/p.yml": text}))

    (warning,) = parsed.warnings
    assert warning.message == (
        "'descripton' is no key that a column has: nothing goes by it here. "
        "Did you mean 'description'?"
    )
    assert node_dict(parsed.node("m"))["columns"]["id"]["descripton"] == "x"


async def test_external_source_of_dbts_manifest_isnt_modified(
    write_project: WriteProject,
) -> None:
    text = "sources: [{name: s, tables: [{name: t, external: {location: x}}]}]"
    root = write_project({**FILES, "models/p.yml": text})
    assert (await run(root, "parse")).exit_code == 0
    kept = root / "target/manifest.json"
    document = json.loads(kept.read_text())
    external = document["sources"]["source.shop.s.t"]["external"]
    (root / "state").mkdir()

    for known in (external, {"location": "x"}):
        document["sources"]["source.shop.s.t"]["external"] = known
        (root / "state/manifest.json").write_text(json.dumps(document))
        listed = await run(root, "list", state=root / "state", select=("state:modified",))
        assert listed.lines == []
