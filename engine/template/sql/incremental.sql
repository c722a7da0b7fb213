{# Adding to a table that is there already. #}

{% macro is_incremental() -%}
    {%- if not execute -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set existing = load_cached_relation(this) -%}
    {{ return(
        existing is not none
        and existing.is_table
        and config.get('materialized') == 'incremental'
        and not should_full_refresh()
    ) }}
{%- endmacro %}

{% macro get_quoted_csv(column_names) -%}
    {%- set quoted = [] -%}
    {%- for name in column_names -%}
        {%- do quoted.append(adapter.quote(name)) -%}
    {%- endfor -%}
    {{ return(quoted | join(', ')) }}
{%- endmacro %}

{% macro get_incremental_append_sql(arg_dict) -%}
    {{ return(adapter.dispatch('get_incremental_append_sql', 'dbt')(arg_dict)) }}
{%- endmacro %}

{% macro default__get_incremental_append_sql(arg_dict) -%}
    {{ return(get_insert_into_sql(
        arg_dict['target_relation'], arg_dict['temp_relation'], arg_dict['dest_columns']
    )) }}
{%- endmacro %}

{% macro get_insert_into_sql(target_relation, temp_relation, dest_columns) -%}
    {#- A column without its relation's name would be a text where the database finds no such
        column and takes double quotes for single ones, as SQLite does. -#}
    insert into {{ target_relation }} ({{ get_quoted_csv(dest_columns | map(attribute='name')) }})
    select
    {%- for column in dest_columns %}
        arriving.{{ adapter.quote(column.name) }}{{ ',' if not loop.last }}
    {%- endfor %}
    from {{ temp_relation }} as arriving
{%- endmacro %}

{% macro get_incremental_delete_insert_sql(arg_dict) -%}
    {{ return(adapter.dispatch('get_incremental_delete_insert_sql', 'dbt')(arg_dict)) }}
{%- endmacro %}

{% macro default__get_incremental_delete_insert_sql(arg_dict) -%}
    {{ return(get_delete_insert_merge_sql(
        arg_dict['target_relation'],
        arg_dict['temp_relation'],
        arg_dict['unique_key'],
        arg_dict['dest_columns'],
        arg_dict['incremental_predicates'],
    )) }}
{%- endmacro %}

{% macro get_delete_insert_merge_sql(target, source, unique_key, dest_columns, incremental_predicates=none) -%}
    {{ return(adapter.dispatch('get_delete_insert_merge_sql', 'dbt')(
        target, source, unique_key, dest_columns, incremental_predicates
    )) }}
{%- endmacro %}

{% macro default__get_delete_insert_merge_sql(target, source, unique_key, dest_columns, incremental_predicates=none) -%}
    {%- set keys = ([unique_key] if unique_key is string else unique_key or []) | select | list -%}
    {%- if keys %}
    delete from {{ target }} as DBT_INTERNAL_DEST
    where {{ _same_key(keys, source) }}
        {%- for predicate in incremental_predicates or [] %}
        and {{ predicate }}
        {%- endfor %};
    {{ _delete_keys_with_null(target, source, keys, incremental_predicates or []) }}
    {%- endif %}
    {{ get_insert_into_sql(target, source, dest_columns) }}
{%- endmacro %}

{#- NULL is a value of a key like any other: a row with it gives way to the one that arrives, and
    doesn't come again with each run. A statement of its own, which looks at the table only where
    such rows arrive: the usual one is compared by `=`, for which there are indexes and hashes. -#}
{% macro _delete_keys_with_null(target, source, keys, predicates) -%}
    {%- if keys | length == 1 or _are_names(keys) | trim %}
    delete from {{ target }} as DBT_INTERNAL_DEST
    where exists (
            select 1 from {{ source }} where {{ _has_null(keys, '') }}
        )
        and ({{ _has_null(keys, 'DBT_INTERNAL_DEST.' if _are_names(keys) | trim else '') }})
        {%- if keys | length > 1 %}
        and exists (
            select 1 from {{ source }} as DBT_INTERNAL_SOURCE
            where {{ _same_key_or_null(keys) }}
        )
        {%- endif %}
        {%- for predicate in predicates %}
        and {{ predicate }}
        {%- endfor %};
    {%- endif %}
{%- endmacro %}

{% macro _has_null(keys, prefix) -%}
    {%- for key in keys -%}
        {{ ' or ' if not loop.first }}{{ prefix }}{{ key if prefix else '(' ~ key ~ ')' }} is null
    {%- endfor -%}
{%- endmacro %}

{% macro _same_key_or_null(keys) -%}
    {%- for key in keys -%}
        {{ ' and ' if not loop.first -}}
        (DBT_INTERNAL_SOURCE.{{ key }} = DBT_INTERNAL_DEST.{{ key }}
            or (DBT_INTERNAL_SOURCE.{{ key }} is null and DBT_INTERNAL_DEST.{{ key }} is null))
    {%- endfor -%}
{%- endmacro %}

{#- Whether all keys are names of columns: `yes`, or nothing. -#}
{% macro _are_names(keys) -%}
    {%- set expressions = [] -%}
    {%- for key in keys if not modules.re.match('^("([^"]|"")+"|[A-Za-z_][A-Za-z0-9_$]*)$', key) -%}
        {%- do expressions.append(key) -%}
    {%- endfor -%}
    {{ '' if expressions else 'yes' }}
{%- endmacro %}

{#- A name is told to be the arriving row's: a database would take one that isn't there for the
    table's own, and so for a key that every row has. An expression is compared as it is. -#}
{% macro _same_key(keys, source) -%}
    {%- if not _are_names(keys) | trim -%}
    ({{ keys | join(', ') }}) in (
        select {{ keys | join(', ') }} from {{ source }} as DBT_INTERNAL_SOURCE
    )
    {%- else -%}
    exists (
        select 1 from {{ source }} as DBT_INTERNAL_SOURCE
        where
        {%- for key in keys %}
            {{ 'and ' if not loop.first }}DBT_INTERNAL_SOURCE.{{ key }} = DBT_INTERNAL_DEST.{{ key }}
        {%- endfor %}
    )
    {%- endif -%}
{%- endmacro %}

{% macro get_incremental_default_sql(arg_dict) -%}
    {{ return(adapter.dispatch('get_incremental_default_sql', 'dbt')(arg_dict)) }}
{%- endmacro %}

{% macro default__get_incremental_default_sql(arg_dict) -%}
    {%- if arg_dict['unique_key'] -%}
        {{ return(get_incremental_delete_insert_sql(arg_dict)) }}
    {%- endif -%}
    {{ return(get_incremental_append_sql(arg_dict)) }}
{%- endmacro %}

{% macro get_incremental_merge_sql(arg_dict) -%}
    {{ return(adapter.dispatch('get_incremental_merge_sql', 'dbt')(arg_dict)) }}
{%- endmacro %}

{% macro default__get_incremental_merge_sql(arg_dict) -%}
    {{ return(get_merge_sql(
        arg_dict['target_relation'],
        arg_dict['temp_relation'],
        arg_dict['unique_key'],
        arg_dict['dest_columns'],
        arg_dict['incremental_predicates'],
    )) }}
{%- endmacro %}

{% macro get_incremental_microbatch_sql(arg_dict) -%}
    {{ return(adapter.dispatch('get_incremental_microbatch_sql', 'dbt')(arg_dict)) }}
{%- endmacro %}

{#- Rows of a batch that was built before give way: those of the same keys, or else those of the
    same time. -#}
{% macro default__get_incremental_microbatch_sql(arg_dict) -%}
    {%- if arg_dict['unique_key'] -%}
        {{ return(get_incremental_delete_insert_sql(arg_dict)) }}
    {%- endif -%}
    delete from {{ arg_dict['target_relation'] }} where {{ arg_dict['batch_condition'] }};
    {{ get_insert_into_sql(
        arg_dict['target_relation'], arg_dict['temp_relation'], arg_dict['dest_columns']
    ) }}
{%- endmacro %}

{#- `predicates` is what the argument was called of old. -#}
{% macro get_merge_sql(target, source, unique_key, dest_columns, incremental_predicates=none) -%}
    {{ return(adapter.dispatch('get_merge_sql', 'dbt')(
        target, source, unique_key, dest_columns, kwargs.get('predicates', incremental_predicates)
    )) }}
{%- endmacro %}

{% macro get_merge_unique_key_match(source_unique_key, target_unique_key) -%}
    {{ return(adapter.dispatch('get_merge_unique_key_match', 'dbt')(source_unique_key, target_unique_key)) }}
{%- endmacro %}

{% macro default__get_merge_unique_key_match(source_unique_key, target_unique_key) -%}
    {{ return(equals(source_unique_key, target_unique_key) | trim) }}
{%- endmacro %}

{#- The two aliases are what a project's predicates call the table and the rows that arrive. -#}
{% macro default__get_merge_sql(target, source, unique_key, dest_columns, incremental_predicates=none) -%}
    {%- set keys = ([unique_key] if unique_key is string else unique_key or []) | select | list -%}
    {%- set conditions = (incremental_predicates or []) | list -%}
    {%- for key in keys -%}
        {%- set source_key, target_key = 'DBT_INTERNAL_SOURCE.' ~ key, 'DBT_INTERNAL_DEST.' ~ key -%}
        {%- do conditions.append(
            get_merge_unique_key_match(source_key, target_key) if keys | length == 1
            else source_key ~ ' = ' ~ target_key
        ) -%}
    {%- endfor -%}
    {%- if not keys -%}
        {%- do conditions.append('false') -%}
    {%- endif -%}
    {%- set updated = get_merge_update_columns(
        config.get('merge_update_columns'), config.get('merge_exclude_columns'), dest_columns
    ) -%}
    {%- set names = dest_columns | map(attribute='name') | list -%}
    {%- if keys -%}
    {#- Of rows with NULL in their key, which `=` finds none for: see above. -#}
    {{ _merge(
        target,
        '(select * from ' ~ source ~ ' where ' ~ _has_null(keys, '') ~ ')',
        (incremental_predicates or []) | list + [_same_key_or_null(keys)],
        updated, names
    ) }};
    {{ _merge(
        target,
        '(select * from ' ~ source ~ ' where not (' ~ _has_null(keys, '') ~ '))',
        conditions, updated, names
    ) }}
    {%- else -%}
    {{ _merge(target, source, conditions, [], names) }}
    {%- endif -%}
{%- endmacro %}

{% macro _merge(target, source, conditions, updated, names) -%}
    merge into {{ target }} as DBT_INTERNAL_DEST
    using {{ source }} as DBT_INTERNAL_SOURCE
    on ({{ conditions | join(') and (') }})
    {%- if updated %}
    when matched then update set
        {%- for column in updated %}
        {{ column }} = DBT_INTERNAL_SOURCE.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    {%- endif %}
    when not matched then insert ({{ get_quoted_csv(names) }})
    values (
        {%- for name in names %}
        DBT_INTERNAL_SOURCE.{{ adapter.quote(name) }}{{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{% macro get_merge_update_columns(merge_update_columns, merge_exclude_columns, dest_columns) -%}
    {{ return(adapter.dispatch('get_merge_update_columns', 'dbt')(
        merge_update_columns, merge_exclude_columns, dest_columns
    )) }}
{%- endmacro %}

{% macro default__get_merge_update_columns(merge_update_columns, merge_exclude_columns, dest_columns) -%}
    {%- if merge_update_columns and merge_exclude_columns -%}
        {{ exceptions.raise_compiler_error(
            'merge_update_columns and merge_exclude_columns are both there, and one of them says it all.'
        ) }}
    {%- endif -%}
    {%- if merge_update_columns is defined and merge_update_columns is not none -%}
        {{ return(merge_update_columns) }}
    {%- endif -%}
    {%- set left_out = (merge_exclude_columns or []) | map('lower') | list -%}
    {%- set columns = [] -%}
    {%- for column in dest_columns -%}
        {%- if column.name | lower not in left_out -%}
            {%- do columns.append(column.quoted) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}

{% macro get_incremental_insert_overwrite_sql(arg_dict) -%}
    {{ return(adapter.dispatch('get_incremental_insert_overwrite_sql', 'dbt')(arg_dict)) }}
{%- endmacro %}

{% macro default__get_incremental_insert_overwrite_sql(arg_dict) -%}
    {{ return(get_insert_overwrite_merge_sql(
        arg_dict['target_relation'],
        arg_dict['temp_relation'],
        arg_dict['dest_columns'],
        arg_dict['incremental_predicates'],
    )) }}
{%- endmacro %}

{% macro get_insert_overwrite_merge_sql(target, source, dest_columns, predicates, include_sql_header=false) -%}
    {{ return(adapter.dispatch('get_insert_overwrite_merge_sql', 'dbt')(
        target, source, dest_columns, predicates, include_sql_header
    )) }}
{%- endmacro %}

{#- All rows that the predicates name go, and those that arrive come. -#}
{% macro default__get_insert_overwrite_merge_sql(target, source, dest_columns, predicates, include_sql_header) -%}
    {%- set names = get_quoted_csv(dest_columns | map(attribute='name')) -%}
    {{ config.get('sql_header', '') if include_sql_header }}
    merge into {{ target }} as DBT_INTERNAL_DEST
    using {{ source }} as DBT_INTERNAL_SOURCE
    on false
    when not matched by source {{ 'and ' ~ predicates | join(' and ') if predicates }} then delete
    when not matched then insert ({{ names }}) values ({{ names }})
{%- endmacro %}
