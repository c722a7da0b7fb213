{# How a snapshot knows a row, its times, and whether it has changed.

   A strategy is a mapping: unique_key, updated_at (when a row that arrives came to be as it is),
   row_changed (whether a row differs from its current one), scd_id (a version's own id), and
   hard_deletes. #}

{# ---- Time, truth and digests, as the database spells them ---- #}

{% macro snapshot_get_time() -%}
    {{ return(adapter.dispatch('snapshot_get_time', 'dbt')()) }}
{%- endmacro %}

{% macro default__snapshot_get_time() -%}
    {{ return(adapter.dispatch('current_timestamp', 'dbt')()) }}
{%- endmacro %}

{% macro postgres__snapshot_get_time() -%}
    {{ adapter.dispatch('current_timestamp', 'dbt')() }}::timestamp without time zone
{%- endmacro %}

{% macro snapshot_string_as_time(timestamp) -%}
    {{ return(adapter.dispatch('snapshot_string_as_time', 'dbt')(timestamp)) }}
{%- endmacro %}

{% macro default__snapshot_string_as_time(timestamp) -%}
    {% do exceptions.raise_not_implemented(
        'there is no macro snapshot_string_as_time for the adapter ' ~ adapter.type()
    ) %}
{%- endmacro %}

{% macro postgres__snapshot_string_as_time(timestamp) -%}
    {{ return("'" ~ timestamp ~ "'::timestamp without time zone") }}
{%- endmacro %}

{% macro sqlite__snapshot_string_as_time(timestamp) -%}
    {{ return("'" ~ timestamp ~ "'") }}
{%- endmacro %}

{% macro get_true_sql() -%}
    {{ return(adapter.dispatch('get_true_sql', 'dbt')()) }}
{%- endmacro %}

{% macro default__get_true_sql() -%}
    {{ return('true') }}
{%- endmacro %}

{% macro snapshot_hash_arguments(args) -%}
    {{ return(adapter.dispatch('snapshot_hash_arguments', 'dbt')(args)) }}
{%- endmacro %}

{#- The text that is digested is the one that dbt digests: a table that one has begun is carried
    on by the other. -#}
{% macro default__snapshot_hash_arguments(args) -%}
    md5(
    {%- for arg in args -%}
        {{ " || '|' || " if not loop.first }}coalesce(cast({{ arg }} as varchar), '')
    {%- endfor -%}
    )
{%- endmacro %}

{# ---- Keys: a column or an expression, or a list of them ---- #}

{% macro unique_key_fields(unique_key) -%}
    {%- for name in _snapshot_key_names(unique_key) -%}
        {{ ', ' if not loop.first }}{{ unique_key if unique_key is string else unique_key[loop.index0] }} as {{ name }}
    {%- endfor -%}
{%- endmacro %}

{% macro unique_key_join_on(unique_key, identifier, from_identifier) -%}
    {%- for name in _snapshot_key_names(unique_key) -%}
        {{ ' and ' if not loop.first }}{{ identifier }}.{{ name }} = {{ from_identifier }}.{{ name }}
    {%- endfor -%}
{%- endmacro %}

{#- The first part of a key says it: it is asked of a row that found its partner by all of them. -#}
{% macro unique_key_is_null(unique_key, identifier) -%}
    {{ identifier }}.{{ _snapshot_key_names(unique_key)[0] }} is null
{%- endmacro %}

{% macro unique_key_is_not_null(unique_key, identifier) -%}
    {{ identifier }}.{{ _snapshot_key_names(unique_key)[0] }} is not null
{%- endmacro %}

{% macro _snapshot_key_names(unique_key) -%}
    {%- if unique_key is string -%}
        {{ return(['dbt_unique_key']) }}
    {%- endif -%}
    {%- set names = [] -%}
    {%- for key in unique_key -%}
        {%- do names.append('dbt_unique_key_' ~ loop.index) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}

{#- The keys that don't stand for one row each: a few of those that are NULL somewhere, of those that
    stand for several rows, and of those that are to get several versions at once. Each with how many
    such keys and rows there are. `staging` is a table that says what is to be done, or none. -#}
{% macro snapshot_unusable_keys(unique_key, sql, staging=none) -%}
    {%- set names = _snapshot_key_names(unique_key) -%}
    {%- set listed = names | join(', ') -%}
    {%- set lacks -%}
        {% for name in names %}{{ ' or ' if not loop.first }}{{ name }} is null{% endfor %}
    {%- endset -%}
    select {{ listed }}, problem, row_count, key_count, total
    from (
        select
            {{ listed }}, problem, row_count,
            count(*) over (partition by problem) as key_count,
            sum(row_count) over (partition by problem) as total,
            row_number() over (
                partition by problem
                order by row_count desc
                {%- for name in names %}, cast({{ name }} as varchar){% endfor %}
            ) as place
        from (
            select
                {{ listed }}, count(*) as row_count,
                case when {{ lacks }} then 'lacking' else 'repeated' end as problem
            from (
                select {{ unique_key_fields(unique_key) }}
                from (
{{ sql }}
                ) as arriving
            ) as keys
            group by {{ listed }}
            having count(*) > 1 or {{ lacks }}
            {%- if staging %}
            union all
            select {{ listed }}, count(*), 'added'
            from {{ staging }}
            where dbt_change_type = 'insert' and not ({{ lacks }})
            group by {{ listed }}
            having count(*) > 1
            {%- endif %}
        ) as unusable
    ) as numbered
    where place <= 3
    order by problem, place
{%- endmacro %}

{# ---- Strategies ---- #}

{% macro strategy_dispatch(name) -%}
    {%- set package, _, bare = name.rpartition('.') -%}
    {%- if package and package not in context -%}
        {% do exceptions.raise_compiler_error(
            "Could not find package '" ~ package ~ "', called with '" ~ name ~ "'"
        ) %}
    {%- endif -%}
    {%- set found = (context[package] if package else context).get(
        'snapshot_' ~ bare ~ '_strategy'
    ) -%}
    {%- if not found -%}
        {% do exceptions.raise_compiler_error(
            "The specified strategy macro '" ~ bare ~ "' was not found"
            ~ (" in package '" ~ package ~ "'" if package else '')
            ~ ": there are 'timestamp' and 'check', and a macro snapshot_" ~ bare
            ~ "_strategy would be a strategy of your own."
        ) %}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}

{% macro snapshot_timestamp_strategy(node, snapshotted_rel, current_rel, model_config, target_exists) -%}
    {#- Compared is when the current version began: a table that was begun by another strategy
        needn't have the column of updated_at. -#}
    {%- set columns = get_snapshot_table_column_names() -%}
    {%- set updated_at = config.get('updated_at') -%}
    {{ return(_snapshot_strategy(
        updated_at,
        '(' ~ snapshotted_rel ~ '.' ~ columns.dbt_valid_from ~ ' < ' ~ current_rel ~ '.' ~ updated_at ~ ')',
    )) }}
{%- endmacro %}

{% macro snapshot_check_strategy(node, snapshotted_rel, current_rel, model_config, target_exists) -%}
    {%- set column_added, names = snapshot_check_all_get_existing_columns(
        node, target_exists, config.get('check_cols')
    ) -%}
    {%- set changes = [] -%}
    {%- if column_added -%}
        {%- do changes.append(get_true_sql()) -%}
    {%- else -%}
        {%- for name in names -%}
            {%- set before, now = snapshotted_rel ~ '.' ~ name, current_rel ~ '.' ~ name -%}
            {%- do changes.append(
                before ~ ' != ' ~ now
                ~ ' or (' ~ before ~ ' is null and ' ~ now ~ ' is not null)'
                ~ ' or (' ~ before ~ ' is not null and ' ~ now ~ ' is null)'
            ) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(_snapshot_strategy(
        config.get('updated_at') or snapshot_get_time(),
        '(' ~ (changes | join('\n        or ') or 'not ' ~ get_true_sql()) ~ ')',
    )) }}
{%- endmacro %}

{% macro _snapshot_strategy(updated_at, row_changed) -%}
    {%- set unique_key = config.get('unique_key') -%}
    {%- set hard_deletes = adapter.get_hard_deletes_behavior(config) -%}
    {{ return({
        'unique_key': unique_key,
        'updated_at': updated_at,
        'row_changed': row_changed,
        'scd_id': snapshot_hash_arguments(api.Relation.scd_args(unique_key, updated_at)),
        'invalidate_hard_deletes': hard_deletes == 'invalidate',
        'hard_deletes': hard_deletes,
    }) }}
{%- endmacro %}

{#- Whether the query has a column to compare that the table hasn't, and those that both have. -#}
{% macro snapshot_check_all_get_existing_columns(node, target_exists, check_cols_config) -%}
    {%- if not target_exists -%}
        {{ return((false, [])) }}
    {%- endif -%}
    {%- set code = node['compiled_code'] -%}
    {%- set names = _snapshot_query_columns(code) -%}
    {%- if check_cols_config != 'all' -%}
        {#- The database says which columns these are. SQLite repeats their spelling. -#}
        {%- set spelt = _snapshot_query_columns(
            'select ' ~ check_cols_config | join(', ') ~ ' from (\n' ~ code ~ '\n) as compared'
        ) -%}
        {%- set by_lower = dict(zip(names | map('lower'), names)) -%}
        {%- set checked = [] -%}
        {%- for name in spelt -%}
            {%- do checked.append(name if name in names else by_lower.get(name | lower, name)) -%}
        {%- endfor -%}
        {%- set names = checked -%}
    {%- endif -%}
    {%- set existing = get_columns_in_relation(
        adapter.get_relation(node.database, node.schema, node.alias)
    ) | map(attribute='name') | list -%}
    {%- set added, both = [], [] -%}
    {%- for name in names -%}
        {%- do (both if name in existing else added).append(adapter.quote(name)) -%}
    {%- endfor -%}
    {{ return((added | length > 0, both)) }}
{%- endmacro %}

{% macro _snapshot_query_columns(code) -%}
    {%- set empty = run_query('select * from (\n' ~ code ~ '\n) as described where 1 = 0') -%}
    {{ return(empty.column_names | list) }}
{%- endmacro %}

{# ---- Times of one type ---- #}

{#- A snapshot has times of its rows and times of its runs in one column: best they are alike. -#}
{% macro check_time_data_types(sql) -%}
    {%- if config.get('updated_at') -%}
        {%- set of_rows = get_updated_at_column_data_type(sql) -%}
        {%- set of_runs = get_snapshot_get_time_data_type() -%}
        {%- if of_rows and of_runs and of_rows != of_runs -%}
            {%- do exceptions.warn_snapshot_timestamp_data_types(of_runs, of_rows) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{% macro get_updated_at_column_data_type(snapshot_sql) -%}
    {{ return(adapter.dispatch('get_updated_at_column_data_type', 'dbt')(snapshot_sql)) }}
{%- endmacro %}

{#- None: the database doesn't hold a column's values to a type, or can't be asked. -#}
{% macro default__get_updated_at_column_data_type(snapshot_sql) -%}
    {{ return(none) }}
{%- endmacro %}

{#- Of no row at all PostgreSQL tells the type, without running the query. -#}
{% macro postgres__get_updated_at_column_data_type(snapshot_sql) -%}
    {%- set found = run_query(
        'select pg_typeof(arriving.' ~ get_snapshot_table_column_names().dbt_updated_at ~ ')::text'
        ~ ' from (select 1) as always left join (select * from (\n' ~ snapshot_sql
        ~ '\n) as described limit 0) as arriving on true'
    ) -%}
    {{ return(found.rows[0][0]) }}
{%- endmacro %}

{% macro get_snapshot_get_time_data_type() -%}
    {{ return(adapter.dispatch('get_snapshot_get_time_data_type', 'dbt')()) }}
{%- endmacro %}

{% macro default__get_snapshot_get_time_data_type() -%}
    {{ return(none) }}
{%- endmacro %}

{% macro postgres__get_snapshot_get_time_data_type() -%}
    {%- set found = run_query('select pg_typeof(' ~ snapshot_get_time() ~ ')::text') -%}
    {{ return(found.rows[0][0]) }}
{%- endmacro %}
