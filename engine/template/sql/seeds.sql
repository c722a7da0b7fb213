{# A table for the rows of a CSV file. #}

{#- Makes the table, and gives what it ran. -#}
{% macro create_csv_table(model, agate_table) -%}
    {{ return(adapter.dispatch('create_csv_table', 'dbt')(model, agate_table)) }}
{%- endmacro %}

{% macro default__create_csv_table(model, agate_table) -%}
    {%- set columns = [] -%}
    {%- for name in agate_table.column_names -%}
        {%- set type = (model['config'].get('column_types') or {}).get(name) or adapter.convert_type(agate_table, loop.index0) -%}
        {%- do columns.append({'name': name, 'data_type': type}) -%}
    {%- endfor -%}
    {%- set sql = _csv_table_sql(model, {'columns': columns}) -%}
    {%- call statement('_') -%} {{ sql }} {%- endcall -%}
    {{ return(sql) }}
{%- endmacro %}

{#- `table` has `columns` of a name and a type, in the order of the file. -#}
{% macro _csv_table_sql(model, table) -%}
create table {{ this }} (
    {%- for column in table.columns %}
    {{ adapter.quote_seed_column(column.name, model['config'].get('quote_columns')) }} {{ column.data_type }}{{ ',' if not loop.last }}
    {%- endfor %}
)
{%- endmacro %}

{% macro reset_csv_table(model, full_refresh, old_relation, agate_table) -%}
    {{ return(adapter.dispatch('reset_csv_table', 'dbt')(model, full_refresh, old_relation, agate_table)) }}
{%- endmacro %}

{% macro default__reset_csv_table(model, full_refresh, old_relation, agate_table) -%}
    {%- if full_refresh -%}
        {%- do adapter.drop_relation(old_relation) -%}
        {{ return(create_csv_table(model, agate_table)) }}
    {%- endif -%}
    {%- do adapter.truncate_relation(old_relation) -%}
    {{ return('delete from ' ~ old_relation) }}
{%- endmacro %}

{% macro get_csv_sql(create_or_truncate_sql, insert_sql) -%}
    {{ return(adapter.dispatch('get_csv_sql', 'dbt')(create_or_truncate_sql, insert_sql)) }}
{%- endmacro %}

{% macro default__get_csv_sql(create_or_truncate_sql, insert_sql) -%}
    {{ create_or_truncate_sql }};
    {{ insert_sql }}
{%- endmacro %}

{#- For projects whose own text binds values. -#}
{% macro get_binding_char() -%} {{ return(adapter.dispatch('get_binding_char', 'dbt')()) }} {%- endmacro %}
{% macro default__get_binding_char() -%} {{ return('%s') }} {%- endmacro %}

{% macro get_batch_size() -%} {{ return(adapter.dispatch('get_batch_size', 'dbt')()) }} {%- endmacro %}
{% macro default__get_batch_size() -%} {{ return(10000) }} {%- endmacro %}

{% macro get_seed_column_quoted_csv(model, column_names) -%}
    {%- set quoted = [] -%}
    {%- for name in column_names -%}
        {%- do quoted.append(adapter.quote_seed_column(name, model['config'].get('quote_columns'))) -%}
    {%- endfor -%}
    {{ return(quoted | join(', ')) }}
{%- endmacro %}

{#- Inserts the rows, and gives the first of the statements, or nothing where there is no row. -#}
{% macro load_csv_rows(model, agate_table) -%}
    {{ return(adapter.dispatch('load_csv_rows', 'dbt')(model, agate_table)) }}
{%- endmacro %}

{% macro default__load_csv_rows(model, agate_table) -%}
    {%- set names = get_seed_column_quoted_csv(model, agate_table.column_names) -%}
    {%- set statements = [] -%}
    {%- for rows in agate_table.rows | batch(get_batch_size()) -%}
        {%- set sql -%}
            insert into {{ this }} ({{ names }}) values
            {%- for row in rows %}
            ({% for value in row %}{{ _csv_value(value) }}{{ ', ' if not loop.last }}{% endfor %}){{ ',' if not loop.last }}
            {%- endfor %}
        {%- endset -%}
        {%- do adapter.add_query(sql) -%}
        {%- do statements.append(sql) if not statements -%}
    {%- endfor -%}
    {{ return(statements[0] if statements else none) }}
{%- endmacro %}

{% macro _csv_value(value) -%}
    {%- if value is none -%} null
    {%- elif value is boolean or value is number -%} {{ value | lower }}
    {%- else -%} '{{ value | string | replace("'", "''") }}'
    {%- endif -%}
{%- endmacro %}
