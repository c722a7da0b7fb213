"""The macros that load and change tables, in a project's own words and in ours."""

from __future__ import annotations

import pytest

from .places import Place

SEED = """
{% materialization own, default %}
  {%- set rows = run_query(sql) -%}
  {%- set existing = load_cached_relation(this) -%}
  {%- set made -%}
    {%- if existing is none -%} {{ create_csv_table(model, rows) }}
    {%- else -%} {{ reset_csv_table(model, should_full_refresh(), existing, rows) }}
    {%- endif -%}
  {%- endset -%}
  {%- set loaded = load_csv_rows(model, rows) -%}
  {% call noop_statement('main', 'LOADED ' ~ rows | length, 'LOADED', rows | length, res=rows) %}
    {{ get_csv_sql(made, loaded) }}
  {% endcall %}
  {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}
"""
ROWS = (
    "{{ config(materialized='own') }} select 1 as id, 'it''s' as name, 1.5 as part "
    "union all select 2, null, 2.25 order by 1"
)


async def test_rows_of_a_query_become_a_table(place: Place) -> None:
    place.write("macros/own.sql", SEED)
    place.write(
        "macros/size.sql", "{% macro default__get_batch_size() %}{{ return(1) }}{% endmacro %}"
    )
    place.write("models/m.sql", ROWS)

    for full_refresh in (False, False, True):
        ran = await place.build(full_refresh=full_refresh)

        assert ran.result("m").message == "LOADED 2"
        found = await place.fetch("select id, name, part from {schema}.m order by id")
        assert [(i, name, float(part)) for i, name, part in found] == [
            (1, "it's", 1.5),
            (2, None, 2.25),
        ]


async def test_project_makes_the_tables_of_its_seeds(place: Place) -> None:
    place.write(
        "macros/own.sql",
        "{% macro default__create_csv_table(model, agate_table) %}"
        "{% set sql %}create table {{ this }} ("
        "{% for name in agate_table.column_names %}"
        "{{ adapter.quote_seed_column(name, none) }} "
        "{{ adapter.convert_type(agate_table, loop.index0) }}, {% endfor %}"
        "extra text default 'own'){% endset %}{% call statement('_') %}{{ sql }}{% endcall %}"
        "{{ return(sql) }}{% endmacro %}",
    )
    place.write("seeds/s.csv", "id,name\n1,one\n2,two\n")

    await place.build("s", command="seed")

    found = await place.fetch("select id, name, extra from {schema}.s order by id")
    assert found == [(1, "one", "own"), (2, "two", "own")]


BOUND = """
{% macro default__load_csv_rows(model, agate_table) %}
  {%- for rows in agate_table.rows | batch(2) -%}
    {%- set bindings = [] -%}
    {%- for row in rows -%} {%- do bindings.extend(row) -%} {%- endfor -%}
    {%- set sql -%}
      insert into {{ this }} ({{ get_seed_column_quoted_csv(model, agate_table.column_names) }})
      select * from (
        {%- for row in rows %}
        {{ 'union all ' if not loop.first }}select {% for value in row -%}
          {{ get_binding_char() }}{{ ', ' if not loop.last }}
        {%- endfor %}
        {%- endfor -%}
      ) as given where 5 %% 2 = 1
    {%- endset -%}
    {%- do adapter.add_query(sql, bindings=bindings, abridge_sql_log=true) -%}
  {%- endfor -%}
{% endmacro %}
"""


async def test_project_loads_the_rows_of_its_seeds(place: Place) -> None:
    place.write("macros/own.sql", BOUND)
    place.write("seeds/s.csv", "id,name\n1,it's\n2,100%\n3,%s\n")

    for full_refresh, code in ((False, "INSERT"), (False, "INSERT"), (True, "CREATE")):
        ran = await place.build("s", command="seed", full_refresh=full_refresh)

        assert ran.result("s").message == f"{code} 3"
        found = await place.fetch("select id, name from {schema}.s order by id")
        assert found == [(1, "it's"), (2, "100%"), (3, "%s")]


async def test_project_empties_the_tables_of_its_seeds(place: Place) -> None:
    place.write(
        "macros/own.sql",
        "{% macro reset_csv_table(model, full_refresh, old_relation, agate_table) %}"
        "{% do run_query('delete from ' ~ old_relation ~ ' where id < ' ~ agate_table | length) %}"
        "{% endmacro %}",
    )
    place.write("seeds/s.csv", "id\n1\n2\n")
    await place.build("s", command="seed")

    await place.build("s", command="seed")

    assert await place.fetch("select id from {schema}.s order by id") == [(1,), (2,), (2,)]


OWN_SEED = """
{% materialization seed, default %}
  {%- set rows = load_agate_table() -%}
  {%- set existing = load_cached_relation(this) -%}
  {%- if existing is not none -%} {% do adapter.drop_relation(existing) %} {%- endif -%}
  {%- set made = create_csv_table(model, rows) -%}
  {%- set loaded = load_csv_rows(model, rows) -%}
  {% call noop_statement('main', 'OWN ' ~ rows | length, 'OWN', rows | length) %}
    {{ get_csv_sql(made, loaded) }}
  {% endcall %}
  {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}
"""


async def test_project_has_a_seed_materialization_of_its_own(place: Place) -> None:
    place.write("macros/own.sql", OWN_SEED)
    place.write("seeds/s.csv", "id,name\n1,one\n2,two\n")

    for _ in range(2):
        ran = await place.build("s", command="seed")

        assert ran.result("s").message == "OWN 2"
        found = await place.fetch("select id, name from {schema}.s order by id")
        assert found == [(1, "one"), (2, "two")]


INCREMENTAL = """
{% materialization own, default %}
  {%- set target = this.incorporate(type='table') -%}
  {%- set existing = load_cached_relation(this) -%}
  {%- if existing is none -%}
    {% call statement('main') %}{{ get_create_table_as_sql(false, target, sql) }}{% endcall %}
  {%- else -%}
    {%- set arriving = make_temp_relation(target) -%}
    {% do run_query(get_create_table_as_sql(true, arriving, sql)) %}
    {% do adapter.expand_target_column_types(arriving, target) %}
    {%- set policy = incremental_validate_on_schema_change(config.get('on_schema_change')) -%}
    {%- set columns = process_schema_changes(policy, arriving, existing)
        or adapter.get_columns_in_relation(existing) -%}
    {%- set strategy = adapter.get_incremental_strategy_macro(context, 'default') -%}
    {% call statement('main') %}{{ strategy({
      'target_relation': target, 'temp_relation': arriving, 'unique_key': config.get('unique_key'),
      'dest_columns': columns, 'incremental_predicates': none,
    }) }}{% endcall %}
    {% do run_query('drop table ' ~ arriving) %}
  {%- endif -%}
  {{ return({'relations': [target]}) }}
{% endmaterialization %}
"""


def incremental(sql: str, policy: str = "append_new_columns") -> str:
    return (
        f"{{{{ config(materialized='own', unique_key='id', on_schema_change='{policy}') }}}} {sql}"
    )


async def test_own_incremental_materialization_follows_its_columns(place: Place) -> None:
    place.write("macros/own.sql", INCREMENTAL)
    place.write("models/m.sql", incremental("select 1 as id, 'a' as kind union all select 2, 'b'"))
    await place.build()
    place.write("models/m.sql", incremental("select 2 as id, 'c' as kind, 5 as size"))

    await place.build()

    found = await place.fetch("select id, kind, size from {schema}.m order by id")
    assert found == [(1, "a", None), (2, "c", 5)]
    place.write("models/m.sql", incremental("select 3 as id, 7 as size", "sync_all_columns"))

    await place.build()

    found = await place.fetch("select * from {schema}.m order by id")
    assert found == [(1, None), (2, 5), (3, 7)]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("sync_column_schemas", "on_schema_change, target_relation, schema_changes_dict"),
        ("process_schema_changes", "on_schema_change, source_relation, target_relation"),
        ("check_for_schema_changes", "source_relation, target_relation"),
        ("get_incremental_default_sql", "arg_dict"),
        ("get_delete_insert_merge_sql", "target, source, unique_key, dest_columns, predicates"),
    ],
)
async def test_a_projects_own_part_of_it_counts(place: Place, name: str, arguments: str) -> None:
    place.write("macros/own.sql", INCREMENTAL)
    place.write(
        "macros/part.sql",
        f"{{% macro default__{name}({arguments}) %}}"
        f"{{{{ exceptions.raise_compiler_error('own {name}') }}}}{{% endmacro %}}",
    )
    place.write("models/m.sql", incremental("select 1 as id"))
    await place.build()
    place.write("models/m.sql", incremental("select 1 as id, 2 as size"))

    ran = await place.run()

    assert f"own {name}" in ran.error("m")


@pytest.mark.parametrize("named", ["incremental_predicates", "predicates"])
async def test_merge_is_matched_as_the_project_says(place: Place, named: str) -> None:
    place.write(
        "macros/match.sql",
        "{% macro default__get_merge_unique_key_match(source_unique_key, target_unique_key) %}"
        "same({{ source_unique_key }}, {{ target_unique_key }}){% endmacro %}",
    )

    (said,) = await place.look(
        "{% do say(get_merge_sql(this, this, 'id', [api.Column('id', 'int')], "
        + named
        + "=['day > 1'])) %}"
    )

    assert "on (day > 1) and (same(DBT_INTERNAL_SOURCE.id, DBT_INTERNAL_DEST.id))" in said
