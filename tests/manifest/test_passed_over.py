"""What dbt passes over, or takes in another form, is no error here either."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from headrace.engine.manifest.nodes.declared_nodes import Declared

from .support import parse

WriteProject = Callable[[Mapping[str, str]], Path]

MODEL = {"models/m.sql": "select 1 as id"}


class TestArguments:
    def test_configuration_in_arguments_counts_as_such(self, write_project: WriteProject) -> None:
        entry = """models:
- name: m
  data_tests:
  - mine:
      arguments:
        v: 1
        where: a = 1
        severity: warn
        tags: x
        description: what it is for
        config: {limit: 7}
  - mine: {arguments: {v: 2, name: my_name}}
"""
        macro = "{% test mine(model, v) %}select {{ v }} from {{ model }}{% endtest %}"
        root = write_project({**MODEL, "macros/mine.sql": macro, "models/schema.yml": entry})

        parsed = parse(root)

        test = parsed.node("mine_m_1")
        assert (test.config.where, test.config.severity, test.config.limit) == ("a = 1", "WARN", 7)
        assert (test.tags, test.description) == (("x",), "what it is for")
        assert parsed.node("my_name").unique_id.startswith("test.shop.my_name.")

    @pytest.mark.parametrize("given", ["[a]", "a", "", "5"])
    def test_arguments_that_are_no_mapping_are_none(
        self, write_project: WriteProject, given: str
    ) -> None:
        column = f"{{name: id, tests: [unique: {{arguments: {given}}}]}}"
        entry = f"models: [{{name: m, columns: [{column}]}}]"
        root = write_project({**MODEL, "models/schema.yml": entry})

        assert parse(root).node("unique_m_id").config.severity == "ERROR"

    def test_group_beside_the_arguments_is_one_of_them(self, write_project: WriteProject) -> None:
        entry = "models: [{name: m, data_tests: [mine: {group: id}]}]"
        macro = "{% test mine(model, group) %}select {{ group }} from {{ model }}{% endtest %}"
        root = write_project({**MODEL, "macros/mine.sql": macro, "models/schema.yml": entry})

        test = parse(root).node("mine_m_id")

        assert test.group is None
        assert test.config.values.get("group") is None


class TestBesideConfig:
    @pytest.mark.parametrize(
        ("section", "file", "text"),
        [("models", "models/n.sql", "select 1 as id"), ("seeds", "seeds/n.csv", "id\n1\n")],
    )
    def test_tags_of_a_node_count_under_config_alone(
        self, write_project: WriteProject, section: str, file: str, text: str
    ) -> None:
        entry = f"{section}:\n- {{name: n, tags: [beside], config: {{tags: [under]}}}}"
        root = write_project({file: text, "models/schema.yml": entry})

        parsed = parse(root)

        assert parsed.node("n").tags == ("under",)
        (warning,) = parsed.warnings
        assert (warning.name, str(warning.location)) == (
            "CustomKeyInObjectDeprecation",
            "models/schema.yml:2:13",
        )
        assert "is ignored. Put it under 'config:': {tags: …}." in warning.message

    def test_tags_of_sources_and_columns_stand_where_they_stood(
        self, write_project: WriteProject
    ) -> None:
        entry = """sources:
- name: till
  tags: [s]
  tables: [{name: t, tags: [t], columns: [{name: id, tags: [c], data_tests: [unique]}]}]
"""
        parsed = parse(write_project({**MODEL, "models/schema.yml": entry}))

        assert parsed.node("t").tags == ("s", "t")
        assert sorted(parsed.node("source_unique_till_t_id").tags) == ["c", "s", "t"]
        assert parsed.warnings == ()

    def test_contract_may_stand_beside_config(self, write_project: WriteProject) -> None:
        entry = """models:
- name: m
  contract: {enforced: true}
  columns: [{name: id, data_type: int}]
"""
        model = parse(write_project({**MODEL, "models/schema.yml": entry})).node("m")

        assert model.config.values["contract"] == {"enforced": True}

    def test_quote_columns_of_a_seed_stands_under_config(self, write_project: WriteProject) -> None:
        entry = "seeds: [{name: beside, quote_columns: true}, " + (
            "{name: under, config: {quote_columns: true}}]"
        )
        seeds = {"seeds/beside.csv": "a\n1\n", "seeds/under.csv": "a\n1\n"}

        parsed = parse(write_project({**seeds, "seeds/schema.yml": entry}))

        assert parsed.node("beside").config.quote_columns is None
        assert parsed.node("under").config.quote_columns is True


def test_choices_of_the_semantic_layer_may_be_in_capitals(write_project: WriteProject) -> None:
    text = """semantic_models:
- name: s
  model: ref('m')
  defaults: {agg_time_dimension: at}
  entities: [{name: id, type: PRIMARY}]
  dimensions: [{name: at, type: Time, type_params: {time_granularity: DAY}}]
  measures:
  - {name: n, agg: SUM, create_metric: false}
  - {name: last, agg: Max, non_additive_dimension: {name: at, window_choice: MAX}}
metrics:
- {name: total, label: t, type: SIMPLE, type_params: {measure: n}}
- name: part
  label: p
  type: Conversion
  type_params:
    conversion_type_params:
      {base_measure: n, conversion_measure: n, entity: id, calculation: CONVERSIONS}
- name: so_far
  label: f
  type: cumulative
  type_params: {measure: n, cumulative_type_params: {period_agg: LAST}}
saved_queries:
- {name: q, query_params: {metrics: [total]}, exports: [{name: e, config: {export_as: TABLE}}]}
"""
    spine = "models: [{name: spine, time_spine: {standard_granularity_column: d}, " + (
        "columns: [{name: d, granularity: day}]}]"
    )
    files = {**MODEL, "models/spine.sql": "select 1 as d", "models/spine.yml": spine}

    declared = parse(write_project({**files, "models/s.yml": text})).manifest.declared

    def fields(unique_id: str) -> Mapping[str, object]:
        node = declared[unique_id]
        assert isinstance(node, Declared)
        return node.fields

    model = str(fields("semantic_model.shop.s"))
    for small in ("'primary'", "'time'", "'day'", "'sum'", "'max'"):
        assert small in model
    assert not {"PRIMARY", "SUM", "DAY"} & set(model.replace("'", " ").split())
    assert fields("metric.shop.total")["type"] == "simple"
    assert "'conversions'" in str(fields("metric.shop.part"))
    assert "'last'" in str(fields("metric.shop.so_far"))
    assert "'table'" in str(fields("saved_query.shop.q"))
