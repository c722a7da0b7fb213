{# How fresh a source is: one row with the newest moment in it, and the moment of asking. #}

{% macro collect_freshness(source, loaded_at_field, filter) %}
    {{ return(adapter.dispatch('collect_freshness', 'dbt')(source, loaded_at_field, filter)) }}
{% endmacro %}

{% macro default__collect_freshness(source, loaded_at_field, filter) %}
    {%- set condition = 'where ' ~ filter if filter else '' -%}
    {%- call statement('collect_freshness', fetch_result=true, auto_begin=false) -%}
select max({{ loaded_at_field }}) as max_loaded_at, {{ current_timestamp() }} as snapshotted_at
from {{ source }}
{{ condition }}
    {%- endcall -%}
    {{ return(load_result('collect_freshness')) }}
{% endmacro %}

{% macro collect_freshness_custom_sql(source, loaded_at_query) %}
    {{ return(adapter.dispatch('collect_freshness_custom_sql', 'dbt')(source, loaded_at_query)) }}
{% endmacro %}

{% macro default__collect_freshness_custom_sql(source, loaded_at_query) %}
    {%- call statement('collect_freshness_custom_sql', fetch_result=true, auto_begin=false) -%}
select (
{{ loaded_at_query }}
) as max_loaded_at, {{ current_timestamp() }} as snapshotted_at
    {%- endcall -%}
    {{ return(load_result('collect_freshness_custom_sql')) }}
{% endmacro %}

{% macro get_relation_last_modified(information_schema, relations) %}
    {{ return(adapter.dispatch('get_relation_last_modified', 'dbt')(information_schema, relations)) }}
{% endmacro %}

{% macro default__get_relation_last_modified(information_schema, relations) %}
    {{ exceptions.raise_not_implemented("get_relation_last_modified isn't there for " ~ adapter.type()) }}
{% endmacro %}
