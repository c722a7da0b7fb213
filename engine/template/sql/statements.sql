{# Running SQL out of a template, and getting at what it gave. #}

{% macro statement(name=none, fetch_result=false, auto_begin=true, language='sql') -%}
    {%- if execute -%}
        {%- set response, table = adapter.execute(caller(), auto_begin=auto_begin, fetch=fetch_result) -%}
        {%- if name is not none -%}
            {{ store_result(name, response=response, agate_table=table) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- What is called with a block has to ask for it. -#}
{% macro noop_statement(name=none, message=none, code=none, rows_affected=none, res=none) -%}
    {%- set text = caller() if caller -%}
    {%- if name is not none -%}
        {{ store_raw_result(name, message=message, code=code, rows_affected=rows_affected, agate_table=res) }}
    {%- endif -%}
{%- endmacro %}

{% macro run_query(sql) %}
    {%- if not execute -%}
        {#- As in dbt a loop over it goes over nothing, and whatever it is asked for isn't there. -#}
        {{ return(load_result('run_query_statement').table) }}
    {%- endif -%}
    {%- set response, table = adapter.execute(sql, fetch=true) -%}
    {{ return(table) }}
{% endmacro %}
