{#- The cross-database macros in PostgreSQL's words. -#}

{% macro postgres__any_value(expression) -%} min({{ expression }}) {%- endmacro %}

{% macro postgres__equals(expr1, expr2) -%} ({{ expr1 }} is not distinct from {{ expr2 }}) {%- endmacro %}

{% macro postgres__current_timestamp_backcompat() -%} current_timestamp::{{ type_timestamp() }} {%- endmacro %}

{% macro postgres__current_timestamp_in_utc_backcompat() -%}
  (current_timestamp at time zone 'utc')::{{ type_timestamp() }}
{%- endmacro %}

{% macro postgres__dateadd(datepart, interval, from_date_or_timestamp) -%}
  {{ from_date_or_timestamp }} + ((interval '1 {{ datepart }}') * ({{ interval }}))
{%- endmacro %}

{#- How many times a new year, month, hour… began between the two. -#}
{% macro postgres__datediff(first_date, second_date, datepart) -%}
  {%- set datepart = datepart | lower -%}
  {%- set first, second = '(' ~ first_date ~ ')', '(' ~ second_date ~ ')' -%}
  {%- if datepart == 'day' -%}
    ({{ second }}::date - {{ first }}::date)
  {%- elif datepart == 'week' -%}
    ({{ postgres__datediff(first_date, second_date, 'day') }} / 7
      + case when date_part('dow', {{ first }}::timestamp) <= date_part('dow', {{ second }}::timestamp)
        then case when {{ first }} <= {{ second }} then 0 else -1 end
        else case when {{ first }} <= {{ second }} then 1 else 0 end
      end)
  {%- else -%}
    {%- set steps = {
      'year': (none, 0), 'quarter': ('year', 4), 'month': ('year', 12),
      'hour': ('day', 24), 'minute': ('hour', 60), 'second': ('minute', 60),
      'millisecond': ('minute', 60000), 'microsecond': ('minute', 60000000),
    } -%}
    {%- if datepart not in steps -%}
      {{ exceptions.raise_compiler_error("datediff: there is no part of a date called '" ~ datepart ~ "'.") }}
    {%- endif -%}
    {%- set wider, count = steps[datepart] -%}
    {%- set kind = 'date' if datepart in ('year', 'quarter', 'month') else 'timestamp' -%}
    {#- Only what is no longer than a second has a fraction here. -#}
    {%- set open, close = ('floor(', ')') if datepart.endswith('second') else ('', '') -%}
    ({{ postgres__datediff(first_date, second_date, wider) ~ ' * ' ~ count ~ ' + ' if wider }}
      {{ open }}date_part('{{ datepart }}', {{ second }}::{{ kind }}){{ close }} - {{ open }}date_part('{{ datepart }}', {{ first }}::{{ kind }}){{ close }})
  {%- endif -%}
{%- endmacro %}

{#- A quarter is no unit of an interval here. -#}
{% macro postgres__last_day(date, datepart) -%}
  {%- if datepart == 'quarter' -%}
    cast({{ dateadd('day', '-1', dateadd('month', '3', date_trunc('quarter', date))) }} as date)
  {%- else -%}
    {{ default_last_day(date, datepart) }}
  {%- endif -%}
{%- endmacro %}

{#- The type is dbt's, which makes the numbers by `power`. -#}
{% macro postgres__generate_series(upper_bound) -%}
  {{ default__generate_series(upper_bound, 'cast(1 as double precision)') }}
{%- endmacro %}

{% macro postgres__listagg(measure, delimiter_text, order_by_clause, limit_num) -%}
  {%- if limit_num -%}
    array_to_string((array_agg({{ measure }} {{ order_by_clause or '' }}))[1:{{ limit_num }}], {{ delimiter_text }})
  {%- else -%}
    string_agg({{ measure }}, {{ delimiter_text }} {{ order_by_clause or '' }})
  {%- endif -%}
{%- endmacro %}
