{# Building and dropping relations. #}

{% macro create_table_as(temporary, relation, compiled_code, language='sql') -%}
    {{ return(adapter.dispatch('create_table_as', 'dbt')(temporary, relation, compiled_code)) }}
{%- endmacro %}

{% macro default__create_table_as(temporary, relation, sql) -%}
    {{ config.get('sql_header', '') }}
    {%- if not temporary and (config.get('contract') or {}).enforced -%}
    {{ _create_table_by_contract(relation, sql) }}
    {%- else -%}
    {%- if temporary -%} {{ _assert_contract(sql) }} {%- endif -%}
    create {% if temporary %}temporary {% endif %}table
    {{ relation.include(database=not temporary, schema=not temporary) }} as (
{{ sql }}
    );
    {%- endif -%}
{%- endmacro %}

{% macro get_create_table_as_sql(temporary, relation, sql) -%}
    {{ return(adapter.dispatch('get_create_table_as_sql', 'dbt')(temporary, relation, sql)) }}
{%- endmacro %}

{% macro default__get_create_table_as_sql(temporary, relation, sql) -%}
    {{ return(create_table_as(temporary, relation, sql)) }}
{%- endmacro %}

{% macro create_view_as(relation, sql) -%}
    {{ return(adapter.dispatch('create_view_as', 'dbt')(relation, sql)) }}
{%- endmacro %}

{% macro default__create_view_as(relation, sql) -%}
    {{ config.get('sql_header', '') }}
    {{ _assert_contract(sql) -}}
    create view {{ relation.render() }} as (
{{ sql }}
    );
{%- endmacro %}

{% macro get_create_view_as_sql(relation, sql) -%}
    {{ return(adapter.dispatch('get_create_view_as_sql', 'dbt')(relation, sql)) }}
{%- endmacro %}

{% macro default__get_create_view_as_sql(relation, sql) -%}
    {{ return(create_view_as(relation, sql)) }}
{%- endmacro %}

{% macro get_drop_sql(relation) -%}
    {{ return(adapter.dispatch('get_drop_sql', 'dbt')(relation)) }}
{%- endmacro %}

{% macro default__get_drop_sql(relation) -%}
    {%- if relation.is_view -%} {{ drop_view(relation) }}
    {%- elif relation.is_materialized_view -%} {{ drop_materialized_view(relation) }}
    {%- else -%} {{ drop_table(relation) }}
    {%- endif -%}
{%- endmacro %}

{% macro get_rename_table_sql(relation, new_name) -%}
    {{ return(adapter.dispatch('get_rename_table_sql', 'dbt')(relation, new_name)) }}
{%- endmacro %}

{% macro default__get_rename_table_sql(relation, new_name) -%}
    alter table {{ relation.render() }} rename to {{ adapter.quote(new_name) }}
{%- endmacro %}

{% macro get_columns_in_relation(relation) -%}
    {{ return(adapter.dispatch('get_columns_in_relation', 'dbt')(relation)) }}
{%- endmacro %}

{% macro default__get_columns_in_relation(relation) -%}
    {{ return(adapter.get_columns_in_relation(relation)) }}
{%- endmacro %}

{% macro load_relation(relation) -%}
    {{ return(adapter.get_relation(relation.database, relation.schema, relation.identifier)) }}
{%- endmacro %}

{% macro load_cached_relation(relation) -%}
    {{ return(load_relation(relation)) }}
{%- endmacro %}

{% macro make_temp_relation(base_relation, suffix='__dbt_tmp') -%}
    {{ return(adapter.dispatch('make_temp_relation', 'dbt')(base_relation, suffix)) }}
{%- endmacro %}

{#- A name that is too long for some databases is cut, and told from others that begin alike. -#}
{% macro default__make_temp_relation(base_relation, suffix) -%}
    {%- set name = base_relation.identifier -%}
    {%- if (name ~ suffix) | length > 63 -%}
        {%- set name = name[:63 - (suffix | length) - 9] ~ '_' ~ local_md5(name)[:8] -%}
    {%- endif -%}
    {{ return(base_relation.incorporate(path={'identifier': name ~ suffix})) }}
{%- endmacro %}

{% macro should_full_refresh() -%}
    {%- set configured = config.get('full_refresh') -%}
    {{ return(flags.FULL_REFRESH if configured is none else configured) }}
{%- endmacro %}

{% macro get_create_materialized_view_as_sql(relation, sql) -%}
    {{ return(adapter.dispatch('get_create_materialized_view_as_sql', 'dbt')(relation, sql)) }}
{%- endmacro %}

{% macro default__get_create_materialized_view_as_sql(relation, sql) -%}
    create materialized view {{ relation.render() }} as
{{ sql }}
{%- endmacro %}

{% macro refresh_materialized_view(relation) -%}
    {{ return(adapter.dispatch('refresh_materialized_view', 'dbt')(relation)) }}
{%- endmacro %}

{% macro default__refresh_materialized_view(relation) -%}
    refresh materialized view {{ relation.render() }}
{%- endmacro %}
