{# Schemas, relations and columns, asked for or made. #}

{% macro create_schema(relation) -%} {{ return(adapter.dispatch('create_schema', 'dbt')(relation)) }} {%- endmacro %}
{% macro default__create_schema(relation) -%} {%- do adapter.create_schema(relation) -%} {%- endmacro %}

{% macro drop_schema(relation) -%} {{ return(adapter.dispatch('drop_schema', 'dbt')(relation)) }} {%- endmacro %}
{% macro default__drop_schema(relation) -%} {%- do adapter.drop_schema(relation) -%} {%- endmacro %}

{% macro drop_schema_named(schema_name) -%} {{ return(adapter.dispatch('drop_schema_named', 'dbt')(schema_name)) }} {%- endmacro %}
{% macro default__drop_schema_named(schema_name) -%} {%- do drop_schema(api.Relation.create(schema=schema_name)) -%} {%- endmacro %}

{#- As in dbt, what these three give is a query's rows: `adapter` has methods of the same names for
    names, a truth and relations. -#}
{% macro list_schemas(database) -%} {{ return(adapter.dispatch('list_schemas', 'dbt')(database)) }} {%- endmacro %}
{% macro default__list_schemas(database) -%}
    {{ return(run_query('select distinct schema_name from ' ~ information_schema_name(database) ~ '.schemata')) }}
{%- endmacro %}

{% macro check_schema_exists(information_schema, schema) -%}
    {{ return(adapter.dispatch('check_schema_exists', 'dbt')(information_schema, schema)) }}
{%- endmacro %}
{% macro default__check_schema_exists(information_schema, schema) -%}
    {{ return(run_query(
        'select count(*) from ' ~ information_schema_name((information_schema or {}).database)
        ~ ".schemata where schema_name = '" ~ escape_single_quotes(schema) ~ "'"
    )) }}
{%- endmacro %}

{#- A row's columns are database, name, schema and type. -#}
{% macro list_relations_without_caching(schema_relation) -%}
    {{ return(adapter.dispatch('list_relations_without_caching', 'dbt')(schema_relation)) }}
{%- endmacro %}
{% macro default__list_relations_without_caching(schema_relation) -%}
    {{ exceptions.raise_not_implemented("list_relations_without_caching isn't there for " ~ adapter.type()) }}
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

{#- dbt's implementations are named for the limit, not for the subquery. -#}
{% macro get_limit_subquery_sql(sql, limit) -%} {{ return(adapter.dispatch('get_limit_sql', 'dbt')(sql, limit)) }} {%- endmacro %}
{% macro default__get_limit_sql(sql, limit) -%}
    {%- if limit is none -%} {{ sql }}
    {%- else -%}
    select * from (
        {{ sql }}
    ) as limited
    limit {{ limit }}
    {%- endif -%}
{%- endmacro %}

{% macro get_show_sql(compiled_code, sql_header, limit) -%}
    {{ sql_header or '' }}
    {{ get_limit_subquery_sql(compiled_code, limit) }}
{%- endmacro %}

{#- Whether the database would take a statement: its plan is asked for. -#}
{% macro validate_sql(sql) -%} {{ return(adapter.dispatch('validate_sql', 'dbt')(sql)) }} {%- endmacro %}
{% macro default__validate_sql(sql) -%}
    {%- call statement('validate_sql') -%} explain {{ sql }} {%- endcall -%}
    {{ return(load_result('validate_sql')) }}
{%- endmacro %}

{% macro set_sql_header(config) -%} {{ config.set('sql_header', caller()) }} {%- endmacro %}

{#- What `docs generate` writes of the relations of schemas. A project's own takes the place of what
    the adapter asks; nobody has to have it. -#}
{% macro get_catalog(information_schema, schemas) -%}
    {{ return(adapter.dispatch('get_catalog', 'dbt')(information_schema, schemas)) }}
{%- endmacro %}
{% macro default__get_catalog(information_schema, schemas) -%}
    {{ exceptions.raise_not_implemented("get_catalog isn't there for " ~ adapter.type()) }}
{%- endmacro %}

{% macro get_catalog_relations(information_schema, relations) -%}
    {{ return(adapter.dispatch('get_catalog_relations', 'dbt')(information_schema, relations)) }}
{%- endmacro %}
{% macro default__get_catalog_relations(information_schema, relations) -%}
    {{ exceptions.raise_not_implemented("get_catalog_relations isn't there for " ~ adapter.type()) }}
{%- endmacro %}

{% macro get_catalog_for_single_relation(relation) -%}
    {{ return(adapter.dispatch('get_catalog_for_single_relation', 'dbt')(relation)) }}
{%- endmacro %}
{% macro default__get_catalog_for_single_relation(relation) -%}
    {{ exceptions.raise_not_implemented("get_catalog_for_single_relation isn't there for " ~ adapter.type()) }}
{%- endmacro %}

{#- Which relations stand on which. -#}
{% macro get_relations() -%} {{ return(adapter.dispatch('get_relations', 'dbt')()) }} {%- endmacro %}
{% macro default__get_relations() -%}
    {{ exceptions.raise_not_implemented("get_relations isn't there for " ~ adapter.type()) }}
{%- endmacro %}

{% macro list_function_relations_without_caching(schema_relation) -%}
    {{ return(adapter.dispatch('list_function_relations_without_caching', 'dbt')(schema_relation)) }}
{%- endmacro %}
{% macro default__list_function_relations_without_caching(schema_relation) -%}
    {{ exceptions.raise_not_implemented("list_function_relations_without_caching isn't there for " ~ adapter.type()) }}
{%- endmacro %}

{% macro is_core_v2() -%} {{ return(false) }} {%- endmacro %}
