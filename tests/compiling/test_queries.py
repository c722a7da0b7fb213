"""Templates that ask the database: run_query, statement, load_result, adapter."""

from __future__ import annotations

import pytest
from headrace.adapters.errors import DatabaseError

from ..conftest import WriteProject
from .support import compiling

ROWS = "select 1 as id, 'one' as name union all select 2, 'two' union all select 3, null"


async def compiled(write_project: WriteProject, source: str, **macros: str) -> str:
    """The SQL of a model with that template."""
    files = {"models/m.sql": source, "models/a.sql": "select 1 as id"}
    files |= {f"macros/{name}.sql": text for name, text in macros.items()}
    async with compiling(write_project(files)) as project:
        return await project.sql("m")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("t.columns[0].values() | list", "[1, 2, 3]"),
        ("t.columns['name'].values() | reject('none') | join('+')", "one+two"),
        ("t.column_names | list", "['id', 'name']"),
        ("t.columns | map(attribute='name') | list", "['id', 'name']"),
        ("t.rows | length ~ (t | length)", "33"),
        ("t.rows[1]['name'] ~ t.rows[1][0] ~ t.rows[-1].id", "two23"),
        ("t.rows | map(attribute='name') | list", "['one', 'two', None]"),
        ("t.rows[0].values() | list", "[1, 'one']"),
        ("t.rows[0].dict()", "{'id': 1, 'name': 'one'}"),
        ("t.columns[1].name", "name"),
        ("t.print_table(max_rows=1)", ""),
    ],
)
async def test_run_query_gives_a_table(
    write_project: WriteProject, expression: str, expected: str
) -> None:
    source = (
        '{% set t = run_query("' + ROWS + '") %}{% if execute %}{{ ' + expression + " }}{% endif %}"
    )

    assert await compiled(write_project, source) == expected


async def test_run_query_gives_nothing_while_parsing(write_project: WriteProject) -> None:
    source = (
        "{% set t = run_query('select 1') %}{% for row in t %}y{% endfor %}"
        "{% if not t %}{{ config(alias='early') }}{% endif %}x"
    )

    async with compiling(write_project({"models/m.sql": source})) as project:
        assert project.parsed.node("m").alias == "early"
        assert await project.sql("m") == "yx"


async def test_rows_of_a_query_make_the_columns_of_a_model(write_project: WriteProject) -> None:
    pivot = """\
{% macro names() %}
  {% set found = run_query("select 'a' as n union all select 'b'") %}
  {% if execute %}{{ return(found.columns[0].values()) }}{% else %}{{ return([]) }}{% endif %}
{% endmacro %}
"""
    source = (
        "select {% for n in names() -%}\n"
        "sum(n = '{{ n }}') as {{ n }}{{ ', ' if not loop.last }}\n"
        "{%- endfor %} from x"
    )

    sql = await compiled(write_project, source, names=pivot)

    assert sql == "select sum(n = 'a') as a, sum(n = 'b') as b from x"


async def test_statement_keeps_its_result_under_a_name(write_project: WriteProject) -> None:
    source = (
        "{%- call statement('found', fetch_result=True) -%}" + ROWS + "{%- endcall -%}"
        "{%- set found = load_result('found') -%}"
        "{% if execute %}{{ found['data'] }} {{ found.table.columns['id'].values() | sum }} "
        "{{ found.table.rows | length }} {{ found['response'] is not none }}{% endif %}"
    )

    assert await compiled(write_project, source) == ("[(1, 'one'), (2, 'two'), (3, None)] 6 3 True")


async def test_result_is_a_mapping_that_is_asked_by_attributes_too(
    write_project: WriteProject,
) -> None:
    source = (
        "{%- call statement('found', fetch_result=True) -%}" + ROWS + "{%- endcall -%}"
        "{%- set found = load_result('found') -%}{% if execute %}"
        "{{ found.keys() | sort | join(' ') }} {{ 'response' in found }} "
        "{{ found.get('table') == found['table'] }}{% endif %}"
    )

    assert await compiled(write_project, source) == "data response status table True True"


async def test_statement_without_rows_is_executed(write_project: WriteProject) -> None:
    source = (
        "{% call statement('made') %}create table made as select 7 as n{% endcall %}"
        "{% if execute %}{{ load_result('made').table | length }}"
        "{{ run_query('select n from made').rows[0][0] }}{% endif %}"
    )

    assert (await compiled(write_project, source)).strip() == "07"


async def test_result_that_nobody_stored_is_none(write_project: WriteProject) -> None:
    source = (
        "{{ load_result('absent') is none }}{{ store_result('x', response='OK') }}"
        "{{ load_result('x').response }}"
    )

    assert await compiled(write_project, source) == "TrueOK"


async def test_query_that_fails_says_what_the_database_said(write_project: WriteProject) -> None:
    with pytest.raises(DatabaseError, match="no such table: absent"):
        await compiled(write_project, "{% set t = run_query('select * from absent') %}")


async def test_adapter_answers_while_compiling(write_project: WriteProject) -> None:
    source = (
        "{% do run_query('create table t (id integer, name text)') %}"
        "{% set t = adapter.get_relation(none, 'main', 't') %}"
        "{% if execute %}"
        "{{ t.is_table }} {{ t }} "
        "{{ adapter.get_columns_in_relation(t) | map(attribute='name') | join }}"
        " {{ adapter.get_relation(database=none, schema='main', identifier='no') is none }}"
        " {{ adapter.quote('a') }} {{ adapter.type() }}"
        " {{ adapter.check_schema_exists(none, 'main') }}"
        " {{ adapter.get_missing_columns(t, t) | length }}"
        " {{ adapter.list_relations(none, 'main') | map(attribute='identifier') | list }}"
        "{% endif %}"
    )

    assert await compiled(write_project, source) == (
        'True "main"."t" idname True "a" sqlite True 0 [\'t\']'
    )


async def test_adapter_has_empty_answers_while_parsing(write_project: WriteProject) -> None:
    source = (
        "{% set response, t = adapter.execute('select 1', fetch=true) %}"
        "{% for c in adapter.get_columns_in_relation(ref('a')) %}{{ c.name }}{% endfor %}"
        "{% for c in adapter.get_missing_columns(this, this) %}{{ c.name }}{% endfor %}"
        "{% for r in adapter.list_relations(none, 'x') %}{{ r }}{% endfor %}"
        "{% if adapter.get_relation(none, 'a', 'b') is none %}{{ ref('b') }}{% endif %}"
        "{{ config(alias='rows_' ~ (t.rows | length) ~ adapter.check_schema_exists('', 'x')) }}x"
    )
    files = {"models/m.sql": source, "models/a.sql": "select 1", "models/b.sql": "select 2"}

    async with compiling(write_project(files)) as project:
        assert project.parsed.node("m").alias == "rows_0False"
        assert project.parsed.parents("m") == ("model.shop.a", "model.shop.b")


async def test_try_or_compiler_error_waits_for_the_macro_that_it_calls(
    write_project: WriteProject,
) -> None:
    macro = "{% macro asked(x) %}{{ return(run_query('select ' ~ x).rows[0][0]) }}{% endmacro %}"
    source = "{% if execute %}{{ try_or_compiler_error('failed', asked, 5) + 1 }}{% endif %}"

    assert await compiled(write_project, source, asked=macro) == "6"


async def test_what_a_template_logs_is_an_event(write_project: WriteProject) -> None:
    files = {"models/m.sql": "{{ log('a ' ~ this, info=true) }}{{ print('b') }}select 1"}

    async with compiling(write_project(files)) as project:
        sql = await project.sql("m")

        assert sql == "select 1"
        assert project.messages == ['a "main"."m"', "b"]
