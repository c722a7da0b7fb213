{#- What PostgreSQL says in its own way. The names and arguments are dbt's. -#}

{% macro postgres__create_table_as(temporary, relation, sql) -%}
  {{ config.get('sql_header', '') }}
  create {% if temporary %}temporary {% elif config.get('unlogged', false) %}unlogged {% endif %}table
  {{ relation.include(database=false, schema=not temporary) }} as (
{{ sql }}
  )
{%- endmacro %}


{#- Drops what a relation is, and never what depends on it. -#}
{% macro postgres__get_drop_sql(relation) -%}
  drop {{ 'materialized view' if relation.is_materialized_view else 'view' if relation.is_view else 'table' }}
  if exists {{ relation }}
{%- endmacro %}


{% macro postgres__current_timestamp() -%}
  now()
{%- endmacro %}


{#- A view that is there already is given new text where its columns allow it. -#}
{% macro postgres__create_view_as(relation, sql) -%}
  {{ config.get('sql_header', '') }}
  create or replace view {{ relation }} as (
{{ sql }}
  )
{%- endmacro %}
