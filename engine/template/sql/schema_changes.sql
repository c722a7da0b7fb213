{# What a project's own incremental materialization asks of the columns that arrive. #}

{% macro incremental_validate_on_schema_change(on_schema_change, default='ignore') -%}
    {%- set policies = ['ignore', 'append_new_columns', 'sync_all_columns', 'fail'] -%}
    {{ return(on_schema_change if on_schema_change in policies else default) }}
{%- endmacro %}

{#- The columns of the first that the second hasn't. -#}
{% macro diff_columns(source_columns, target_columns) -%}
    {%- set known = target_columns | map(attribute='name') | list -%}
    {%- set found = [] -%}
    {%- for column in source_columns if column.name not in known -%} {%- do found.append(column) -%} {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#- The columns of both that differ in type, and their types. -#}
{% macro diff_column_data_types(source_columns, target_columns) -%}
    {{ return(adapter.dispatch('diff_column_data_types', 'dbt')(source_columns, target_columns)) }}
{%- endmacro %}
{% macro default__diff_column_data_types(source_columns, target_columns) -%}
    {%- set found = [] -%}
    {%- for column in source_columns -%}
        {%- for target in target_columns if target.name == column.name and target.data_type != column.data_type
            and not column.can_expand_to(target) -%}
            {%- do found.append({'column_name': target.name, 'new_type': column.data_type}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{% macro check_for_schema_changes(source_relation, target_relation) -%}
    {{ return(adapter.dispatch('check_for_schema_changes', 'dbt')(source_relation, target_relation)) }}
{%- endmacro %}
{% macro default__check_for_schema_changes(source_relation, target_relation) -%}
    {%- set source_columns = adapter.get_columns_in_relation(source_relation) -%}
    {%- set target_columns = adapter.get_columns_in_relation(target_relation) -%}
    {%- set added = diff_columns(source_columns, target_columns) -%}
    {%- set removed = diff_columns(target_columns, source_columns) -%}
    {%- set retyped = diff_column_data_types(source_columns, target_columns) -%}
    {{ return({
        'schema_changed': (added or removed or retyped) | length > 0,
        'source_not_in_target': added,
        'target_not_in_source': removed,
        'source_columns': source_columns,
        'target_columns': target_columns,
        'new_target_types': retyped,
    }) }}
{%- endmacro %}

{% macro sync_column_schemas(on_schema_change, target_relation, schema_changes_dict) -%}
    {{ return(adapter.dispatch('sync_column_schemas', 'dbt')(on_schema_change, target_relation, schema_changes_dict)) }}
{%- endmacro %}
{% macro default__sync_column_schemas(on_schema_change, target_relation, schema_changes_dict) -%}
    {%- set added = schema_changes_dict['source_not_in_target'] -%}
    {%- if on_schema_change == 'append_new_columns' -%}
        {%- do alter_relation_add_remove_columns(target_relation, added, none) if added -%}
    {%- elif on_schema_change == 'sync_all_columns' -%}
        {%- set removed = schema_changes_dict['target_not_in_source'] -%}
        {%- do alter_relation_add_remove_columns(target_relation, added, removed) if added or removed -%}
        {%- for change in schema_changes_dict['new_target_types'] -%}
            {%- do alter_column_type(target_relation, change['column_name'], change['new_type']) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{#- Changes the table by the policy, and gives its columns; nothing where the policy is to ignore. -#}
{% macro process_schema_changes(on_schema_change, source_relation, target_relation) -%}
    {{ return(adapter.dispatch('process_schema_changes', 'dbt')(on_schema_change, source_relation, target_relation)) }}
{%- endmacro %}
{% macro default__process_schema_changes(on_schema_change, source_relation, target_relation) -%}
    {%- if on_schema_change == 'ignore' -%} {{ return({}) }} {%- endif -%}
    {%- set changes = check_for_schema_changes(source_relation, target_relation) -%}
    {%- if not changes['source_columns'] -%}
        {%- set message = 'Could not read any columns of ' ~ source_relation ~ ': a metadata failure, not a change of the query.' -%}
        {%- if on_schema_change in ['sync_all_columns', 'fail'] -%} {{ exceptions.raise_compiler_error(message) }} {%- endif -%}
        {%- do exceptions.warn(message) -%}
        {{ return(changes['target_columns']) }}
    {%- endif -%}
    {%- if changes['schema_changed'] and on_schema_change == 'fail' -%}
        {{ exceptions.raise_compiler_error(
            'The source and target schemas on this incremental model are out of sync! Columns that '
            ~ 'are new: ' ~ changes['source_not_in_target'] | map(attribute='name') | join(', ')
            ~ '; columns that are gone: ' ~ changes['target_not_in_source'] | map(attribute='name') | join(', ')
            ~ '. Run with --full-refresh, or choose another on_schema_change.'
        ) }}
    {%- endif -%}
    {%- do sync_column_schemas(on_schema_change, target_relation, changes) if changes['schema_changed'] -%}
    {{ return(changes['source_columns']) }}
{%- endmacro %}
