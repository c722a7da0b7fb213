{# Unit tests: rows that are given as SQL, and what came of them beside what was expected. #}

{#- A select of an input's rows, each value as the type of its column. What a row doesn't say is
    null. -#}
{% macro get_fixture_sql(rows, column_name_to_data_types) -%}
    {%- set types, quoted = {}, {} -%}
    {%- for column in adapter.get_columns_in_relation(this) -%}
        {%- do types.update({column.name | lower: column.data_type}) -%}
        {%- do quoted.update({column.name | lower: column.quoted}) -%}
    {%- endfor -%}
    {%- if column_name_to_data_types -%}
        {%- set types = column_name_to_data_types -%}
        {%- for name in types if name not in quoted -%}
            {%- do quoted.update({name: adapter.quote(name)}) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if not types -%}
        {%- do exceptions.raise_compiler_error(
            "Not able to get columns for unit test '" ~ model.name ~ "' from relation " ~ this
            ~ " because the relation doesn't exist. "
            ~ ('Give' if this.type is none else 'Build it first, if only with --empty, or give')
            ~ " all of its columns with 'format: sql'."
        ) -%}
    {%- endif -%}
    {%- do validate_fixture_rows(rows, none) -%}
    {%- set absent = {} -%}
    {%- for name, type in types.items() -%}
        {%- do absent.update({name: fixture_value(none, type)}) -%}
    {%- endfor -%}
    {%- set selects = [] -%}
    {%- for row in rows or [{}] -%}
        {%- set values = dict(absent, **format_row(row, types)) -%}
        {%- do selects.append(_select_of_row(values, quoted)) -%}
    {%- endfor -%}
    {{ _union_of_selects(selects) }}
    {{- '\nwhere 1 = 0' if not rows -}}
{%- endmacro %}

{#- The rows that are expected. Without any, the columns are those of what came out. -#}
{% macro get_expected_sql(rows, column_name_to_data_types, column_name_to_quoted) -%}
    {%- if not rows -%}
        select * from dbt_internal_unit_test_actual where 1 = 0
    {%- else -%}
        {%- set selects = [] -%}
        {%- for row in rows -%}
            {%- set values = format_row(row, column_name_to_data_types) -%}
            {%- do selects.append(_select_of_row(values, column_name_to_quoted)) -%}
        {%- endfor -%}
        {{ _union_of_selects(selects) }}
    {%- endif -%}
{%- endmacro %}

{#- Names are lower-case on both sides, since databases don't agree on their case. -#}
{% macro format_row(row, column_name_to_data_types) -%}
    {%- set formatted = {} -%}
    {%- for given_name, value in row.items() -%}
        {%- set name = given_name | lower -%}
        {%- if name not in column_name_to_data_types -%}
            {%- set whose = 'expected output' if model.resource_type == 'unit_test' else "'" ~ model.name ~ "'" -%}
            {%- do exceptions.raise_compiler_error(
                "Invalid column name: '" ~ name ~ "' in unit test fixture for " ~ whose
                ~ ".\nAccepted columns for " ~ whose ~ " are: "
                ~ (column_name_to_data_types.keys() | list)
            ) -%}
        {%- endif -%}
        {%- do formatted.update({name: fixture_value(value, column_name_to_data_types[name])}) -%}
    {%- endfor -%}
    {{ return(formatted) }}
{%- endmacro %}

{% macro validate_fixture_rows(rows, row_number) -%}
    {{ return(adapter.dispatch('validate_fixture_rows', 'dbt')(rows, row_number)) }}
{%- endmacro %}

{% macro default__validate_fixture_rows(rows, row_number) -%} {%- endmacro %}

{#- A value of a fixture as SQL, of its column's type. -#}
{% macro fixture_value(value, type) -%}
    {{ return(adapter.dispatch('fixture_value', 'dbt')(value, type)) }}
{%- endmacro %}

{% macro default__fixture_value(value, type) -%}
    {#- A text keeps its length, so that one that is too long for its column doesn't pass. -#}
    {%- set type = type.split('(')[0] if value is string and 'varying' in type else type -%}
    {{ return(safe_cast(fixture_literal(value), type) | trim) }}
{%- endmacro %}

{% macro fixture_literal(value) -%}
    {%- if value is none -%} null
    {%- elif value is string -%} {{ string_literal(escape_single_quotes(value)) }}
    {%- elif value is mapping or value is iterable -%} {{ string_literal(escape_single_quotes(tojson(value))) }}
    {%- else -%} {{ value }}
    {%- endif -%}
{%- endmacro %}

{% macro _select_of_row(values, quoted) -%}
    select
    {%- for name, value in values.items() %}
        {{ value }} as {{ quoted[name] }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- Databases limit how many selects one union has: SQLite to 500, PostgreSQL by the depth of its
    stack. So many rows are a union of unions. -#}
{% macro _union_of_selects(selects) -%}
    {%- set joined = [] -%}
    {%- for group in selects | batch(500) -%}
        {%- do joined.append(group | join('\nunion all\n')) -%}
    {%- endfor -%}
    {%- if joined | length == 1 -%}
        {{ joined[0] }}
    {%- else -%}
        {%- for group in joined -%}
            {{ 'union all\n' if not loop.first }}select * from (
{{ group }}
) as rows_{{ loop.index }}{{ '\n' if not loop.last }}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{#- Both sides in one query: a row says in its last column which side it is of. -#}
{% macro get_unit_test_sql(main_sql, expected_fixture_sql, expected_column_names) -%}
    {{ return(adapter.dispatch('get_unit_test_sql', 'dbt')(main_sql, expected_fixture_sql, expected_column_names)) }}
{%- endmacro %}

{% macro default__get_unit_test_sql(main_sql, expected_fixture_sql, expected_column_names) -%}
    {%- set names = expected_column_names | join(', ') -%}
    {%- set side = adapter.quote('actual_or_expected') -%}
with dbt_internal_unit_test_actual as (
    select {{ names }}, 'actual' as {{ side }}
    from (
{{ main_sql }}
    ) as given_to_model
),
dbt_internal_unit_test_expected as (
    select {{ names }}, 'expected' as {{ side }}
    from (
{{ expected_fixture_sql }}
    ) as written_in_test
)
select * from dbt_internal_unit_test_actual
union all
select * from dbt_internal_unit_test_expected
{%- endmacro %}
