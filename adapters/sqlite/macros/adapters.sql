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
