"""Jinja in properties files: wherever dbt renders it, and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from headrace.engine.core.errors import ParseError
from headrace.engine.manifest.artifact.node_dicts import node_dict, source_dict
from headrace.engine.manifest.nodes.model_node import Model
from headrace.engine.manifest.nodes.source_node import Source

from ..conftest import WriteProject
from .support import Parsed, failure, parse

VARS = {
    "t": "txt",
    "b": True,
    "n": 7,
    "list": ["a", "b"],
    "day": "2030-12-31",
    "unique": {"type": "unique", "columns": ["id"]},
    "columns": [{"name": "id", "data_type": "text"}],
    "config": {"tags": ["q"]},
}
MODELS = """
models:
  - name: "{{ 'm' }}"
    description: "{{ var('t') }}"
    docs: {show: "{{ var('b') }}", node_color: "{{ 'red' }}"}
    meta: {a: "{{ var('n') }}", deep: ["{{ var('list') }}"]}
    access: "{{ 'public' }}"
    deprecation_date: "{{ var('day') }}"
    config: {contract: {enforced: "{{ var('b') }}"}, materialized: "{{ 'ta' ~ 'ble' }}"}
    constraints:
      - {type: "{{ 'check' }}", expression: "{{ var('n') }} > 1", name: "{{ var('t') }}"}
      - "{{ var('unique') }}"
    columns:
      - name: "{{ 'id' }}"
        data_type: "{{ 'integer' }}"
        description: "{{ var('t') }}"
        quote: "{{ var('b') }}"
        tags: ["{{ var('t') }}"]
        constraints: [{type: foreign_key, to: "ref('{{ 'n' }}')", to_columns: ["{{ 'id' }}"]}]
        data_tests:
          - unique: {config: {severity: "{{ 'warn' }}", limit: "{{ var('n') }}"}}
  - {name: n, columns: "{{ var('columns') }}", config: "{{ var('config') }}"}
  - name: w
    latest_version: "{{ 1 }}"
    columns: [{name: id, data_type: "{{ 'int' }}"}]
    versions:
      - v: "{{ 1 }}"
        deprecation_date: "{{ var('day') }}"
        config: {alias: "{{ var('t') }}_al"}
        columns: [{include: "{{ 'all' }}"}, {name: "{{ 'z' }}", description: "{{ var('t') }}"}]
  - name: spine
    time_spine: {standard_granularity_column: "{{ 'id' }}"}
    columns: [{name: id, granularity: "{{ 'day' }}"}]
macros:
  - name: "{{ 'mm' }}"
    docs: {show: "{{ false | as_bool }}"}
    arguments: [{name: "{{ 'a' }}", type: "{{ 'str' }}", description: "{{ var('t') }}"}]
"""
SOURCES = """
sources:
  - name: "{{ 'so' }}"
    description: "{{ var('t') }}"
    schema: "{{ var('t') }}"
    loader: "{{ 1 + 1 }}"
    loaded_at_field: "{{ var('t') }}"
    meta: {a: "{{ var('n') }}", kept: 1}
    tags: ["{{ var('t') }}"]
    quoting: {schema: "{{ false | as_bool }}", identifier: "{{ var('b') }}"}
    config: {meta: {b: "{{ var('list') }}"}, tags: ["{{ 'cfg' }}"]}
    tables:
      - name: "{{ 'RAW' }}"
        identifier: "{{ var('t') }}"
        meta: {a: "{{ var('list') }}"}
        tags: ["{{ 'tab' }}"]
        quoting: {identifier: "{{ not var('b') }}"}
        external: {location: "{{ var('t') }}", partitions: [{name: "{{ 'p' }}", more: [1]}]}
        columns: [{name: id, data_tests: [not_null]}]
      - {name: other, loaded_at_query: "select {{ var('n') }}"}
"""


@pytest.fixture
def project(write_project: WriteProject) -> Path:
    return write_project(
        {
            **{f"models/{name}.sql": "select 1 as id" for name in ("m", "n", "w_v1", "spine")},
            "models/schema.yml": MODELS,
            "models/sources.yml": SOURCES,
            "macros/mm.sql": "{% macro mm(a) %}1{% endmacro %}",
        }
    )


def model(parsed: Parsed, unique_id: str) -> Model:
    found = parsed.manifest.nodes[unique_id]
    assert isinstance(found, Model)
    return found


def source(parsed: Parsed, name: str) -> dict[str, Any]:
    found = parsed.node(name)
    assert isinstance(found, Source)
    return source_dict(found)


def test_whatever_a_model_s_entry_has_is_rendered(project: Path) -> None:
    parsed = parse(project, vars=VARS)

    described = node_dict(model(parsed, "model.shop.m"))
    assert described["docs"] == {"show": True, "node_color": "red"}
    assert described["meta"] == {"a": 7, "deep": [["a", "b"]]}
    assert described["access"] == "public"
    assert described["deprecation_date"].startswith("2030-12-31T00:00:00")
    assert described["config"]["materialized"] == "table"
    assert described["contract"]["enforced"] is True
    assert [
        (each["type"], each["expression"], each["name"]) for each in described["constraints"]
    ] == [
        ("check", "7 > 1", "txt"),
        ("unique", None, None),
    ]
    (column,) = described["columns"].values()
    assert (column["name"], column["data_type"], column["quote"]) == ("id", "integer", True)
    assert (column["tags"], column["constraints"][0]["to_columns"]) == (["txt"], ["id"])
    assert parsed.parents("m") == ("model.shop.n",)


def test_a_template_may_stand_for_a_whole_list_or_mapping(project: Path) -> None:
    node = model(parse(project, vars=VARS), "model.shop.n")

    assert (node.columns["id"].data_type, node.tags) == ("text", ("q",))


def test_versions_and_time_spines_are_rendered(project: Path) -> None:
    parsed = parse(project, vars=VARS)

    version = model(parsed, "model.shop.w.v1")
    assert (version.alias, version.columns["z"].description) == ("txt_al", "txt")
    assert version.columns["id"].data_type == "int"
    assert version.deprecation_date is not None
    spine = node_dict(model(parsed, "model.shop.spine"))["time_spine"]
    assert spine["standard_granularity_column"] == "id"


def test_macros_are_rendered(project: Path) -> None:
    said = parse(project, vars=VARS).manifest.macro_properties["macro.shop.mm"]

    assert said.docs == {"show": False, "node_color": None}
    assert [(each.name, each.type, each.description) for each in said.arguments] == [
        ("a", "str", "txt")
    ]


def test_whatever_a_source_s_entry_has_is_rendered(project: Path) -> None:
    parsed = parse(project, vars=VARS)

    raw = source(parsed, "RAW")
    assert (raw["schema"], raw["identifier"], raw["loader"]) == ("txt", "txt", "2")
    assert (raw["source_description"], raw["loaded_at_field"]) == ("txt", "txt")
    assert raw["quoting"] == {
        "database": None,
        "schema": False,
        "identifier": False,
        "column": None,
    }
    given = {key: value for key, value in raw["external"].items() if value is not None}
    assert given == {"location": "txt", "partitions": [{"name": "p", "more": [1]}]}
    assert source(parsed, "other")["loaded_at_query"] == "select {{ var('n') }}"


def test_meta_and_tags_of_a_source_stand_in_four_places_and_all_count(project: Path) -> None:
    parsed = parse(project, vars=VARS)

    raw, other = source(parsed, "RAW"), source(parsed, "other")
    assert raw["tags"] == raw["config"]["tags"] == ["cfg", "tab", "txt"]
    assert raw["meta"] == {"a": ["a", "b"], "kept": 1, "b": ["a", "b"]}
    assert other["tags"] == ["cfg", "txt"]
    assert other["meta"] == {"a": 7, "kept": 1, "b": ["a", "b"]}
    assert raw["source_meta"] == other["source_meta"] == other["meta"]


def test_test_of_a_source_has_the_tags_that_stand_in_the_entries(project: Path) -> None:
    parsed = parse(project, vars=VARS)

    assert parsed.node("source_not_null_so_RAW_id").tags == ("tab", "txt")


def test_code_of_a_test_has_its_configuration_rendered(project: Path) -> None:
    node = parse(project, vars=VARS).node("unique_m__id_")

    assert node.raw_code.endswith('{{ config(severity="warn",limit=7) }}')


@pytest.mark.parametrize(
    "schema",
    [
        "models: [{name: m, config: {enabled: '{{ var('t') }}'}}]",
        "models: [{name: m, config: {enabled: True and False}}]",
        "models: [{name: m, docs: {show: never}}]",
        "models: [{name: m, config: {enabled: 'true'}}]",
        "seeds: [{name: s, config: {quote_columns: 'false'}}]",
        "models: [{name: m, config: {contract: {enforced: '{{ target.name }}'}}}]",
        "models: [{name: m, columns: [{name: id, quote: '{{ target.name }}'}]}]",
        "models: [{name: m, columns: [{name: id, tests: [{unique: {store_failures: often}}]}]}]",
        "sources: [{name: s, quoting: {schema: '{{ target.name }}'}, tables: [{name: t}]}]",
        "sources: [{name: s, tables: [{name: t, quoting: {identifier: 'no way'}}]}]",
    ],
)
def test_text_that_is_no_boolean_is_refused(write_project: WriteProject, schema: str) -> None:
    schema = schema.replace("var('t')", "target.name")
    files = {"models/m.sql": "select 1", "seeds/s.csv": "a\n1\n", "models/s.yml": schema}
    error = failure(write_project(files))

    assert isinstance(error, ParseError)
    assert "boolean" in error.problem
    assert str(error.location).startswith("models/s.yml:1:")


def test_unknown_part_of_a_name_can_not_be_quoted(write_project: WriteProject) -> None:
    schema = "sources: [{name: s, quoting: {identifer: true}, tables: [{name: t}]}]"

    error = failure(write_project({"models/s.yml": schema}))

    assert "identifer" in str(error)


def test_variable_that_is_a_template_gives_its_text_in_properties_and_is_rendered_in_sql(
    write_project: WriteProject,
) -> None:
    properties = """
sources: [{name: raw, schema: "{{ var('s') }}", tables: [{name: t, meta: {a: "{{ var('s') }}"}}]}]
models: [{name: m, description: "in {{ var('s') }}", config: {alias: "al_{{ var('s') | length }}"}}]
"""
    files = {
        "models/s.yml": properties,
        "models/m.sql": "{{ config(meta={'b': var('s')}) }} select 1",
    }

    parsed = parse(write_project(files), vars={"s": "{{ target.schema }}_x"})

    (source,) = parsed.manifest.sources.values()
    model = parsed.node("m")
    assert source.schema == source.config.meta["a"] == "{{ target.schema }}_x"
    assert (model.description, model.alias) == ("in {{ target.schema }}_x", "al_21")
    assert model.config.meta == {"b": "main_x"}
