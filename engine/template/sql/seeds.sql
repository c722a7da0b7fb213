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
