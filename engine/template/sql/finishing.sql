{# What a relation gets besides its rows. A text that is empty isn't run. #}

{% macro get_create_index_sql(relation, index_dict) -%}
    {{ return(adapter.dispatch('get_create_index_sql', 'dbt')(relation, index_dict)) }}
{%- endmacro %}

{% macro default__get_create_index_sql(relation, index_dict) -%}
{%- endmacro %}

{% macro get_show_grant_sql(relation) -%}
    {{ return(adapter.dispatch('get_show_grant_sql', 'dbt')(relation)) }}
{%- endmacro %}

{% macro default__get_show_grant_sql(relation) -%}
    show grants on {{ relation }}
{%- endmacro %}

{% macro get_grant_sql(relation, privilege, grantees) -%}
    {{ return(adapter.dispatch('get_grant_sql', 'dbt')(relation, privilege, grantees)) }}
{%- endmacro %}

{% macro default__get_grant_sql(relation, privilege, grantees) -%}
    grant {{ privilege }} on {{ relation }} to {{ grantees | join(', ') }}
{%- endmacro %}

{% macro get_revoke_sql(relation, privilege, grantees) -%}
    {{ return(adapter.dispatch('get_revoke_sql', 'dbt')(relation, privilege, grantees)) }}
{%- endmacro %}

{% macro default__get_revoke_sql(relation, privilege, grantees) -%}
    revoke {{ privilege }} on {{ relation }} from {{ grantees | join(', ') }}
{%- endmacro %}

{% macro get_relation_comment_sql(relation, comment) -%}
    {{ return(adapter.dispatch('get_relation_comment_sql', 'dbt')(relation, comment)) }}
{%- endmacro %}

{% macro default__get_relation_comment_sql(relation, comment) -%}
{%- endmacro %}

{% macro get_column_comment_sql(relation, column, comment) -%}
    {{ return(adapter.dispatch('get_column_comment_sql', 'dbt')(relation, column, comment)) }}
{%- endmacro %}

{% macro default__get_column_comment_sql(relation, column, comment) -%}
{%- endmacro %}
