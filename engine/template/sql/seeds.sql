{# A table for the rows of a CSV file. #}

{% macro create_csv_table(model, agate_table) -%}
    {{ return(adapter.dispatch('create_csv_table', 'dbt')(model, agate_table)) }}
{%- endmacro %}

{# `agate_table` has `columns` of a name and a type, in the order of the file. #}
{% macro default__create_csv_table(model, agate_table) -%}
create table {{ this }} (
    {%- for column in agate_table.columns %}
    {{ adapter.quote(column.name) if model.config.quote_columns is not false else column.name }} {{ column.data_type }}{{ ',' if not loop.last }}
    {%- endfor %}
)
{%- endmacro %}

{#- For projects that load rows themselves. The values are bound by the database's driver there;
    here they are written into the statement. -#}
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
