{#- What SQLite says in its own way. The names and arguments are dbt's. -#}

{% macro sqlite__create_table_as(temporary, relation, sql) -%}
  {{ config.get('sql_header', '') }}
  create {% if temporary %}temporary {% endif %}table {{ relation.include(schema=not temporary) }} as
  {{ sql }}
{%- endmacro %}


{% macro sqlite__create_view_as(relation, sql) -%}
  {{ config.get('sql_header', '') }}
  create view {{ relation }} as
  {{ sql }}
{%- endmacro %}


{#- DELETE has no USING; keys of several columns are compared as rows. -#}
{% macro sqlite__get_delete_insert_merge_sql(target, source, unique_key, dest_columns, incremental_predicates=none) -%}
  {%- set keys = [] if not unique_key else [unique_key] if unique_key is string else unique_key -%}
  {%- set columns = dest_columns | map(attribute='quoted') | join(', ') -%}
  {%- if keys -%}
  delete from {{ target }}
  where ({{ keys | join(', ') }}) in (select {{ keys | join(', ') }} from {{ source }})
  {%- for predicate in incremental_predicates or [] %}
    and {{ predicate }}
  {%- endfor %};
  {% endif -%}
  insert into {{ target }} ({{ columns }})
  select {{ columns }} from {{ source }}
{%- endmacro %}


{% macro sqlite__current_timestamp() -%}
  strftime('%Y-%m-%d %H:%M:%f', 'now')
{%- endmacro %}


{% macro sqlite__type_string() %}text{% endmacro %}
{% macro sqlite__type_timestamp() %}text{% endmacro %}
{% macro sqlite__type_float() %}real{% endmacro %}
{% macro sqlite__type_numeric() %}numeric{% endmacro %}
{% macro sqlite__type_int() %}integer{% endmacro %}
{% macro sqlite__type_bigint() %}integer{% endmacro %}
{% macro sqlite__type_boolean() %}integer{% endmacro %}
