{# What a materialization of a project's own calls to make room for a relation, and to put it in
   its place. `adapter` sees to it that what depends on a relation isn't lost. #}

{% macro drop_relation(relation) -%} {{ return(adapter.dispatch('drop_relation', 'dbt')(relation)) }} {%- endmacro %}
{% macro default__drop_relation(relation) -%} {%- do adapter.drop_relation(relation) -%} {%- endmacro %}

{% macro drop_relation_if_exists(relation) -%}
    {%- if relation is not none -%} {%- do adapter.drop_relation(relation) -%} {%- endif -%}
{%- endmacro %}

{% macro rename_relation(from_relation, to_relation) -%}
    {{ return(adapter.dispatch('rename_relation', 'dbt')(from_relation, to_relation)) }}
{%- endmacro %}
{% macro default__rename_relation(from_relation, to_relation) -%}
    {%- do adapter.rename_relation(from_relation, to_relation) -%}
{%- endmacro %}

{% macro truncate_relation(relation) -%} {{ return(adapter.dispatch('truncate_relation', 'dbt')(relation)) }} {%- endmacro %}
{% macro default__truncate_relation(relation) -%} {%- do adapter.truncate_relation(relation) -%} {%- endmacro %}

{#- Whether there is such a relation, and the relation: that one, or a new one. -#}
{% macro get_or_create_relation(database, schema, identifier, type) -%}
    {{ return(adapter.dispatch('get_or_create_relation', 'dbt')(database, schema, identifier, type)) }}
{%- endmacro %}
{% macro default__get_or_create_relation(database, schema, identifier, type) -%}
    {%- set existing = adapter.get_relation(database=database, schema=schema, identifier=identifier) -%}
    {%- if existing -%} {{ return([true, existing]) }} {%- endif -%}
    {{ return([false, api.Relation.create(database=database, schema=schema, identifier=identifier, type=type)]) }}
{%- endmacro %}

{% macro make_intermediate_relation(base_relation, suffix='__dbt_tmp') -%}
    {{ return(adapter.dispatch('make_intermediate_relation', 'dbt')(base_relation, suffix)) }}
{%- endmacro %}
{% macro default__make_intermediate_relation(base_relation, suffix) -%}
    {{ return(default__make_temp_relation(base_relation, suffix)) }}
{%- endmacro %}

{% macro make_backup_relation(base_relation, backup_relation_type, suffix='__dbt_backup') -%}
    {{ return(adapter.dispatch('make_backup_relation', 'dbt')(base_relation, backup_relation_type, suffix)) }}
{%- endmacro %}
{% macro default__make_backup_relation(base_relation, backup_relation_type, suffix) -%}
    {{ return(default__make_temp_relation(base_relation, suffix).incorporate(type=backup_relation_type)) }}
{%- endmacro %}

{% macro get_create_sql(relation, sql) -%} {{ return(adapter.dispatch('get_create_sql', 'dbt')(relation, sql)) }} {%- endmacro %}
{% macro default__get_create_sql(relation, sql) -%}
    {%- if relation.is_view -%} {{ get_create_view_as_sql(relation, sql) }}
    {%- elif relation.is_table -%} {{ get_create_table_as_sql(false, relation, sql) }}
    {%- elif relation.is_materialized_view -%} {{ get_create_materialized_view_as_sql(relation, sql) }}
    {%- else -%} {{ exceptions.raise_compiler_error('`get_create_sql` has not been implemented for: ' ~ relation.type) }}
    {%- endif -%}
{%- endmacro %}

{% macro get_create_intermediate_sql(relation, sql) -%}
    {{ return(adapter.dispatch('get_create_intermediate_sql', 'dbt')(relation, sql)) }}
{%- endmacro %}
{% macro default__get_create_intermediate_sql(relation, sql) -%}
    {%- set beside = make_intermediate_relation(relation) -%}
    {{ get_drop_sql(beside) }};
    {{ get_create_sql(beside, sql) }}
{%- endmacro %}

{% macro get_create_backup_sql(relation) -%} {{ return(adapter.dispatch('get_create_backup_sql', 'dbt')(relation)) }} {%- endmacro %}
{% macro default__get_create_backup_sql(relation) -%}
    {%- set backup = make_backup_relation(relation, relation.type) -%}
    {{ get_drop_sql(backup) }};
    {{ get_rename_sql(relation, backup.identifier) }}
{%- endmacro %}

{% macro get_drop_backup_sql(relation) -%} {{ return(adapter.dispatch('get_drop_backup_sql', 'dbt')(relation)) }} {%- endmacro %}
{% macro default__get_drop_backup_sql(relation) -%} {{ get_drop_sql(make_backup_relation(relation, relation.type)) }} {%- endmacro %}

{% macro get_rename_sql(relation, new_name) -%} {{ return(adapter.dispatch('get_rename_sql', 'dbt')(relation, new_name)) }} {%- endmacro %}
{% macro default__get_rename_sql(relation, new_name) -%}
    {%- if relation.is_view -%} {{ get_rename_view_sql(relation, new_name) }}
    {%- elif relation.is_materialized_view -%} {{ get_rename_materialized_view_sql(relation, new_name) }}
    {%- else -%} {{ get_rename_table_sql(relation, new_name) }}
    {%- endif -%}
{%- endmacro %}

{% macro get_rename_view_sql(relation, new_name) -%} {{ return(adapter.dispatch('get_rename_view_sql', 'dbt')(relation, new_name)) }} {%- endmacro %}
{% macro default__get_rename_view_sql(relation, new_name) -%} alter view {{ relation.render() }} rename to {{ adapter.quote(new_name) }} {%- endmacro %}

{% macro get_rename_materialized_view_sql(relation, new_name) -%}
    {{ return(adapter.dispatch('get_rename_materialized_view_sql', 'dbt')(relation, new_name)) }}
{%- endmacro %}
{% macro default__get_rename_materialized_view_sql(relation, new_name) -%}
    alter materialized view {{ relation.render() }} rename to {{ adapter.quote(new_name) }}
{%- endmacro %}

{% macro get_rename_intermediate_sql(relation) -%}
    {{ return(adapter.dispatch('get_rename_intermediate_sql', 'dbt')(relation)) }}
{%- endmacro %}
{% macro default__get_rename_intermediate_sql(relation) -%}
    {{ get_rename_sql(make_intermediate_relation(relation), relation.identifier) }}
{%- endmacro %}

{% macro get_replace_sql(existing_relation, target_relation, sql) -%}
    {{ return(adapter.dispatch('get_replace_sql', 'dbt')(existing_relation, target_relation, sql)) }}
{%- endmacro %}
{% macro default__get_replace_sql(existing_relation, target_relation, sql) -%}
    {%- if existing_relation.can_be_replaced and existing_relation.type == target_relation.type -%}
        {%- if existing_relation.is_view -%} {{ get_replace_view_sql(target_relation, sql) }}
        {%- elif existing_relation.is_table -%} {{ get_replace_table_sql(target_relation, sql) }}
        {%- else -%} {{ get_replace_materialized_view_sql(target_relation, sql) }}
        {%- endif -%}
    {%- else -%}
        {{ get_create_intermediate_sql(target_relation, sql) }};
        {{ get_create_backup_sql(existing_relation) }};
        {{ get_rename_intermediate_sql(target_relation) }};
        {{ get_drop_backup_sql(existing_relation) }}
    {%- endif -%}
{%- endmacro %}

{#- Where a database has no CREATE OR REPLACE, what is there goes first. -#}
{% macro get_replace_view_sql(relation, sql) -%} {{ return(adapter.dispatch('get_replace_view_sql', 'dbt')(relation, sql)) }} {%- endmacro %}
{% macro default__get_replace_view_sql(relation, sql) -%}
    {{ drop_view(relation) }};
    {{ get_create_view_as_sql(relation, sql) }}
{%- endmacro %}
{% macro get_replace_table_sql(relation, sql) -%} {{ return(adapter.dispatch('get_replace_table_sql', 'dbt')(relation, sql)) }} {%- endmacro %}
{% macro default__get_replace_table_sql(relation, sql) -%}
    {{ drop_table(relation) }};
    {{ get_create_table_as_sql(false, relation, sql) }}
{%- endmacro %}
{% macro get_replace_materialized_view_sql(relation, sql) -%}
    {{ return(adapter.dispatch('get_replace_materialized_view_sql', 'dbt')(relation, sql)) }}
{%- endmacro %}
{% macro default__get_replace_materialized_view_sql(relation, sql) -%}
    {{ drop_materialized_view(relation) }};
    {{ get_create_materialized_view_as_sql(relation, sql) }}
{%- endmacro %}

{% macro handle_existing_table(full_refresh, old_relation) -%}
    {{ return(adapter.dispatch('handle_existing_table', 'dbt')(full_refresh, old_relation)) }}
{%- endmacro %}
{% macro default__handle_existing_table(full_refresh, old_relation) -%} {%- do adapter.drop_relation(old_relation) -%} {%- endmacro %}

{#- The whole of a materialization of views, for projects that end one with it. -#}
{% macro create_or_replace_view() -%}
    {%- set target_relation = this.incorporate(type='view') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- do run_hooks(pre_hooks) -%}
    {%- if existing is not none and not existing.is_view -%} {%- do handle_existing_table(should_full_refresh(), existing) -%} {%- endif -%}
    {%- call statement('main') -%}
        {{ get_replace_view_sql(target_relation, sql) if existing is not none and existing.is_view else get_create_view_as_sql(target_relation, sql) }}
    {%- endcall -%}
    {%- do apply_grants(target_relation, config.get('grants'), should_revoke=should_revoke(existing)) -%}
    {%- do run_hooks(post_hooks) -%}
    {{ return({'relations': [target_relation]}) }}
{%- endmacro %}

{#- What depends on a relation is never dropped with it. -#}
{% macro drop_table(relation) -%} {{ return(adapter.dispatch('drop_table', 'dbt')(relation)) }} {%- endmacro %}
{% macro default__drop_table(relation) -%} drop table if exists {{ relation.render() }} {%- endmacro %}
{% macro drop_view(relation) -%} {{ return(adapter.dispatch('drop_view', 'dbt')(relation)) }} {%- endmacro %}
{% macro default__drop_view(relation) -%} drop view if exists {{ relation.render() }} {%- endmacro %}
{% macro drop_materialized_view(relation) -%} {{ return(adapter.dispatch('drop_materialized_view', 'dbt')(relation)) }} {%- endmacro %}
{% macro default__drop_materialized_view(relation) -%} drop materialized view if exists {{ relation.render() }} {%- endmacro %}
