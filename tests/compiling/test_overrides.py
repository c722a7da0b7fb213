"""A project's macros in the place of built-in ones, where SQL is compiled and built."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from headrace.engine.session import invoke
from headrace.engine.settings.options import Options

from ..conftest import WriteProject
from .support import compiling

REF = """\
{% macro ref(name) %}
  {% set relation = builtins.ref(name) %}
  {% do return(relation.incorporate(path={'identifier': relation.identifier ~ '_seen'})) %}
{% endmacro %}
"""
SOURCE = (
    "{% macro source(source_name, table_name) %}"
    "{% do return(builtins.source(source_name, table_name).include(schema=false)) %}"
    "{% endmacro %}"
)


async def test_override_of_ref_may_call_the_builtin_one(write_project: WriteProject) -> None:
    root = write_project(
        {
            "macros/ref.sql": REF,
            "models/a.sql": "select 1",
            "models/m.sql": "select * from {{ ref('a') }}",
        }
    )

    async with compiling(root) as project:
        assert project.parsed.parents("m") == ("model.shop.a",)
        assert await project.sql("m") == 'select * from "main"."a_seen"'


async def test_override_of_source_may_call_the_builtin_one(write_project: WriteProject) -> None:
    root = write_project(
        {
            "macros/source.sql": SOURCE,
            "models/s.yml": "sources: [{name: raw, tables: [{name: t}]}]\n",
            "models/m.sql": "select * from {{ source('raw', 't') }}",
        }
    )

    async with compiling(root) as project:
        assert project.parsed.parents("m") == ("source.shop.raw.t",)
        assert await project.sql("m") == 'select * from "t"'


async def test_generic_test_reads_what_an_override_of_ref_or_source_says(
    write_project: WriteProject,
) -> None:
    properties = """
models:
  - name: m
    columns: [{name: id, data_tests: [relationships: {to: ref('a'), field: id}]}]
sources:
  - name: raw
    tables:
      - name: t
        data_tests: [same_as: {name: compared, others: ["ref('a')", "source('raw', 't')"]}]
"""
    root = write_project(
        {
            "macros/ref.sql": REF + SOURCE + "{% test same_as(model, others) %}"
            "select '{{ model }}', '{{ others[0] }}', '{{ others[1] }}'{% endtest %}",
            "models/a.sql": "select 1 as id",
            "models/m.sql": "select 1 as id",
            "models/s.yml": properties,
        }
    )

    async with compiling(root) as project:
        keys = await project.sql("relationships_m_id__id__ref_a_")
        same = await project.sql("compared")
        # While parsing it isn't asked.
        assert "macro.shop.ref" not in project.parsed.node("compared").called_macros
    assert (' from "main"."m_seen"' in keys, ' from "main"."a_seen"' in keys) == (True, True)
    assert same == """select '"t"', '"main"."a_seen"', '"t"'"""


async def test_override_of_config_and_var_count(write_project: WriteProject) -> None:
    root = write_project(
        {
            "macros/var.sql": "{% macro var(name) %}"
            "{% do return('my ' ~ builtins.var(name, 'default')) %}{% endmacro %}",
            "models/m.sql": "select '{{ var('x') }}'",
        }
    )

    async with compiling(root) as project:
        assert await project.sql("m") == "select 'my default'"


async def test_override_of_get_where_subquery_filters_every_test(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "macros/where.sql": "{% macro get_where_subquery(relation) -%}"
            "(select * from {{ relation }} where {{ config.get('where') or '2 = 2' }}) as mine"
            "{%- endmacro %}",
            "models/m.sql": "select 1 as id",
            "models/s.yml": "models: [{name: m, columns: [{name: id, data_tests: "
            "[not_null, not_null: {name: filtered, where: 'id > 1'}]}]}]\n",
        }
    )

    async with compiling(root) as project:
        everything, filtered = await project.sql("not_null_m_id"), await project.sql("filtered")

    assert 'from (select * from "main"."m" where 2 = 2) as mine' in everything
    assert 'from (select * from "main"."m" where id > 1) as mine' in filtered


async def test_override_of_a_generic_test_and_of_its_implementation(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "tests/generic/mine.sql": "{% test not_null(model, column_name) %}"
            "select 'mine' from {{ model }}{% endtest %}\n"
            "{% macro default__test_unique(model, column_name) %}"
            "select 'unique by {{ column_name }}'{% endmacro %}",
            "models/m.sql": "select 1 as id",
            "models/s.yml": "models: [{name: m, columns: [{name: id, data_tests: "
            "[not_null, unique, dbt.not_null]}]}]\n",
        }
    )

    async with compiling(root) as project:
        assert await project.sql("not_null_m_id") == 'select \'mine\' from "main"."m"'
        assert await project.sql("unique_m_id") == "select 'unique by id'"
        assert "where id is null" in await project.sql("dbt_not_null_m_id")


@pytest.mark.parametrize("name", ["create_table_as", "sqlite__create_table_as"])
async def test_override_of_create_table_as_builds_the_tables(
    write_project: WriteProject, name: str
) -> None:
    root = write_project(
        {
            "macros/create.sql": f"{{% macro {name}(temporary, relation, sql) -%}}"
            "create table {{ relation }} as select *, 'mine' as made_by from ({{ sql }})"
            "{%- endmacro %}",
            "models/m.sql": "{{ config(materialized='table') }}select 1 as id",
        }
    )

    result = await invoke(Options(project_dir=root), environ={}, cwd=root)

    assert result.success
    assert _rows(root / "shop.db", "select * from m") == [(1, "mine")]


async def test_package_calls_the_roots_override_through_dispatch(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "packages.yml": "packages: [{local: ../util}]\n",
            "dbt_packages/util/dbt_project.yml": "name: util\nversion: '1.0'\n",
            "dbt_packages/util/macros/now.sql": "{% macro now() %}"
            "{{ return(adapter.dispatch('now', 'util')()) }}{% endmacro %}\n"
            "{% macro default__now() %}now(){% endmacro %}",
            "dbt_packages/util/models/u.sql": "select {{ now() }}",
            "macros/now.sql": "{% macro sqlite__now() %}datetime('now'){% endmacro %}",
            "models/m.sql": "select {{ util.now() }}",
        }
    )

    async with compiling(root) as project:
        assert await project.sql("m") == "select datetime('now')"
        assert await project.sql("u") == "select datetime('now')"


async def test_dispatch_in_its_forms_of_old_is_understood(write_project: WriteProject) -> None:
    root = write_project(
        {
            "macros/f.sql": "{% macro f(x) %}{{ adapter.dispatch('f', packages=['shop'])(x) }}"
            "{% endmacro %}{% macro default__f(x) %}default {{ x }}{% endmacro %}"
            "{% macro orders() %}{{ return(var('nobodys', []) + ['shop']) }}{% endmacro %}"
            "{% macro g() %}{{ return(adapter.dispatch('f', orders())('in place')) }}"
            "{% endmacro %}",
            "models/m.sql": "select '{{ f(1) }}', '{{ adapter_macro('shop.f', 2) }}', "
            "'{{ adapter_macro('f', x=3) }}', '{{ g() }}'",
        }
    )

    async with compiling(root) as project:
        assert await project.sql("m") == (
            "select 'default 1', 'default 2', 'default 3', 'default in place'"
        )


async def test_macro_is_found_by_a_name_that_is_computed(write_project: WriteProject) -> None:
    root = write_project(
        {
            "macros/f.sql": "{% macro f_one(x) %}one {{ x }}{% endmacro %}",
            "models/a.sql": "select 1",
            "models/m.sql": "{% set n = 'one' %}select '{{ context['f_' ~ n](1) }}', "
            "'{{ context['shop']['f_one'](2) }}' from {{ context['ref']('a') }}",
        }
    )

    async with compiling(root) as project:
        assert project.parsed.parents("m") == ("model.shop.a",)
        assert await project.sql("m") == "select 'one 1', 'one 2' from \"main\".\"a\""


def _rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()
