{% macro acme__create_table_as(temporary, relation, sql) -%}
  create {% if temporary %}temporary {% endif %}table {{ relation.include(schema=not temporary) }} as
  {{ sql }}
{%- endmacro %}

{% macro acme__create_view_as(relation, sql) -%}
  create view {{ relation }} as
  {{ sql }}
{%- endmacro %}

{% macro acme__current_timestamp() -%} strftime('%Y-%m-%d %H:%M:%f', 'now') {%- endmacro %}

{% macro acme__right(string_text, length_expression) -%}
  substr({{ string_text }}, -({{ length_expression }}))
{%- endmacro %}

{% macro acme__position(substring_text, string_text) -%}
  instr({{ string_text }}, {{ substring_text }})
{%- endmacro %}
