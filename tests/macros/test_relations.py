"""The macros that a project's own materializations call, on every database."""

from __future__ import annotations

import pytest
from headrace.adapters.relation import Relation, RelationType
from headrace.engine.template.dbt.adapter_facade import drop_sql

from .places import Place

REPLACE = """
{% materialization own, default %}
  {%- set target = this.incorporate(type=config.get('kind')) -%}
  {%- set existing = load_cached_relation(this) -%}
  {%- call statement('main') -%}
    {{ get_create_sql(target, sql) if existing is none
       else get_replace_sql(existing, target, sql) }}
  {%- endcall -%}
  {{ return({'relations': [target]}) }}
{% endmaterialization %}
"""
BY_VIEW = (
    "{% materialization own, default %}{{ return(create_or_replace_view()) }}"
    "{% endmaterialization %}"
)


def own(kind: str, sql: str) -> str:
    return f"{{{{ config(materialized='own', kind='{kind}') }}}} {sql}"


@pytest.mark.parametrize(
    ("before", "after"),
    [("table", "table"), ("view", "view"), ("table", "view"), ("view", "table")],
)
async def test_what_replaces_a_relation_stands_in_its_place(
    place: Place, before: str, after: str
) -> None:
    place.write("macros/own.sql", REPLACE)
    place.write("models/m.sql", own(before, "select 1 as id"))
    await place.build()
    assert await place.relations() == {("m", before)}
    place.write("models/m.sql", own(after, "select 2 as id"))

    await place.build()

    assert await place.fetch("select id from {schema}.m") == [(2,)]
    assert await place.relations() == {("m", after)}


async def test_project_says_itself_how_a_view_is_replaced(place: Place) -> None:
    place.write("macros/own.sql", REPLACE)
    place.write(
        "macros/replace.sql",
        "{% macro default__get_replace_view_sql(relation, sql) %}{{ drop_view(relation) }}; "
        "create view {{ relation }} as select 3 as id{% endmacro %}"
        "{% macro sqlite__get_replace_sql(existing, target, sql) %}"
        "{{ get_replace_view_sql(target, sql) }}{% endmacro %}"
        "{% macro postgres__get_replace_view_sql(relation, sql) %}"
        "{{ default__get_replace_view_sql(relation, sql) }}{% endmacro %}",
    )
    place.write("models/m.sql", own("view", "select 1 as id"))
    await place.build()

    await place.build()

    assert await place.fetch("select id from {schema}.m") == [(3,)]


@pytest.mark.parametrize("before", ["table", "view"])
async def test_materialization_may_be_one_call(place: Place, before: str) -> None:
    place.write("models/m.sql", f"{{{{ config(materialized='{before}') }}}} select 1 as id")
    await place.build()
    place.write("macros/own.sql", BY_VIEW)
    place.write("models/m.sql", "{{ config(materialized='own') }} select 2 as id")

    await place.build()

    assert await place.fetch("select id from {schema}.m") == [(2,)]
    assert await place.relations() == {("m", "view")}


async def test_macros_that_list_give_rows(place: Place) -> None:
    place.write("models/a.sql", "{{ config(materialized='table') }} select 1 as id")
    place.write("models/b.sql", "select * from {{ ref('a') }}")
    await place.build()
    said = await place.look(
        """
        {% set here = api.Relation.create(schema=target.schema) %}
        {% do say('schema ' ~ (target.schema in list_schemas(none).columns[0].values())) %}
        {% set views = here.information_schema() %}
        {% do say('exists ' ~ check_schema_exists(views, target.schema)[0][0]) %}
        {% do say('not there ' ~ check_schema_exists(views, 'none such')[0][0]) %}
        {% for row in list_relations_without_caching(here) %}
          {% set is_here = row['schema'] == target.schema %}
          {% do say(row['name'] ~ ' is a ' ~ row['type'] ~ ' in ' ~ is_here) %}
        {% endfor %}
        {% set elsewhere = api.Relation.create(schema='none such') %}
        {% do say('elsewhere ' ~ list_relations_without_caching(elsewhere) | length) %}
        """
    )

    assert sorted(said) == [
        "a is a table in True",
        "b is a view in True",
        "elsewhere 0",
        "exists 1",
        "not there 0",
        "schema True",
    ]


async def test_query_gives_columns_and_a_plan(place: Place) -> None:
    place.write(
        "models/m.sql",
        "{% if execute %}{% do validate_sql('select 1') %}{% endif %}"
        "select '{{ get_columns_in_query(\"select 1 as a, 2 as b\") | join(',') }}' as x, "
        "{% set columns = get_column_schema_from_query('select 1 as c') %}"
        "'{{ get_list_of_column_names(columns) | join(',') }}' as y",
    )

    await place.build()

    assert await place.fetch("select x, y from {schema}.m") == [("a,b", "c")]


async def test_freshness_is_collected(place: Place) -> None:
    place.write(
        "models/m.sql",
        "{{ config(materialized='table') }} "
        "select '2024-01-01' as at union all select '2024-03-01'",
    )
    await place.build()
    said = await place.look(
        """
        {% set m = api.Relation.create(schema=target.schema, identifier='m') %}
        {% do say(collect_freshness(m, 'at', none).table[0]['max_loaded_at']) %}
        {% do say(collect_freshness(m, 'at', "at < '2024-02-01'").table[0]['max_loaded_at']) %}
        {% set found = collect_freshness_custom_sql(m, 'select min(at) from ' ~ m).table[0] %}
        {% do say(found['max_loaded_at'] ~ ' ' ~ (found['snapshotted_at'] is none)) %}
        """
    )

    assert said == ["2024-03-01", "2024-01-01", "2024-01-01 False"]


async def test_days_of_a_partition_are_counted(place: Place) -> None:
    said = await place.look(
        """
        {% do say(dates_in_range('20240227', '20240301') | join(' ')) %}
        {% do say(partition_range('2024-12-31,2025-01-01', '%Y-%m-%d') | join(' ')) %}
        {% do say(partition_range(20240227) | join(' ')) %}
        {% do say(py_current_timestring() | length) %}
        """
    )

    assert said == ["20240227 20240228 20240229 20240301", "20241231 20250101", "20240227", "20"]


async def test_columns_of_rows_that_an_information_schema_has(place: Place) -> None:
    said = await place.look(
        """
        {% set rows = [['a', 'integer', none, 32, 0], ['b', 'numeric', none, 9, 2],
                       ['c', 'character varying', 20, none, none],
                       ['d', 'text', none, none, none]] %}
        {% for column in sql_convert_columns_in_relation(rows) %}
          {% do say(column.name ~ ' ' ~ column.data_type) %}
        {% endfor %}
        {% do say(format_columns([api.Column('A', 'numeric', none, 9, 2)])[0].formatted) %}
        """
    )

    assert said == [
        "a integer",
        "b numeric(9,2)",
        "c character varying(20)",
        "d text",
        "a numeric",
    ]


async def test_documented_columns_that_are_not_there_are_warned_of(place: Place) -> None:
    place.write(
        "models/look.sql",
        "{% set columns = {'ID': {'quote': none}, 'Name': {'quote': true}, 'gone': {'quote': none}}"
        " %}"
        "select '{{ validate_doc_columns(this, columns, ['id', 'name']) | join(',') }}' as x",
    )

    ran = await place.build()

    assert await place.fetch("select x from {schema}.look") == [("ID",)]
    assert any("Name, gone" in warning for warning in ran.warnings)


@pytest.mark.parametrize("kind", ["table", "view"])
async def test_project_says_itself_how_a_relation_is_dropped(place: Place, kind: str) -> None:
    place.write(
        "macros/drop.sql",
        f"{{% macro default__drop_{kind}(relation) %}}drop {{{{ relation }}}} in our way"
        "{% endmacro %}",
    )

    said = await place.look(
        "{% for kind in ['table', 'view', 'materialized_view'] %}"
        "{% set m = api.Relation.create(identifier='m', type=kind).include(database=false) %}"
        "{% do say(get_drop_sql(m) | trim) %}"
        "{% endfor %}"
    )

    wanted = {
        "table": 'drop table if exists "m"',
        "view": 'drop view if exists "m"',
        "materialized_view": 'drop materialized view if exists "m"',
    }
    assert said == list({**wanted, kind: 'drop "m" in our way'}.values())


async def test_project_says_itself_how_rows_are_limited(place: Place) -> None:
    place.write(
        "macros/limit.sql",
        "{% macro default__get_limit_sql(sql, limit) %}"
        "{{ sql }} fetch first {{ limit }} rows only{% endmacro %}",
    )

    said = await place.look(
        "{% do say(get_limit_subquery_sql('select 1', 2) | trim) %}"
        "{% do say(get_show_sql('select 1', 'set a to b;', 3).split() | join(' ')) %}"
    )

    assert said == [
        "select 1 fetch first 2 rows only",
        "set a to b; select 1 fetch first 3 rows only",
    ]


OWN_SCHEMAS = """
{% macro create_schema(relation) %}
  {{ default__create_schema(relation) }}
  {% do log('made ' ~ relation.schema ~ ', not ' ~ relation.include_policy.identifier, info=true) %}
{% endmacro %}
{% macro default__drop_schema(relation) %}
  {% do log('dropping ' ~ relation.schema, info=true) %}
  {% do adapter.drop_schema(relation) %}
{% endmacro %}
"""


async def test_projects_own_macros_make_and_drop_schemas(place: Place) -> None:
    place.write("macros/own.sql", OWN_SCHEMAS)
    place.write("models/m.sql", "{{ config(schema='made') }} select 1 as id")
    made = f"{place.schema}_made"

    first, second = await place.build("m"), await place.build("m")
    said = await place.look(
        f"{{% set other = api.Relation.create(schema='{made}') %}}"
        "{% do adapter.drop_schema(other) %}{% do adapter.create_schema(other) %}"
        "{% do say(adapter.check_schema_exists(none, other.schema)) %}"
        "{% do adapter.drop_schema(other) %}"
        "{% do say(adapter.check_schema_exists(none, other.schema)) %}"
    )

    assert f"made {made}, not False" in first.messages
    assert f"made {made}, not False" not in second.messages
    assert said == [
        f"dropping {made}",
        f"made {made}, not False",
        "True",
        f"dropping {made}",
        "False",
    ]


async def test_relations_are_made_and_changed_also_where_no_rows_are_read(place: Place) -> None:
    place.write("models/a.sql", "{{ config(materialized='table') }} select 1 as id")
    await place.build()
    place.write(
        "models/b.sql",
        """{{ config(materialized='table') }}
        {% set a = adapter.Relation.create(this.database, this.schema, 'a', 'table') %}
        {% set more = adapter.Column('more', 'integer') %}
        {% do alter_relation_add_remove_columns(ref('a'), [more], none) %}
        {% do truncate_relation(ref('a')) if execute %}
        select id, more from {{ a }}""",
    )

    await place.build("b", empty=True)

    assert await place.fetch("select id, more from {schema}.b") == []
    assert await place.fetch("select id, more from {schema}.a") == []


OWN_CHANGES = """
{% macro drop_relation(relation) %}
  {% do log('dropping ' ~ relation.identifier, info=true) %}{{ dbt.drop_relation(relation) }}
{% endmacro %}
{% macro default__rename_relation(from_relation, to_relation) %}
  {% do log('renaming ' ~ from_relation.identifier, info=true) %}
  {% do adapter.rename_relation(from_relation, to_relation) %}
{% endmacro %}
{% macro truncate_relation(relation) %}
  {% do log('emptying ' ~ relation.identifier, info=true) %}{{ dbt.truncate_relation(relation) }}
{% endmacro %}
{% materialization rebuilt, default %}
  {% set old = load_cached_relation(this) %}
  {% set beside = make_intermediate_relation(this.incorporate(type='table')) %}
  {% call statement('main') %}{{ create_table_as(false, beside, sql) }}{% endcall %}
  {% if old is not none %}{% do adapter.drop_relation(old) %}{% endif %}
  {% do adapter.rename_relation(beside, this.incorporate(type='table')) %}
  {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}
"""


async def test_projects_own_macros_may_call_the_built_in_ones_that_they_stand_for(
    place: Place,
) -> None:
    place.write("macros/own.sql", OWN_CHANGES)
    place.write("models/m.sql", "{{ config(materialized='rebuilt') }}select 1 as id")
    place.write("models/v.sql", "select * from {{ ref('m') }}")
    await place.build()

    again = await place.build()
    emptied = await place.look(
        "{% set m = load_relation(api.Relation.create(schema=schema, identifier='m')) %}"
        "{% do adapter.truncate_relation(m) %}"
    )

    renamed = [message for message in again.messages if message.startswith("renaming")]
    assert [again.messages[0], len(renamed)] == ["dropping m", 1]
    assert emptied == ["emptying m"]
    assert await place.fetch("select count(*) from {schema}.v") == [(0,)]


async def test_plain_table_is_made_by_what_the_macro_says_of_it(place: Place) -> None:
    place.write("models/m.sql", "{{ config(materialized='table') }}select 1 as id")

    await place.build("m")
    (file,) = place.root.glob("target/run/*/models/m.sql")
    sent = file.read_text().strip()

    spoken = await place.look(
        "{% endif %}{% set m = ref('m') %}{% if execute %}"
        "{{ say(create_table_as(false, m, 'select 1 as id')) }}"
    )

    assert sent.startswith("create table")
    assert [text.strip() for text in spoken] == [sent]


@pytest.mark.parametrize("kind", ["table", "view"])
async def test_relation_is_dropped_by_what_the_macros_say_of_it(place: Place, kind: str) -> None:
    said = "get_drop_sql(m), drop_view(m) if m.is_view else drop_table(m)"

    spoken = await place.look(
        f"{{% set m = api.Relation.create(schema='s', identifier='a\"b', type='{kind}') %}}"
        f"{{% for sql in ({said}) %}}{{{{ say(sql) }}}}{{% endfor %}}"
    )

    relation = Relation(None, "s", 'a"b', RelationType(kind))
    assert [text.strip() for text in spoken] == 2 * [drop_sql(relation)]
