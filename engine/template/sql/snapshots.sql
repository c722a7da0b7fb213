{# A snapshot's table: built once, then added to by way of a staging table. The control flow is in
   engine/materializations/snapshot.py, the strategies in snapshot_strategies.sql. #}

{% macro get_snapshot_table_column_names() -%}
    {{ return(config.get('snapshot_table_column_names') or {
        'dbt_valid_to': 'dbt_valid_to',
        'dbt_valid_from': 'dbt_valid_from',
        'dbt_scd_id': 'dbt_scd_id',
        'dbt_updated_at': 'dbt_updated_at',
        'dbt_is_deleted': 'dbt_is_deleted',
    }) }}
{%- endmacro %}

{% macro build_snapshot_table(strategy, sql) -%}
    {{ return(adapter.dispatch('build_snapshot_table', 'dbt')(strategy, sql)) }}
{%- endmacro %}

{% macro default__build_snapshot_table(strategy, sql) -%}
    {%- set columns = get_snapshot_table_column_names() -%}
    select
        *,
        {{ strategy.scd_id }} as {{ columns.dbt_scd_id }},
        {{ strategy.updated_at }} as {{ columns.dbt_updated_at }},
        {{ strategy.updated_at }} as {{ columns.dbt_valid_from }},
        {{ get_dbt_valid_to_current(strategy, columns) }}
        {%- if strategy.hard_deletes == 'new_record' %},
        'False' as {{ columns.dbt_is_deleted }}
        {%- endif %}
    from (
{{ sql }}
    ) as arriving
{%- endmacro %}

{#- What a current row says of its end. It has the type of `updated_at` also where it is NULL. -#}
{% macro get_dbt_valid_to_current(strategy, columns) -%}
    coalesce(nullif({{ strategy.updated_at }}, {{ strategy.updated_at }}), {{ config.get('dbt_valid_to_current') or 'null' }}) as {{ columns.dbt_valid_to }}
{%- endmacro %}

{#- Whether a row of the table is its key's current one. -#}
{% macro _snapshot_is_current(relation) -%}
    {%- set valid_to = relation ~ '.' ~ get_snapshot_table_column_names().dbt_valid_to -%}
    {%- set current = config.get('dbt_valid_to_current') -%}
    {{ '(' ~ valid_to ~ ' = ' ~ current ~ ' or ' ~ valid_to ~ ' is null)' if current else valid_to ~ ' is null' }}
{%- endmacro %}

{% macro snapshot_staging_table(strategy, source_sql, target_relation) -%}
    {{ return(adapter.dispatch('snapshot_staging_table', 'dbt')(strategy, source_sql, target_relation)) }}
{%- endmacro %}

{#- What to do to the table, a row for each change: insert a version, or end one. -#}
{% macro default__snapshot_staging_table(strategy, source_sql, target_relation) -%}
    {%- set columns = get_snapshot_table_column_names() -%}
    {%- set key = strategy.unique_key -%}
    {%- set ends = strategy.hard_deletes in ('invalidate', 'new_record') -%}
    {%- set marks = strategy.hard_deletes == 'new_record' -%}
    {%- set is_marked = 'snapshotted_data.' ~ columns.dbt_is_deleted ~ " = 'True'" -%}
    {%- set has_changed -%}
        ({{ strategy.row_changed }}{{ ' or ' ~ is_marked if marks }})
    {%- endset -%}
    with snapshot_query as (
{{ source_sql }}
    ),

    snapshotted_data as (
        select kept.*, {{ unique_key_fields(key) }}
        from {{ target_relation }} as kept
        where {{ _snapshot_is_current('kept') }}
    ),

    insertions_source_data as (
        select
            *,
            {{ unique_key_fields(key) }},
            {{ strategy.updated_at }} as {{ columns.dbt_updated_at }},
            {{ strategy.updated_at }} as {{ columns.dbt_valid_from }},
            {{ get_dbt_valid_to_current(strategy, columns) }},
            {{ strategy.scd_id }} as {{ columns.dbt_scd_id }}
        from snapshot_query
    ),

    updates_source_data as (
        select
            *,
            {{ unique_key_fields(key) }},
            {{ strategy.updated_at }} as {{ columns.dbt_updated_at }},
            {{ strategy.updated_at }} as {{ columns.dbt_valid_from }},
            {{ strategy.updated_at }} as {{ columns.dbt_valid_to }}
        from snapshot_query
    ),

    insertions as (
        select
            'insert' as dbt_change_type,
            source_data.*
            {%- if marks %},
            'False' as {{ columns.dbt_is_deleted }}
            {%- endif %}
        from insertions_source_data as source_data
        left join snapshotted_data
            on {{ unique_key_join_on(key, 'snapshotted_data', 'source_data') }}
        where {{ unique_key_is_null(key, 'snapshotted_data') }} or {{ has_changed }}
    ),

    updates as (
        select
            'update' as dbt_change_type,
            source_data.*,
            snapshotted_data.{{ columns.dbt_scd_id }}
            {%- if marks %},
            snapshotted_data.{{ columns.dbt_is_deleted }}
            {%- endif %}
        from updates_source_data as source_data
        join snapshotted_data
            on {{ unique_key_join_on(key, 'snapshotted_data', 'source_data') }}
        where {{ has_changed }}
    )
    {%- if ends %},

    deletes_source_data as (
        select *, {{ unique_key_fields(key) }}
        from snapshot_query
    ),

    deletes as (
        select
            'delete' as dbt_change_type,
            source_data.*,
            {{ snapshot_get_time() }} as {{ columns.dbt_updated_at }},
            {{ snapshot_get_time() }} as {{ columns.dbt_valid_from }},
            {{ snapshot_get_time() }} as {{ columns.dbt_valid_to }},
            snapshotted_data.{{ columns.dbt_scd_id }}
            {%- if marks %},
            snapshotted_data.{{ columns.dbt_is_deleted }}
            {%- endif %}
        from snapshotted_data
        left join deletes_source_data as source_data
            on {{ unique_key_join_on(key, 'snapshotted_data', 'source_data') }}
        where {{ unique_key_is_null(key, 'source_data') }}
        {%- if marks %}
            and not ({{ is_marked }})
        {%- endif %}
    )
    {%- endif %}
    {%- if marks %},
    {%- set kept = get_columns_in_relation(target_relation) | map(attribute='name') | list %}

    deletion_records as (
        select
            'insert' as dbt_change_type,
            {%- for name in _snapshot_query_columns(source_sql) %}
            {{ 'snapshotted_data' if name in kept else 'source_data' }}.{{ adapter.quote(name) }},
            {%- endfor %}
            {%- for name in _snapshot_key_names(key) %}
            snapshotted_data.{{ name }},
            {%- endfor %}
            {{ snapshot_get_time() }} as {{ columns.dbt_updated_at }},
            {{ snapshot_get_time() }} as {{ columns.dbt_valid_from }},
            snapshotted_data.{{ columns.dbt_valid_to }},
            {{ snapshot_hash_arguments(['snapshotted_data.' ~ columns.dbt_scd_id, snapshot_get_time()]) }} as {{ columns.dbt_scd_id }},
            'True' as {{ columns.dbt_is_deleted }}
        from snapshotted_data
        left join deletes_source_data as source_data
            on {{ unique_key_join_on(key, 'snapshotted_data', 'source_data') }}
        where {{ unique_key_is_null(key, 'source_data') }}
            and not ({{ is_marked }})
    )
    {%- endif %}

    select * from insertions
    union all
    select * from updates
    {%- if ends %}
    union all
    select * from deletes
    {%- endif %}
    {%- if marks %}
    union all
    select * from deletion_records
    {%- endif %}
{%- endmacro %}

{#- What a project may replace. Headrace itself makes the table under a name of its own. -#}
{% macro build_snapshot_staging_table(strategy, sql, target_relation) -%}
    {%- set staging = make_temp_relation(target_relation).include(database=false, schema=false) -%}
    {%- do run_query(create_table_as(true, staging, snapshot_staging_table(strategy, sql, target_relation))) -%}
    {{ return(staging) }}
{%- endmacro %}

{% macro create_columns(relation, columns) -%}
    {{ return(adapter.dispatch('create_columns', 'dbt')(relation, columns)) }}
{%- endmacro %}

{% macro default__create_columns(relation, columns) -%}
    {%- do alter_relation_add_remove_columns(relation, columns) if columns -%}
{%- endmacro %}

{% macro snapshot_merge_sql(target, source, insert_cols) -%}
    {{ return(adapter.dispatch('snapshot_merge_sql', 'dbt')(target, source, insert_cols)) }}
{%- endmacro %}

{#- Two statements rather than MERGE, which PostgreSQL has from 15 on, and SQLite not at all. -#}
{% macro default__snapshot_merge_sql(target, source, insert_cols) -%}
    {%- set columns = get_snapshot_table_column_names() -%}
    update {{ target }} as DBT_INTERNAL_DEST
    set {{ columns.dbt_valid_to }} = DBT_INTERNAL_SOURCE.{{ columns.dbt_valid_to }}
    from {{ source }} as DBT_INTERNAL_SOURCE
    where DBT_INTERNAL_SOURCE.{{ columns.dbt_scd_id }} = DBT_INTERNAL_DEST.{{ columns.dbt_scd_id }}
        and DBT_INTERNAL_SOURCE.dbt_change_type in ('update', 'delete')
        and {{ _snapshot_is_current('DBT_INTERNAL_DEST') }};

    insert into {{ target }} ({{ insert_cols | join(', ') }})
    select
    {%- for column in insert_cols %}
        DBT_INTERNAL_SOURCE.{{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
    from {{ source }} as DBT_INTERNAL_SOURCE
    where DBT_INTERNAL_SOURCE.dbt_change_type = 'insert'
{%- endmacro %}

{% macro post_snapshot(staging_relation) -%}
    {{ return(adapter.dispatch('post_snapshot', 'dbt')(staging_relation)) }}
{%- endmacro %}

{% macro default__post_snapshot(staging_relation) -%}
{%- endmacro %}
