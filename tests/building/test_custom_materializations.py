"""`{% materialization %}` of a project's own: what it can do, and what is said where it fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from .support import relations, rows, run

WriteProject = Callable[[Mapping[str, str]], Path]

INSERT_ONLY = """
{% materialization insert_only, default %}
  {%- set existing = load_cached_relation(this) -%}
  {%- set target = this.incorporate(type='table') -%}
  {{ run_hooks_of(pre_hooks) }}
  {%- if existing is none -%}
    {%- call statement('main') -%}
      {{ get_create_table_as_sql(False, target, sql) }}
    {%- endcall -%}
  {%- else -%}
    {%- call statement('main') -%}
      insert into {{ target }} select * from ({{ compiled_code }}) as arriving
    {%- endcall -%}
  {%- endif -%}
  {{ run_hooks_of(post_hooks) }}
  {% do adapter.commit() %}
  {{ return({'relations': [target]}) }}
{% endmaterialization %}

{% macro run_hooks_of(hooks) %}
  {% for hook in hooks %}
    {% call statement(auto_begin=hook.transaction) %}{{ render(hook.get('sql')) }}{% endcall %}
  {% endfor %}
{% endmacro %}
"""


async def test_materialization_of_a_project_is_run_again_and_again(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "macros/own.sql": INSERT_ONLY,
            "models/log.sql": "{{ config(materialized='insert_only') }} select 1 as id",
            "models/count.sql": "select count(*) as n from {{ ref('log') }}",
        }
    )

    for _ in range(3):
        ran = await run(root)
        assert ran.exit_code == 0, ran.outcome

    assert rows(root, "select n from count") == [(3,)]
    assert ran.result("log").message == "INSERT 1"
    assert "insert into" in (root / "target/run/shop/models/log.sql").read_text()


async def test_hooks_are_the_materializations_to_run(write_project: WriteProject) -> None:
    root = write_project(
        {
            "macros/own.sql": INSERT_ONLY,
            "models/log.sql": "{{ config(materialized='insert_only', "
            "pre_hook='create table if not exists seen (what text)', "
            "post_hook=\"insert into seen values ('{{ this.name }}')\") }} select 1 as id",
        }
    )

    ran = await run(root)

    assert ran.exit_code == 0
    assert rows(root, "select what from seen") == [("log",)]


async def test_what_it_has_not_committed_is_undone_when_it_fails(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "macros/own.sql": "{% materialization broken, default %}"
            "{% call statement('main') %}create table {{ this }} as {{ sql }}{% endcall %}"
            "{% call statement() %}insert into nowhere values (1){% endcall %}"
            "{{ return({'relations': [this]}) }}{% endmaterialization %}",
            "models/m.sql": "{{ config(materialized='broken') }} select 1 as id",
        }
    )

    ran = await run(root)

    assert ran.exit_code == 1
    assert "no such table: nowhere" in ran.error("m")
    assert relations(root) == {}


async def test_what_it_has_committed_stays(write_project: WriteProject) -> None:
    root = write_project(
        {
            "macros/own.sql": "{% materialization broken, default %}"
            "{% call statement('main') %}create table {{ this }} as {{ sql }}{% endcall %}"
            "{% do adapter.commit() %}"
            "{% call statement() %}insert into nowhere values (1){% endcall %}"
            "{{ return({'relations': [this]}) }}{% endmaterialization %}",
            "models/m.sql": "{{ config(materialized='broken') }} select 1 as id",
        }
    )

    ran = await run(root)

    assert ran.exit_code == 1
    assert relations(root) == {"m": "table"}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (
            "{% call statement('main') %}create table {{ this }} as {{ sql }}{% endcall %}",
            "did not explicitly return a list of relations",
        ),
        ("{{ return({'relations': [this]}) }}", "main is not being called"),
        ("{{ exceptions.raise_compiler_error('no such luck') }}", "no such luck"),
        ("{{ config.require('colour') }}", "does not define a required config parameter 'colour'"),
        (
            "{{ config.require('size', validator=validation.any[list]) }}",
            "config 'size' of 'm': Expected value \"3\" to be one of",
        ),
    ],
)
async def test_faults_of_a_materialization_are_said(
    write_project: WriteProject, body: str, problem: str
) -> None:
    macro = f"{{% materialization odd, default %}}{body}{{% endmaterialization %}}"
    root = write_project(
        {
            "macros/own.sql": macro,
            "models/m.sql": "{{ config(materialized='odd', size=3) }} select 1 as id",
        }
    )

    ran = await run(root)

    assert ran.exit_code == 1
    assert problem in ran.error("m")
    assert relations(root) == {}


async def test_materialization_for_the_database_goes_before_the_general_one(
    write_project: WriteProject,
) -> None:
    def make(adapter: str, kind: str) -> str:
        return (
            f"{{% materialization own, {adapter} %}}"
            f"{{% call statement('main') %}}create {kind} {{{{ this }}}} as {{{{ sql }}}}"
            "{% endcall %}{{ return({'relations': [this.incorporate(type='" + kind + "')]}) }}"
            "{% endmaterialization %}\n"
        )

    root = write_project(
        {
            "macros/own.sql": make("default", "table") + make("adapter='sqlite'", "view"),
            "models/m.sql": "{{ config(materialized='own') }} select 1 as id",
        }
    )

    ran = await run(root)

    assert ran.exit_code == 0
    assert relations(root) == {"m": "view"}


async def test_projects_own_view_goes_before_the_built_in_one(write_project: WriteProject) -> None:
    root = write_project(
        {
            "macros/own.sql": "{% materialization view, default %}"
            "{% call statement('main') %}create table {{ this }} as {{ sql }}{% endcall %}"
            "{{ return({'relations': [this.incorporate(type='table')]}) }}{% endmaterialization %}",
            "models/m.sql": "select 1 as id",
        }
    )

    assert (await run(root)).exit_code == 0

    assert relations(root) == {"m": "table"}


async def test_unknown_materialization_is_told_with_those_that_there_are(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "macros/own.sql": INSERT_ONLY,
            "models/m.sql": "{{ config(materialized='insert_onyl') }} select 1 as id",
        }
    )

    error = (await run(root)).error("m")

    assert "No materialization 'insert_onyl' was found for adapter sqlite!" in error
    assert "'insert_only'" in error


async def test_model_in_a_materialization_has_its_compiled_code(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "macros/own.sql": "{% materialization own, default %}"
            "{% call statement('main') %}create table {{ this }} as "
            "select '{{ model.compiled_code | trim }}' as code, '{{ model.alias }}' as alias"
            "{% endcall %}{{ return({'relations': [this]}) }}{% endmaterialization %}",
            "models/m.sql": "{{ config(materialized='own', alias='other') }} select 7",
        }
    )

    assert (await run(root)).exit_code == 0

    assert rows(root, "select code, alias from other") == [("select 7", "other")]


@pytest.mark.parametrize("languages", ["['python']", '["python", "sql"]'])
async def test_materialization_that_is_not_for_sql_is_refused_at_the_model(
    write_project: WriteProject, languages: str
) -> None:
    head = f"insert_only, default, supported_languages={languages} %}}"
    root = write_project(
        {
            "macros/own.sql": INSERT_ONLY.replace("insert_only, default %}", head),
            "models/log.sql": "{{ config(materialized='insert_only') }} select 1 as id",
        }
    )

    ran = await run(root)

    if "sql" in languages:
        assert ran.exit_code == 0, ran.outcome
    else:
        assert "only supports languages ['python']; got \"sql\"." in ran.error("log")
        assert relations(root) == {}
