{# Schemas, relations and columns, asked for or made. #}

{% macro create_schema(relation) -%} {{ return(adapter.dispatch('create_schema', 'dbt')(relation)) }} {%- endmacro %}
{% macro default__create_schema(relation) -%} {%- do adapter.create_schema(relation) -%} {%- endmacro %}

{% macro drop_schema(relation) -%} {{ return(adapter.dispatch('drop_schema', 'dbt')(relation)) }} {%- endmacro %}
{% macro default__drop_schema(relation) -%} {%- do adapter.drop_schema(relation) -%} {%- endmacro %}

{% macro list_schemas(database) -%} {{ return(adapter.dispatch('list_schemas', 'dbt')(database)) }} {%- endmacro %}
{% macro default__list_schemas(database) -%} {{ return(adapter.list_schemas(database)) }} {%- endmacro %}

{% macro check_schema_exists(information_schema, schema) -%}
    {{ return(adapter.dispatch('check_schema_exists', 'dbt')(information_schema, schema)) }}
{%- endmacro %}
{% macro default__check_schema_exists(information_schema, schema) -%}
    {{ return(adapter.check_schema_exists(none, schema)) }}
{%- endmacro %}

{% macro list_relations_without_caching(schema_relation) -%}
    {{ return(adapter.dispatch('list_relations_without_caching', 'dbt')(schema_relation)) }}
{%- endmacro %}
{% macro default__list_relations_without_caching(schema_relation) -%}
    {{ return(adapter.list_relations_without_caching(schema_relation)) }}
{%- endmacro %}

{% macro information_schema_name(database) -%} {{ return(adapter.dispatch('information_schema_name', 'dbt')(database)) }} {%- endmacro %}
{% macro default__information_schema_name(database) -%}
    {{ database ~ '.' if database }}information_schema
{%- endmacro %}

{% macro get_columns_in_query(select_sql) -%} {{ return(adapter.dispatch('get_columns_in_query', 'dbt')(select_sql)) }} {%- endmacro %}
{% macro default__get_columns_in_query(select_sql) -%}
    {%- if not execute -%} {{ return([]) }} {%- endif -%}
    {{ return(adapter.get_column_schema_from_query(select_sql) | map(attribute='name') | list) }}
{%- endmacro %}

{% macro get_column_schema_from_query(select_sql, select_sql_header=none) -%}
    {{ return(adapter.get_column_schema_from_query(select_sql)) }}
{%- endmacro %}

{#- A query's columns, and none of its rows. -#}
{% macro get_empty_subquery_sql(select_sql, select_sql_header=none) -%}
    {{ return(adapter.dispatch('get_empty_subquery_sql', 'dbt')(select_sql, select_sql_header)) }}
{%- endmacro %}
{% macro default__get_empty_subquery_sql(select_sql, select_sql_header=none) -%}
    {{ select_sql_header or '' }}
    select * from (
        {{ select_sql }}
    ) as empty_subquery
    where false
    limit 0
{%- endmacro %}

{#- A row of nothing, of the types that a contract gives its columns. -#}
{% macro get_empty_schema_sql(columns) -%} {{ return(adapter.dispatch('get_empty_schema_sql', 'dbt')(columns)) }} {%- endmacro %}
{% macro default__get_empty_schema_sql(columns) -%}
    select
    {%- for column in columns.values() %}
        cast(null as {{ column['data_type'] }}) as
        {{ adapter.quote(column['name']) if column.get('quote') else column['name'] }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro get_limit_subquery_sql(sql, limit) -%} {{ return(adapter.dispatch('get_limit_subquery_sql', 'dbt')(sql, limit)) }} {%- endmacro %}
{% macro default__get_limit_subquery_sql(sql, limit) -%}
    select * from (
        {{ sql }}
    ) as limited
    limit {{ limit }}
{%- endmacro %}

{% macro set_sql_header(config) -%} {{ config.set('sql_header', caller()) }} {%- endmacro %}
