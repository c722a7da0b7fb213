"""A project's own macros do what surrounds the SQL of a built-in materialization."""

from __future__ import annotations

import pytest

from .places import Place

HOOKS = """\
{% macro run_hooks(hooks, inside_transaction=True) %}
  {% for hook in hooks | selectattr('transaction', 'equalto', inside_transaction) %}
    {% if not inside_transaction and loop.first %}
      {% call statement(auto_begin=inside_transaction) %} commit; {% endcall %}
    {% endif %}
    {% do log('hook: ' ~ hook.sql, info=true) %}
    {% call statement(auto_begin=inside_transaction) %} {{ render(hook.sql) }} {% endcall %}
  {% endfor %}
{% endmacro %}
"""

FINISHING = """\
{% macro apply_grants(relation, grant_config, should_revoke=True) %}
  {% set rows = run_query('select count(*) from ' ~ relation).columns[0].values() %}
  {% do log('granting on ' ~ relation.identifier ~ ' of ' ~ rows[0] ~ ' rows', info=true) %}
{% endmacro %}
{% macro default__persist_docs(relation, model, for_relation, for_columns) %}
  {% do log('describing ' ~ model.name ~ ': ' ~ model.description, info=true) %}
{% endmacro %}
{% macro create_indexes(relation) %}
  {% do run_query('create index i_' ~ model.name ~ ' on ' ~ relation.identifier ~ ' (id)')
     if target.type == 'sqlite' %}
  {% do log('indexing ' ~ model.name, info=true) %}
{% endmacro %}
"""

ADDED_TO = "{{ config(materialized='incremental') }}select 1 as id"


async def test_project_runs_the_hooks_itself(place: Place) -> None:
    place.write("macros/hooks.sql", HOOKS)
    place.write("models/notes.sql", "{{ config(materialized='table') }}select '' as note")
    note = "insert into {{ ref('notes') }} values ('{{ this.name }} "
    place.write(
        "models/m.sql",
        f'{{{{ config(pre_hook=[{{"sql": "{note}before\')", "transaction": false}}], '
        f'post_hook="{note}after\')") }}}}select 1 as id -- depends_on: {{{{ ref("notes") }}}}',
    )

    ran = await place.build()

    assert [message.partition(" values ")[2] for message in ran.messages] == [
        "('{{ this.name }} before')",
        "('{{ this.name }} after')",
    ]
    notes = await place.fetch("select note from {schema}.notes order by note desc")
    assert notes == [("m before",), ("m after",), ("",)]


@pytest.mark.parametrize("materialized", ["table", "incremental"])
async def test_project_finishes_its_tables_itself(place: Place, materialized: str) -> None:
    place.write("macros/finishing.sql", FINISHING)
    place.write("models/m.sql", f"{{{{ config(materialized='{materialized}') }}}}select 1 as id")
    place.write("models/m.yml", "models: [{name: m, description: of its own}]")

    ran = await place.build()

    assert ran.messages == [
        "indexing m",
        "granting on m of 1 rows",
        "describing m: of its own",
    ]


async def test_project_finishes_its_views_seeds_and_snapshots_itself(place: Place) -> None:
    place.write("macros/finishing.sql", FINISHING)
    place.write("seeds/s.csv", "id\n1\n2\n")
    place.write("models/v.sql", "select * from {{ ref('s') }}")
    place.write(
        "snapshots/kept.yml",
        "snapshots: [{name: kept, relation: ref('v'), "
        "config: {strategy: check, check_cols: all, unique_key: id}}]",
    )

    ran = await place.build(command="build", threads=1)

    assert [message for message in ran.messages if message.startswith("granting")] == [
        "granting on s of 2 rows",
        "granting on v of 2 rows",
        "granting on kept of 2 rows",
    ]


async def test_project_says_itself_what_is_refreshed(place: Place) -> None:
    place.write(
        "macros/refresh.sql",
        "{% macro should_full_refresh() %}{{ return(var('really', false)) }}{% endmacro %}",
    )
    place.write("models/m.sql", ADDED_TO)
    await place.build()

    await place.build(full_refresh=True)
    added = await place.fetch("select count(*) from {schema}.m")
    await place.build(vars={"really": True})
    refreshed = await place.fetch("select count(*) from {schema}.m")

    assert (added, refreshed) == ([(2,)], [(1,)])


async def test_project_says_itself_how_columns_change(place: Place) -> None:
    place.write(
        "macros/columns.sql",
        "{% macro process_schema_changes(on_schema_change, source_relation, target_relation) %}"
        "{% do log(on_schema_change ~ ' ' ~ target_relation.identifier ~ ': ' ~ "
        "adapter.get_columns_in_relation(source_relation) | map(attribute='name') | join(' '), "
        "info=true) %}"
        "{{ return(adapter.get_columns_in_relation(target_relation)) }}{% endmacro %}",
    )
    place.write(
        "models/m.sql",
        "{{ config(materialized='incremental', on_schema_change='fail') }}select 1 as id"
        "{% if is_incremental() %}, 2 as more{% endif %}",
    )
    await place.build()

    ran = await place.build()

    assert ran.messages == ["fail m: id more"]
    assert await place.fetch("select * from {schema}.m") == [(1,), (1,)]


@pytest.mark.parametrize("materialized", ["table", "incremental"])
async def test_hooks_know_the_sql_and_what_it_did(place: Place, materialized: str) -> None:
    place.write(
        "macros/tell.sql",
        "{% macro tell() %}{% do log([sql, compiled_code, model.compiled_code, "
        "load_result('main').response.rows_affected] | join(' | '), info=true) %}{% endmacro %}",
    )
    place.write(
        "models/m.sql",
        f"{{{{ config(materialized='{materialized}', post_hook='{{{{ tell() }}}}') }}}}"
        "select 1 as id union all select 2",
    )

    ran = await place.build()

    sql = "select 1 as id union all select 2"
    assert ran.messages == [f"{sql} | {sql} | {sql} | 2"]
