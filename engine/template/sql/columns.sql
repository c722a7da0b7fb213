{# Changing the columns of a table that is there. Each runs what it says. #}

{% macro alter_relation_add_remove_columns(relation, add_columns=none, remove_columns=none) -%}
    {{ return(adapter.dispatch('alter_relation_add_remove_columns', 'dbt')(
        relation, add_columns, remove_columns
    )) }}
{%- endmacro %}

{% macro default__alter_relation_add_remove_columns(relation, add_columns, remove_columns) -%}
    {%- for column in add_columns or [] -%}
        {%- do run_query(
            'alter table ' ~ relation.render() ~ ' add column ' ~ column.quoted ~ ' ' ~ column.data_type
        ) -%}
    {%- endfor -%}
    {%- for column in remove_columns or [] -%}
        {%- do run_query('alter table ' ~ relation.render() ~ ' drop column ' ~ column.quoted) -%}
    {%- endfor -%}
{%- endmacro %}

{% macro alter_column_type(relation, column_name, new_column_type) -%}
    {{ return(adapter.dispatch('alter_column_type', 'dbt')(relation, column_name, new_column_type)) }}
{%- endmacro %}

{% macro default__alter_column_type(relation, column_name, new_column_type) -%}
    {%- set column = adapter.quote(column_name) -%}
    {%- do run_query(
        'alter table ' ~ relation.render() ~ ' alter column ' ~ column ~ ' type ' ~ new_column_type
        ~ ' using ' ~ column ~ '::' ~ new_column_type
    ) -%}
{%- endmacro %}

{#- Rows of a name, a type and what the type is limited to, as columns. -#}
{% macro sql_convert_columns_in_relation(table) -%}
    {%- set columns = [] -%}
    {%- for row in table -%} {%- do columns.append(api.Column(*row)) -%} {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}

{% macro get_list_of_column_names(columns) -%} {{ return(columns | map(attribute='name') | list) }} {%- endmacro %}

{#- Columns as a contract compares them. -#}
{% macro format_columns(columns) -%}
    {%- set formatted = [] -%}
    {%- for column in columns -%} {%- do formatted.append(adapter.dispatch('format_column', 'dbt')(column)) -%} {%- endfor -%}
    {{ return(formatted) }}
{%- endmacro %}

{% macro default__format_column(column) -%}
    {{ return({'name': column.name, 'data_type': column.dtype, 'formatted': column.name | lower ~ ' ' ~ column.dtype}) }}
{%- endmacro %}
