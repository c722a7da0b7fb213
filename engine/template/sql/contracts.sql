{# What a contract says of a table's columns, as SQL. #}

{% macro get_table_columns_and_constraints() -%} {{ return(adapter.dispatch('get_table_columns_and_constraints', 'dbt')()) }} {%- endmacro %}
{% macro default__get_table_columns_and_constraints() -%} {{ return(table_columns_and_constraints()) }} {%- endmacro %}

{% macro table_columns_and_constraints() -%}
    {%- set lines = adapter.render_raw_columns_constraints(raw_columns=model['columns'])
        + adapter.render_raw_model_constraints(raw_constraints=model['constraints']) -%}
    (
    {%- for line in lines %}
        {{ line }}{{ ',' if not loop.last }}
    {%- endfor %}
    )
{%- endmacro %}

{% macro get_assert_columns_equivalent(sql) -%} {{ return(adapter.dispatch('get_assert_columns_equivalent', 'dbt')(sql)) }} {%- endmacro %}
{% macro default__get_assert_columns_equivalent(sql) -%} {{ return(assert_columns_equivalent(sql)) }} {%- endmacro %}

{#- Nothing, where the query has the columns that the contract says. -#}
{% macro assert_columns_equivalent(sql) -%}
    {%- do adapter.assert_contract(model['columns'], sql) -%}
    {%- set vague = [] -%}
    {%- for name, column in model['columns'].items()
        if column['data_type'] | trim | lower in ('numeric', 'decimal', 'number') -%}
        {%- do vague.append(name) -%}
    {%- endfor -%}
    {%- if vague -%}
        {%- do exceptions.warn('Detected columns with numeric type and unspecified precision/scale, this can lead to unintended rounding: ' ~ vague) -%}
    {%- endif -%}
{%- endmacro %}

{#- The query with its columns in the contract's order. -#}
{% macro get_select_subquery(sql) -%} {{ return(adapter.dispatch('get_select_subquery', 'dbt')(sql)) }} {%- endmacro %}
{% macro default__get_select_subquery(sql) -%}
    select {{ adapter.dispatch('get_column_names', 'dbt')() }}
    from (
        {{ sql }}
    ) as model_subq
{%- endmacro %}

{% macro default__get_column_names() -%}
    {%- for name, column in model['columns'].items() -%}
        {{ adapter.quote(name) if column.get('quote') else name }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{#- What a table's constraints are called after it has got another name: nothing, where they are
    not called after their table. -#}
{% macro rename_constraints(relation, from_name) -%}
    {{ return(adapter.dispatch('rename_constraints', 'dbt')(relation, from_name)) }}
{%- endmacro %}
{% macro default__rename_constraints(relation, from_name) -%}
{%- endmacro %}

{#- Checks a contract, where the model has one that is enforced. -#}
{% macro _assert_contract(sql) -%}
    {%- if (config.get('contract') or {}).enforced -%} {{ get_assert_columns_equivalent(sql) }} {%- endif -%}
{%- endmacro %}

{#- The table first, with its constraints, and then its rows. -#}
{% macro _create_table_by_contract(relation, sql, kind='') -%}
    {{ _assert_contract(sql) }}
    create {{ kind }}table {{ relation.render() }} {{ get_table_columns_and_constraints() }};
    insert into {{ relation.render() }} ({{ adapter.dispatch('get_column_names', 'dbt')() }})
    {{ get_select_subquery(sql) }}
{%- endmacro %}
