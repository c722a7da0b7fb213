{# The parts that a project's own materialization of materialized views is made of. #}

{% macro materialized_view_setup(backup_relation, intermediate_relation, pre_hooks) -%}
    {%- do drop_relation_if_exists(load_cached_relation(backup_relation)) -%}
    {%- do drop_relation_if_exists(load_cached_relation(intermediate_relation)) -%}
    {{ run_hooks(pre_hooks, inside_transaction=false) }}
{%- endmacro %}

{% macro materialized_view_teardown(backup_relation, intermediate_relation, post_hooks) -%}
    {%- do drop_relation_if_exists(load_cached_relation(backup_relation)) -%}
    {%- do drop_relation_if_exists(load_cached_relation(intermediate_relation)) -%}
    {{ run_hooks(post_hooks, inside_transaction=false) }}
{%- endmacro %}

{#- What makes the view, or makes it anew; '' where nothing is to be done. -#}
{% macro materialized_view_get_build_sql(existing_relation, target_relation, backup_relation, intermediate_relation) -%}
    {%- if existing_relation is none -%}
        {{ return(get_create_materialized_view_as_sql(target_relation, sql)) }}
    {%- elif should_full_refresh() or not existing_relation.is_materialized_view -%}
        {{ return(get_replace_sql(existing_relation, target_relation, sql)) }}
    {%- endif -%}
    {%- set changes = get_materialized_view_configuration_changes(existing_relation, config) -%}
    {%- set wanted = config.get('on_configuration_change') -%}
    {%- if changes is none -%}
        {{ return(refresh_materialized_view(target_relation)) }}
    {%- elif wanted == 'apply' -%}
        {{ return(get_alter_materialized_view_as_sql(
            target_relation, changes, sql, existing_relation, backup_relation, intermediate_relation
        )) }}
    {%- elif wanted == 'continue' -%}
        {%- do exceptions.warn(
            "The configuration of " ~ target_relation.render()
            ~ " has changed, and stays as it is: `on_configuration_change` is `continue`"
        ) -%}
        {{ return('') }}
    {%- endif -%}
    {{ exceptions.raise_fail_fast_error(
        "The configuration of " ~ target_relation.render() ~ " has changed, and `on_configuration_change` is `fail`"
    ) }}
{%- endmacro %}

{% macro materialized_view_execute_no_op(target_relation) -%}
    {%- do store_raw_result(name='main', message='skip ' ~ target_relation, code='skip', rows_affected='-1') -%}
{%- endmacro %}

{% macro materialized_view_execute_build_sql(build_sql, existing_relation, target_relation, post_hooks) -%}
    {{ run_hooks(pre_hooks, inside_transaction=true) }}
    {%- call statement('main') -%} {{ build_sql }} {%- endcall -%}
    {%- set revokes = should_revoke(existing_relation, full_refresh_mode=true) -%}
    {%- do apply_grants(target_relation, config.get('grants'), should_revoke=revokes) -%}
    {%- do persist_docs(target_relation, model) -%}
    {{ run_hooks(post_hooks, inside_transaction=true) }}
    {%- do adapter.commit() -%}
{%- endmacro %}

{% macro get_materialized_view_configuration_changes(existing_relation, new_config) -%}
    {{ return(adapter.dispatch('get_materialized_view_configuration_changes', 'dbt')(existing_relation, new_config)) }}
{%- endmacro %}
{% macro default__get_materialized_view_configuration_changes(existing_relation, new_config) -%}
    {{ exceptions.raise_not_implemented(
        "get_materialized_view_configuration_changes isn't there for " ~ adapter.type()
        ~ ": the built-in materialization finds changed indexes without it"
    ) }}
{%- endmacro %}

{% macro get_alter_materialized_view_as_sql(relation, configuration_changes, sql, existing_relation, backup_relation, intermediate_relation) -%}
    {{ return(adapter.dispatch('get_alter_materialized_view_as_sql', 'dbt')(
        relation, configuration_changes, sql, existing_relation, backup_relation, intermediate_relation
    )) }}
{%- endmacro %}
{% macro default__get_alter_materialized_view_as_sql(relation, configuration_changes, sql, existing_relation, backup_relation, intermediate_relation) -%}
    {{ exceptions.raise_not_implemented(
        "get_alter_materialized_view_as_sql isn't there for " ~ adapter.type()
        ~ ": the built-in materialization changes indexes without it"
    ) }}
{%- endmacro %}
