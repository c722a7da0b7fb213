{#- The query that `show` runs: a node's SQL, with no more rows than were asked for. -#}
{% macro get_show_sql(compiled_code, sql_header, limit) -%}
  {%- if sql_header %}{{ sql_header }}{% endif %}
  {{ get_limit_subquery_sql(compiled_code, limit) }}
{%- endmacro %}


{% macro get_limit_subquery_sql(sql, limit) -%}
  {{ adapter.dispatch('get_limit_sql', 'dbt')(sql, limit) }}
{%- endmacro %}


{#- What has a limit of its own already is put into a subquery: a second one would be an error. -#}
{% macro default__get_limit_sql(sql, limit) -%}
  {%- if limit is none -%}
  {{ sql }}
  {%- elif modules.re.search('(?i)\\blimit\\b[^()]*$', sql) -%}
  select * from (
  {{ sql }}
  ) as limited
  limit {{ limit }}
  {%- else -%}
  {{ sql }}
  limit {{ limit }}
  {%- endif -%}
{%- endmacro %}
