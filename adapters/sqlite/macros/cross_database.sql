{#- The cross-database macros in SQLite's words. Dates are texts in ISO's form, arrays are JSON. -#}

{% macro sqlite__any_value(expression) -%} min({{ expression }}) {%- endmacro %}

{% macro sqlite__bool_or(expression) -%} max({{ expression }}) {%- endmacro %}

{% macro sqlite__array_append(array, new_element) -%} json_insert({{ array }}, '$[#]', {{ new_element }}) {%- endmacro %}

{% macro sqlite__array_concat(array_1, array_2) -%}
  (select json_group_array(value) from (
    select value from json_each({{ array_1 }}) union all select value from json_each({{ array_2 }})
  ))
{%- endmacro %}

{% macro sqlite__array_construct(inputs, data_type) -%} json_array({{ inputs | join(', ') }}) {%- endmacro %}

{% macro sqlite__cast_bool_to_text(field) -%}
  case when {{ field }} then 'true' when not {{ field }} then 'false' end
{%- endmacro %}

{% macro sqlite__equals(expr1, expr2) -%} ({{ expr1 }} is {{ expr2 }}) {%- endmacro %}

{% macro sqlite__position(substring_text, string_text) -%} instr({{ string_text }}, {{ substring_text }}) {%- endmacro %}

{% macro sqlite__right(string_text, length_expression) -%}
  case when {{ length_expression }} > 0 then substr({{ string_text }}, -({{ length_expression }})) else '' end
{%- endmacro %}

{#- The text becomes a JSON array with a member for each part. What stands for the delimiter meanwhile
    is a character that no text may have (U+FDD0, https://www.unicode.org/faq/private_use.html). -#}
{% macro sqlite__split_part(string_text, delimiter_text, part_number) -%}
  {%- if part_number == 0 -%} {{ exceptions.raise_compiler_error('split_part: parts are counted from 1, or from -1 at the end.') }} {%- endif -%}
  {%- set place = '$[' ~ (part_number - 1) ~ ']' if part_number > 0 else '$[#' ~ part_number ~ ']' -%}
  case when {{ string_text }} is not null then coalesce(
    json_extract('[' || replace(
      json_quote(replace(cast({{ string_text }} as text), {{ delimiter_text }}, char(64976))), char(64976), '","'
    ) || ']', '{{ place }}'), ''
  ) end
{%- endmacro %}

{#- With an order or a limit it is an aggregate that headrace's connections have: it takes a key and
    whether that one descends, as often as the order has them. -#}
{% macro sqlite__listagg(measure, delimiter_text, order_by_clause, limit_num) -%}
  {%- if not order_by_clause and not limit_num -%}
    group_concat({{ measure }}, {{ delimiter_text }})
  {%- else -%}
    {%- set order = modules.re.sub('(?i)^\\s*order\\s+by\\s+', '', order_by_clause or '') | trim -%}
    headrace_listagg({{ measure }}, {{ delimiter_text }}, {{ limit_num or 'null' }}
    {%- for part in modules.re.split(',(?![^()]*\\))', order) if part -%}
      {%- set key = modules.re.match('(?is)\\s*(.*?)(?:\\s+(asc|desc))?\\s*$', part) -%}
      , {{ key.group(1) }}, {{ 1 if key.group(2) and key.group(2) | lower == 'desc' else 0 }}
    {%- endfor %})
  {%- endif -%}
{%- endmacro %}

{% macro sqlite__current_timestamp_backcompat() -%} {{ return(current_timestamp()) }} {%- endmacro %}

{% macro sqlite__date(year, month, day) -%}
  date('{{ modules.datetime.date(year, month, day).isoformat() }}')
{%- endmacro %}

{% macro sqlite__date_trunc(datepart, date) -%}
  {%- set datepart = datepart | lower -%}
  {%- if datepart in ('day', 'month', 'year') -%}
    datetime({{ date }}, 'start of {{ datepart }}')
  {%- elif datepart == 'quarter' -%}
    datetime({{ date }}, 'start of month', '-' || ((cast(strftime('%m', {{ date }}) as integer) - 1) % 3) || ' months')
  {%- elif datepart == 'week' -%}
    datetime({{ date }}, 'start of day', '-6 days', 'weekday 1')
  {%- elif datepart in ('hour', 'minute', 'second') -%}
    strftime('%Y-%m-%d {{ {'hour': '%H:00:00', 'minute': '%H:%M:00', 'second': '%H:%M:%S'}[datepart] }}', {{ date }})
  {%- else -%}
    {{ exceptions.raise_compiler_error("date_trunc: there is no part of a date called '" ~ datepart ~ "'.") }}
  {%- endif -%}
{%- endmacro %}

{#- A month is added as PostgreSQL does it: the 31st becomes the last day of a shorter month. -#}
{% macro sqlite__dateadd(datepart, interval, from_date_or_timestamp) -%}
  {%- set datepart = datepart | lower -%}
  {%- set date = from_date_or_timestamp -%}
  {%- set months = {'month': 1, 'quarter': 3, 'year': 12} -%}
  {%- set days = {'day': 1, 'week': 7} -%}
  {%- if datepart in months -%}
    {%- set month = "date(" ~ date ~ ", 'start of month', (" ~ months[datepart] ~ " * (" ~ interval ~ ")) || ' months')" -%}
    (date({{ month }}, (min(
        cast(strftime('%d', {{ date }}) as integer),
        cast(strftime('%d', {{ month }}, '+1 month', '-1 day') as integer)
      ) - 1) || ' days') || ' ' || time({{ date }}))
  {%- elif datepart in days -%}
    datetime({{ date }}, ({{ days[datepart] }} * ({{ interval }})) || ' days')
  {%- elif datepart in ('hour', 'minute', 'second') -%}
    datetime({{ date }}, ({{ interval }}) || ' {{ datepart }}s')
  {%- else -%}
    {{ exceptions.raise_compiler_error("dateadd: there is no part of a date called '" ~ datepart ~ "'.") }}
  {%- endif -%}
{%- endmacro %}

{#- How many times a new year, month, hour… began between the two. -#}
{% macro sqlite__datediff(first_date, second_date, datepart) -%}
  {%- set datepart = datepart | lower -%}
  {%- set steps = {
    'year': (none, 0, '%Y'), 'month': ('year', 12, '%m'), 'hour': ('day', 24, '%H'),
    'minute': ('hour', 60, '%M'), 'second': ('minute', 60, '%S'),
  } -%}
  {%- if datepart == 'day' -%}
    cast(julianday(date({{ second_date }})) - julianday(date({{ first_date }})) as integer)
  {%- elif datepart == 'week' -%}
    ({{ sqlite__datediff(first_date, second_date, 'day') }} / 7
      + case when strftime('%w', {{ first_date }}) <= strftime('%w', {{ second_date }})
        then case when datetime({{ first_date }}) <= datetime({{ second_date }}) then 0 else -1 end
        else case when datetime({{ first_date }}) <= datetime({{ second_date }}) then 1 else 0 end
      end)
  {%- elif datepart == 'quarter' -%}
    ({{ sqlite__datediff(first_date, second_date, 'year') }} * 4
      + (strftime('%m', {{ second_date }}) + 2) / 3 - (strftime('%m', {{ first_date }}) + 2) / 3)
  {%- elif datepart in ('millisecond', 'microsecond') -%}
    {%- set count = 1000 if datepart == 'millisecond' else 1000000 -%}
    ({{ sqlite__datediff(first_date, second_date, 'minute') }} * {{ 60 * count }}
      + cast(round(strftime('%f', {{ second_date }}) * {{ count }}) as integer)
      - cast(round(strftime('%f', {{ first_date }}) * {{ count }}) as integer))
  {%- elif datepart in steps -%}
    {%- set wider, count, form = steps[datepart] -%}
    ({{ sqlite__datediff(first_date, second_date, wider) ~ ' * ' ~ count ~ ' + ' if wider -}}
      cast(strftime('{{ form }}', {{ second_date }}) as integer) - cast(strftime('{{ form }}', {{ first_date }}) as integer))
  {%- else -%}
    {{ exceptions.raise_compiler_error("datediff: there is no part of a date called '" ~ datepart ~ "'.") }}
  {%- endif -%}
{%- endmacro %}

{% macro sqlite__last_day(date, datepart) -%}
  date({{ dateadd('day', '-1', dateadd(datepart, '1', date_trunc(datepart, date))) }})
{%- endmacro %}

{#- A cast to a type such as `date` would make 2024 of '2024-01-31'. So a value gets what a column
    of the type would make of it (https://www.sqlite.org/datatype3.html#type_affinity). -#}
{% macro sqlite__fixture_value(value, type) -%}
  {%- set type = type | lower -%}
  {%- set is_text = 'char' in type or 'clob' in type or 'text' in type -%}
  {%- set number = modules.re.match('\\s*[+-]?(\\d+\\.?\\d*|\\.\\d+)(e[+-]?\\d+)?\\s*$', value | string | lower) -%}
  {%- if value is boolean -%} {{ return('1' if value else '0') }}
  {%- elif value is number and is_text and 'int' not in type -%} {{ return("'" ~ value ~ "'") }}
  {%- elif value is string and not type -%}
    {#- A column without a type holds numbers as well as texts: '007' is no number. -#}
    {{ return(value if modules.re.match('-?(0|[1-9]\\d*)(\\.\\d+)?$', value) else fixture_literal(value) | trim) }}
  {%- elif value is string and number and ('int' in type or not is_text) -%} {{ return(value | trim) }}
  {%- else -%} {{ return(fixture_literal(value) | trim) }}
  {%- endif -%}
{%- endmacro %}
