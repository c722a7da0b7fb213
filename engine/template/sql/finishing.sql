{# What a relation gets besides its rows. A text that is empty isn't run. #}

{% macro get_create_index_sql(relation, index_dict) -%}
    {{ return(adapter.dispatch('get_create_index_sql', 'dbt')(relation, index_dict)) }}
{%- endmacro %}

{% macro default__get_create_index_sql(relation, index_dict) -%}
{%- endmacro %}

{% macro get_drop_index_sql(relation, index_name) -%}
    {{ return(adapter.dispatch('get_drop_index_sql', 'dbt')(relation, index_name)) }}
{%- endmacro %}

{% macro default__get_drop_index_sql(relation, index_name) -%}
    drop index if exists {{ relation.include(database=false, identifier=false) }}.{{ adapter.quote(index_name) }}
{%- endmacro %}

{% macro get_show_indexes_sql(relation) -%}
    {{ return(adapter.dispatch('get_show_indexes_sql', 'dbt')(relation)) }}
{%- endmacro %}

{% macro default__get_show_indexes_sql(relation) -%}
    {{ exceptions.raise_not_implemented("get_show_indexes_sql isn't there for " ~ adapter.type()) }}
{%- endmacro %}

{% macro get_show_grant_sql(relation) -%}
    {{ return(adapter.dispatch('get_show_grant_sql', 'dbt')(relation)) }}
{%- endmacro %}

{% macro default__get_show_grant_sql(relation) -%}
    show grants on {{ relation.render() }}
{%- endmacro %}

{% macro get_grant_sql(relation, privilege, grantees) -%}
    {{ return(adapter.dispatch('get_grant_sql', 'dbt')(relation, privilege, grantees)) }}
{%- endmacro %}

{% macro default__get_grant_sql(relation, privilege, grantees) -%}
    grant {{ privilege }} on {{ relation.render() }} to {{ grantees | join(', ') }}
{%- endmacro %}

{% macro get_revoke_sql(relation, privilege, grantees) -%}
    {{ return(adapter.dispatch('get_revoke_sql', 'dbt')(relation, privilege, grantees)) }}
{%- endmacro %}

{#- Who holds a privilege is told by the name that the database has for it. -#}
{% macro default__get_revoke_sql(relation, privilege, grantees) -%}
    {%- set quoted = [] -%}
    {%- for grantee in grantees -%}
        {%- set is_as_written = grantee | lower == 'public' or adapter.quote(grantee[1:-1]) == grantee -%}
        {%- do quoted.append(grantee if is_as_written else adapter.quote(grantee)) -%}
    {%- endfor -%}
    revoke {{ privilege }} on {{ relation.render() }} from {{ quoted | join(', ') }}
{%- endmacro %}

{% macro alter_relation_comment(relation, relation_comment) -%}
    {{ return(adapter.dispatch('alter_relation_comment', 'dbt')(relation, relation_comment)) }}
{%- endmacro %}

{% macro default__alter_relation_comment(relation, relation_comment) -%}
{%- endmacro %}

{#- A statement for each column that has a description and is there. -#}
{% macro alter_column_comment(relation, column_dict) -%}
    {{ return(adapter.dispatch('alter_column_comment', 'dbt')(relation, column_dict)) }}
{%- endmacro %}

{% macro default__alter_column_comment(relation, column_dict) -%}
{%- endmacro %}

{% macro persist_docs(relation, model, for_relation=true, for_columns=true) -%}
    {{ return(adapter.dispatch('persist_docs', 'dbt')(relation, model, for_relation, for_columns)) }}
{%- endmacro %}

{% macro default__persist_docs(relation, model, for_relation, for_columns) -%}
    {%- if for_relation and config.persist_relation_docs() and model.description -%}
        {%- do _run_if_any(alter_relation_comment(relation, model.description)) -%}
    {%- endif -%}
    {%- if for_columns and config.persist_column_docs() and model.columns -%}
        {%- do _run_if_any(alter_column_comment(relation, model.columns)) -%}
    {%- endif -%}
{%- endmacro %}

{#- Those of the described columns that are there; the others are warned of. -#}
{% macro validate_doc_columns(relation, column_dict, existing_column_names) -%}
    {%- set there = existing_column_names | map('lower') | list -%}
    {%- set found, missing = {}, [] -%}
    {%- for name, column in column_dict.items() -%}
        {%- if name in existing_column_names or (not column['quote'] and name | lower in there) -%} {%- do found.update({name: column}) -%}
        {%- else -%} {%- do missing.append(name) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do exceptions.warn('In relation ' ~ relation.render() ~ ': The following columns are specified in the schema but are not present in the database: ' ~ missing | join(', ')) if missing -%}
    {{ return(found) }}
{%- endmacro %}

{% macro create_indexes(relation) -%} {{ return(adapter.dispatch('create_indexes', 'dbt')(relation)) }} {%- endmacro %}

{% macro default__create_indexes(relation) -%}
    {%- for index in config.get('indexes', default=[]) -%}
        {%- do _run_if_any(get_create_index_sql(relation, index)) -%}
    {%- endfor -%}
{%- endmacro %}

{% macro _run_if_any(sql) -%}
    {%- if sql and sql | trim -%} {%- do adapter.execute(sql, auto_begin=true) -%} {%- endif -%}
{%- endmacro %}

{#- Whether a relation that is built anew has the grants of the one before it: those of a view that
    is given new text stay. -#}
{% macro copy_grants() -%} {{ return(adapter.dispatch('copy_grants', 'dbt')()) }} {%- endmacro %}
{% macro default__copy_grants() -%} {{ return(true) }} {%- endmacro %}

{% macro support_multiple_grantees_per_dcl_statement() -%}
    {{ return(adapter.dispatch('support_multiple_grantees_per_dcl_statement', 'dbt')()) }}
{%- endmacro %}
{% macro default__support_multiple_grantees_per_dcl_statement() -%} {{ return(true) }} {%- endmacro %}

{% macro should_revoke(existing_relation, full_refresh_mode=true) -%}
    {{ return(existing_relation is not none and (copy_grants() or not full_refresh_mode)) }}
{%- endmacro %}

{% macro get_dcl_statement_list(relation, grant_config, get_dcl_macro) -%}
    {{ return(adapter.dispatch('get_dcl_statement_list', 'dbt')(relation, grant_config, get_dcl_macro)) }}
{%- endmacro %}

{% macro default__get_dcl_statement_list(relation, grant_config, get_dcl_macro) -%}
    {%- set statements = [] -%}
    {%- for privilege, grantees in grant_config.items() if grantees -%}
        {%- for group in ([grantees] if support_multiple_grantees_per_dcl_statement() else grantees | batch(1)) -%}
            {%- do statements.append(get_dcl_macro(relation, privilege, group)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(statements) }}
{%- endmacro %}

{% macro call_dcl_statements(dcl_statement_list) -%}
    {{ return(adapter.dispatch('call_dcl_statements', 'dbt')(dcl_statement_list)) }}
{%- endmacro %}

{% macro default__call_dcl_statements(dcl_statement_list) -%}
    {%- for statement in dcl_statement_list -%} {%- do _run_if_any(statement) -%} {%- endfor -%}
{%- endmacro %}

{% macro apply_grants(relation, grant_config, should_revoke=True) -%}
    {{ return(adapter.dispatch('apply_grants', 'dbt')(relation, grant_config, should_revoke)) }}
{%- endmacro %}

{% macro default__apply_grants(relation, grant_config, should_revoke=True) -%}
    {%- if grant_config -%}
        {%- set granting, revoking = grant_config, {} -%}
        {%- if should_revoke -%}
            {%- set held = adapter.standardize_grants_dict(run_query(get_show_grant_sql(relation))) -%}
            {%- set granting = diff_of_two_dicts(grant_config, held) -%}
            {%- set revoking = diff_of_two_dicts(held, grant_config) -%}
        {%- endif -%}
        {%- do call_dcl_statements(
            get_dcl_statement_list(relation, revoking, get_revoke_sql)
            + get_dcl_statement_list(relation, granting, get_grant_sql)
        ) -%}
    {%- endif -%}
{%- endmacro %}
