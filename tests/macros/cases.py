"""Expressions of the cross-database macros, and what dbt-postgres makes of them.

`{day}` and `{moment}` stand for a date and a time in the database's own type.
"""

from __future__ import annotations

CASES: dict[str, tuple[str, object]] = {
    "any_value": ("{{ dbt.any_value('n') }}", 1),
    "bool_or": ("{{ dbt.bool_or('n > 2') }}", True),
    "cast": ("{{ dbt.cast(\"'12'\", dbt.type_int()) }} + max(n)", 15),
    "safe_cast": ("{{ dbt.safe_cast(\"'7'\", dbt.type_bigint()) }}", 7),
    "cast_bool_to_text": ("{{ dbt.cast_bool_to_text('max(n) = 3') }}", "true"),
    "cast_bool_to_text of none": ("{{ dbt.cast_bool_to_text('null = 1') }}", None),
    "concat": ("{{ dbt.concat([\"'a'\", 'max(word)', \"'z'\"]) }}", "atwoz"),
    "equals": ("{{ dbt.cast_bool_to_text(dbt.equals('max(n)', '3')) }}", "true"),
    "equals of none": ("{{ dbt.cast_bool_to_text(dbt.equals('null', 'null')) }}", None),
    "escape_single_quotes": ("'{{ dbt.escape_single_quotes(\"it's\") }}'", "it's"),
    "string_literal": ("{{ dbt.string_literal('it') }}", "it"),
    "hash": ("{{ dbt.hash('max(word)') }}", "b8a9f715dbb64fd5c56e7783c6820a61"),
    "hash of a number": ("{{ dbt.hash('max(n)') }}", "eccbc87e4b5ce2fe28308fd9f2a7baf3"),
    "length": ("{{ dbt.length('max(word)') }}", 3),
    "position": ("{{ dbt.position(\"'w'\", 'max(word)') }}", 2),
    "position of nothing": ("{{ dbt.position(\"'q'\", 'max(word)') }}", 0),
    "replace": ("{{ dbt.replace('max(word)', \"'w'\", \"'o'\") }}", "too"),
    "right": ("{{ dbt.right('max(word)', 2) }}", "wo"),
    "right none": ("{{ dbt.right('max(word)', 0) }}", ""),
    "right too many": ("{{ dbt.right('max(word)', 9) }}", "two"),
    "split_part": ("{{ dbt.split_part(\"'a|b|c'\", \"'|'\", 2) }}", "b"),
    "split_part beyond": ("{{ dbt.split_part(\"'a|b|c'\", \"'|'\", 4) }}", ""),
    "split_part from the end": ("{{ dbt.split_part(\"'a|b|c'\", \"'|'\", -1) }}", "c"),
    "split_part with quotes": ('{{ dbt.split_part("\'a\\"x\\",b\'", "\',\'", 1) }}', 'a"x"'),
    "split_part of none": (
        "{{ dbt.split_part('cast(null as ' ~ dbt.type_string() ~ ')', \"'|'\", 1) }}",
        None,
    ),
    "split_part by two": ("{{ dbt.split_part(\"'a--b'\", \"'--'\", 2) }}", "b"),
    "split_part by a letter": ("{{ dbt.split_part(\"'one\\nxnyn'\", \"'n'\", 2) }}", "e\n" + "x"),
    "split_part of a number": (
        "{{ dbt.split_part('cast(12.5 as ' ~ dbt.type_string() ~ ')', \"'.'\", 2) }}",
        "5",
    ),
    "split_part by a backslash": ("{{ dbt.split_part(\"'a\\\\b'\", \"'\\\\'\", 2) }}", "b"),
    "listagg": ("{{ dbt.listagg('word', \"'+'\", 'order by n desc') }}", "three+two+one"),
    "listagg limited": ("{{ dbt.listagg('word', \"','\", 'order by n', 2) }}", "one,two"),
    "listagg of texts": ("{{ dbt.listagg('word', \"','\", 'order by word') }}", "one,three,two"),
    "listagg by two keys": (
        "{{ dbt.listagg('word', \"','\", 'order by coalesce(n % 2, 0) desc, n desc') }}",
        "three,one,two",
    ),
    "array": (
        "{{ array_text(dbt.array_concat(dbt.array_append(dbt.array_construct([1, 2]), 3), "
        "dbt.array_construct([4]))) }}",
        "1,2,3,4",
    ),
    "date": ("{{ day_text(dbt.date(2024, 2, 29)) }}", "2024-02-29"),
    "date_trunc year": (
        "{{ text(dbt.date_trunc('year', moment('2024-08-17 13:45:59'))) }}",
        "2024-01-01 00:00:00",
    ),
    "date_trunc quarter": (
        "{{ text(dbt.date_trunc('quarter', moment('2024-08-17 13:45:59'))) }}",
        "2024-07-01 00:00:00",
    ),
    "date_trunc month": (
        "{{ text(dbt.date_trunc('month', moment('2024-08-17 13:45:59'))) }}",
        "2024-08-01 00:00:00",
    ),
    "date_trunc week": (
        "{{ text(dbt.date_trunc('week', moment('2024-08-18 13:45:59'))) }}",
        "2024-08-12 00:00:00",
    ),
    "date_trunc week on Monday": (
        "{{ text(dbt.date_trunc('week', moment('2024-08-12 00:00:00'))) }}",
        "2024-08-12 00:00:00",
    ),
    "date_trunc day": (
        "{{ text(dbt.date_trunc('day', moment('2024-08-17 13:45:59'))) }}",
        "2024-08-17 00:00:00",
    ),
    "date_trunc hour": (
        "{{ text(dbt.date_trunc('hour', moment('2024-08-17 13:45:59'))) }}",
        "2024-08-17 13:00:00",
    ),
    "date_trunc minute": (
        "{{ text(dbt.date_trunc('minute', moment('2024-08-17 13:45:59'))) }}",
        "2024-08-17 13:45:00",
    ),
    "dateadd day": (
        "{{ text(dbt.dateadd('day', 10, moment('2024-02-25 06:00:00'))) }}",
        "2024-03-06 06:00:00",
    ),
    "dateadd week": (
        "{{ text(dbt.dateadd('week', -1, moment('2024-03-03 06:00:00'))) }}",
        "2024-02-25 06:00:00",
    ),
    "dateadd month": (
        "{{ text(dbt.dateadd('month', 1, moment('2024-01-31 06:00:00'))) }}",
        "2024-02-29 06:00:00",
    ),
    "dateadd month back": (
        "{{ text(dbt.dateadd('month', -1, moment('2024-03-31 00:00:00'))) }}",
        "2024-02-29 00:00:00",
    ),
    "dateadd year": (
        "{{ text(dbt.dateadd('year', 1, moment('2024-02-29 06:30:00'))) }}",
        "2025-02-28 06:30:00",
    ),
    "dateadd hour": (
        "{{ text(dbt.dateadd('hour', 25, moment('2024-02-28 06:00:00'))) }}",
        "2024-02-29 07:00:00",
    ),
    "dateadd minute": (
        "{{ text(dbt.dateadd('minute', -61, moment('2024-03-01 01:00:00'))) }}",
        "2024-02-29 23:59:00",
    ),
    "dateadd of an expression": (
        "{{ text(dbt.dateadd('day', 'max(n) + 1', moment('2024-01-01 00:00:00'))) }}",
        "2024-01-05 00:00:00",
    ),
    "datediff day": (
        "{{ dbt.datediff(moment('2024-02-28 23:59:00'), moment('2024-03-01 00:01:00'), 'day') }}",
        2,
    ),
    "datediff week": (
        "{{ dbt.datediff(moment('2024-08-16 00:00:00'), moment('2024-08-19 00:00:00'), 'week') }}",
        1,
    ),
    "datediff week inside": (
        "{{ dbt.datediff(moment('2024-08-12 00:00:00'), moment('2024-08-16 00:00:00'), 'week') }}",
        0,
    ),
    "datediff week back": (
        "{{ dbt.datediff(moment('2024-08-19 00:00:00'), moment('2024-08-16 00:00:00'), 'week') }}",
        -1,
    ),
    "datediff month": (
        "{{ dbt.datediff(moment('2023-12-31 00:00:00'), moment('2024-02-01 00:00:00'), 'month') }}",
        2,
    ),
    "datediff quarter": (
        "{{ dbt.datediff(moment('2023-12-31 00:00:00'), moment('2024-04-01 00:00:00'), 'quarter') }}",
        2,
    ),
    "datediff year": (
        "{{ dbt.datediff(moment('2023-12-31 00:00:00'), moment('2024-01-01 00:00:00'), 'year') }}",
        1,
    ),
    "datediff hour": (
        "{{ dbt.datediff(moment('2024-01-01 22:59:59'), moment('2024-01-02 01:00:00'), 'hour') }}",
        3,
    ),
    "datediff minute": (
        "{{ dbt.datediff(moment('2024-01-01 00:00:59'), moment('2024-01-01 01:01:00'), 'minute') }}",
        61,
    ),
    "datediff second": (
        "{{ dbt.datediff(moment('2024-01-01 00:00:59'), moment('2024-01-01 00:02:01'), 'second') }}",
        62,
    ),
    "datediff millisecond": (
        "{{ dbt.datediff(moment('2024-01-01 00:00:59.750'), moment('2024-01-01 00:01:01.001'), 'millisecond') }}",
        1251,
    ),
    "datediff microsecond": (
        "{{ dbt.datediff(moment('2024-01-01 00:00:59.750'), moment('2024-01-01 00:01:00'), 'microsecond') }}",
        250000,
    ),
    "datediff in capitals": (
        "{{ dbt.datediff(moment('2023-12-31 00:00:00'), moment('2024-01-01 00:00:00'), 'YEAR') }}",
        1,
    ),
    "dateadd and date_trunc in capitals": (
        "{{ text(dbt.dateadd('DAY', 1, dbt.date_trunc('MONTH', moment('2024-02-29 06:00:00')))) }}",
        "2024-02-02 00:00:00",
    ),
    "datediff second back": (
        "{{ dbt.datediff(moment('2024-01-01 00:02:01'), moment('2024-01-01 00:00:59'), 'second') }}",
        -62,
    ),
    "last_day month": (
        "{{ day_text(dbt.last_day(moment('2024-02-10 10:00:00'), 'month')) }}",
        "2024-02-29",
    ),
    "last_day quarter": (
        "{{ day_text(dbt.last_day(moment('2024-02-10 10:00:00'), 'quarter')) }}",
        "2024-03-31",
    ),
    "last_day year": (
        "{{ day_text(dbt.last_day(moment('2024-02-10 10:00:00'), 'year')) }}",
        "2024-12-31",
    ),
    "type_float": ("cast('1.5' as {{ dbt.type_float() }})", 1.5),
    "type_numeric": ("cast('2.25' as {{ dbt.type_numeric() }})", 2.25),
    "type_timestamp": (
        "{{ text('cast(' ~ moment('2024-01-01 00:00:00') ~ ' as ' ~ dbt.type_timestamp() ~ ')') }}",
        "2024-01-01 00:00:00",
    ),
    "get_powers_of_two": ("{{ dbt.get_powers_of_two(9) }}", 4),
}
"""By name: an expression over three rows (1, one), (2, two), (3, three), and its value."""

QUERIES: dict[str, tuple[str, list[tuple[object, ...]]]] = {
    "generate_series": (
        "select cast(generated_number as {{ dbt.type_int() }}) from ({{ dbt.generate_series(5) }}) s order by 1",
        [(1,), (2,), (3,), (4,), (5,)],
    ),
    "generate_series of one": (
        "select cast(generated_number as {{ dbt.type_int() }}) from ({{ dbt.generate_series(1) }}) s",
        [(1,)],
    ),
    "date_spine": (
        "select {{ day_text('date_day') }} from ({{ dbt.date_spine('day', moment('2024-02-27 00:00:00'), "
        "moment('2024-03-02 00:00:00')) }}) s order by 1",
        [("2024-02-27",), ("2024-02-28",), ("2024-02-29",), ("2024-03-01",)],
    ),
    "date_spine by month": (
        "select {{ day_text('date_month') }} from ({{ dbt.date_spine('month', moment('2024-01-01 00:00:00'), "
        "moment('2024-03-01 00:00:00')) }}) s order by 1",
        [("2024-01-01",), ("2024-02-01",)],
    ),
    "except": ("select n from {{ numbers }} {{ dbt.except() }} select 2 order by 1", [(1,), (3,)]),
    "intersect": ("select n from {{ numbers }} {{ dbt.intersect() }} select 2", [(2,)]),
    "get_limit_subquery_sql": (
        "{{ get_limit_subquery_sql('select n from ' ~ numbers ~ ' order by n', 2) }}",
        [(1,), (2,)],
    ),
    "get_empty_subquery_sql": ("{{ get_empty_subquery_sql('select n from ' ~ numbers) }}", []),
}

MACROS = """
{% macro moment(text) -%} {{ return(adapter.dispatch('moment')(text)) }} {%- endmacro %}
{% macro default__moment(text) -%} cast('{{ text }}' as timestamp) {%- endmacro %}
{% macro sqlite__moment(text) -%} '{{ text }}' {%- endmacro %}
{% macro text(expression) -%} {{ return(adapter.dispatch('text')(expression)) }} {%- endmacro %}
{% macro default__text(expression) -%} to_char({{ expression }}, 'YYYY-MM-DD HH24:MI:SS') {%- endmacro %}
{% macro sqlite__text(expression) -%} {{ expression }} {%- endmacro %}
{% macro day_text(expression) -%} {{ return(adapter.dispatch('day_text')(expression)) }} {%- endmacro %}
{% macro default__day_text(expression) -%} to_char({{ expression }}, 'YYYY-MM-DD') {%- endmacro %}
{% macro sqlite__day_text(expression) -%} date({{ expression }}) {%- endmacro %}
{% macro array_text(expression) -%} {{ return(adapter.dispatch('array_text')(expression)) }} {%- endmacro %}
{% macro default__array_text(expression) -%} array_to_string({{ expression }}, ',') {%- endmacro %}
{% macro sqlite__array_text(expression) -%}
  (select group_concat(value, ',') from json_each({{ expression }}))
{%- endmacro %}
"""
