{# Dates and times, and rows that count. #}

{% macro current_timestamp() -%} {{ return(adapter.dispatch('current_timestamp', 'dbt')()) }} {%- endmacro %}
{% macro default__current_timestamp() -%}
    {{ exceptions.raise_not_implemented('current_timestamp isn\'t there for ' ~ adapter.type()) }}
{%- endmacro %}

{#- What packages of before dbt 1.2 call. -#}
{% macro current_timestamp_backcompat() -%} {{ return(adapter.dispatch('current_timestamp_backcompat', 'dbt')()) }} {%- endmacro %}
{% macro default__current_timestamp_backcompat() -%} cast(current_timestamp as {{ type_timestamp() }}) {%- endmacro %}

{% macro current_timestamp_in_utc_backcompat() -%} {{ return(adapter.dispatch('current_timestamp_in_utc_backcompat', 'dbt')()) }} {%- endmacro %}
{% macro default__current_timestamp_in_utc_backcompat() -%} {{ return(current_timestamp_backcompat()) }} {%- endmacro %}

{% macro date(year, month, day) -%} {{ return(adapter.dispatch('date', 'dbt')(year, month, day)) }} {%- endmacro %}
{% macro default__date(year, month, day) -%}
    to_date('{{ modules.datetime.date(year, month, day).isoformat() }}', 'YYYY-MM-DD')
{%- endmacro %}

{% macro date_trunc(datepart, date) -%} {{ return(adapter.dispatch('date_trunc', 'dbt')(datepart, date)) }} {%- endmacro %}
{% macro default__date_trunc(datepart, date) -%} date_trunc('{{ datepart }}', {{ date }}) {%- endmacro %}

{% macro dateadd(datepart, interval, from_date_or_timestamp) -%}
    {{ return(adapter.dispatch('dateadd', 'dbt')(datepart, interval, from_date_or_timestamp)) }}
{%- endmacro %}
{% macro default__dateadd(datepart, interval, from_date_or_timestamp) -%}
    dateadd({{ datepart }}, {{ interval }}, {{ from_date_or_timestamp }})
{%- endmacro %}

{% macro datediff(first_date, second_date, datepart) -%}
    {{ return(adapter.dispatch('datediff', 'dbt')(first_date, second_date, datepart)) }}
{%- endmacro %}
{% macro default__datediff(first_date, second_date, datepart) -%}
    datediff({{ datepart }}, {{ first_date }}, {{ second_date }})
{%- endmacro %}

{% macro last_day(date, datepart) -%} {{ return(adapter.dispatch('last_day', 'dbt')(date, datepart)) }} {%- endmacro %}
{% macro default__last_day(date, datepart) -%} {{ return(default_last_day(date, datepart)) }} {%- endmacro %}

{#- The day before the next month, quarter or year begins. -#}
{% macro default_last_day(date, datepart) -%}
    cast({{ dateadd('day', '-1', dateadd(datepart, '1', date_trunc(datepart, date))) }} as date)
{%- endmacro %}

{% macro get_intervals_between(start_date, end_date, datepart) -%}
    {{ return(adapter.dispatch('get_intervals_between', 'dbt')(start_date, end_date, datepart)) }}
{%- endmacro %}
{% macro default__get_intervals_between(start_date, end_date, datepart) -%}
    {%- call statement('get_intervals_between', fetch_result=True) -%}
        select {{ datediff(start_date, end_date, datepart) }}
    {%- endcall -%}
    {%- set result = load_result('get_intervals_between') -%}
    {{ return(result['data'][0][0] if result and result['data'] else 1) }}
{%- endmacro %}

{#- A row for each day, week… from the start up to the end, which isn't one of them. -#}
{% macro date_spine(datepart, start_date, end_date) -%}
    {{ return(adapter.dispatch('date_spine', 'dbt')(datepart, start_date, end_date)) }}
{%- endmacro %}
{% macro default__date_spine(datepart, start_date, end_date) -%}
    with counted as (
        {{ generate_series(get_intervals_between(start_date, end_date, datepart)) }}
    ),
    all_periods as (
        select {{ dateadd(datepart, 'generated_number - 1', start_date) }} as date_{{ datepart }}
        from counted
    )
    select * from all_periods where date_{{ datepart }} <= {{ end_date }}
{%- endmacro %}

{#- How many bits it takes to count so far. -#}
{% macro get_powers_of_two(upper_bound) -%} {{ return(adapter.dispatch('get_powers_of_two', 'dbt')(upper_bound)) }} {%- endmacro %}
{% macro default__get_powers_of_two(upper_bound) -%}
    {%- if upper_bound <= 0 -%}
        {{ exceptions.raise_compiler_error('upper bound must be positive') }}
    {%- endif -%}
    {%- for bits in range(1, 100) if upper_bound <= 2 ** bits -%}
        {{ return(bits) }}
    {%- endfor -%}
{%- endmacro %}

{#- The numbers from 1 on, made of their bits: no database lacks what it takes. -#}
{% macro generate_series(upper_bound) -%} {{ return(adapter.dispatch('generate_series', 'dbt')(upper_bound)) }} {%- endmacro %}
{% macro default__generate_series(upper_bound, one='1') -%}
    {%- set bits = get_powers_of_two(upper_bound) -%}
    with bits as (
        select 0 as bit union all select 1
    ),
    numbers as (
        select
        {%- for place in range(bits) %}
            b{{ place }}.bit * {{ 2 ** place }} +
        {%- endfor %}
            {{ one }} as generated_number
        from
        {%- for place in range(bits) %}
            {{ 'cross join ' if not loop.first }}bits as b{{ place }}
        {%- endfor %}
    )
    select * from numbers where generated_number <= {{ upper_bound }} order by generated_number
{%- endmacro %}

{#- Days between two that are given as texts, for partitions. -#}
{% macro convert_datetime(date_str, date_fmt) -%}
    {{ return(try_or_compiler_error(
        "'" ~ date_str ~ "' is no date of the form '" ~ date_fmt ~ "'.",
        modules.datetime.datetime.strptime, date_str | trim, date_fmt
    )) }}
{%- endmacro %}

{% macro dates_in_range(start_date_str, end_date_str=none, in_fmt='%Y%m%d', out_fmt='%Y%m%d') -%}
    {%- set start = convert_datetime(start_date_str, in_fmt) -%}
    {%- set end = start if end_date_str is none else convert_datetime(end_date_str, in_fmt) -%}
    {%- if end < start -%}
        {{ exceptions.raise_compiler_error('dates_in_range: ' ~ end_date_str ~ ' is before ' ~ start_date_str ~ '.') }}
    {%- endif -%}
    {%- set days = [] -%}
    {%- for number in range((end - start).days + 1) -%}
        {%- set day = start + modules.datetime.timedelta(days=number) -%}
        {%- do days.append(day.strftime(out_fmt) if out_fmt else day) -%}
    {%- endfor -%}
    {{ return(days) }}
{%- endmacro %}

{% macro partition_range(raw_partition_date, date_fmt='%Y%m%d') -%}
    {%- set parts = (raw_partition_date | string).split(',') -%}
    {%- if parts | length > 2 -%}
        {{ exceptions.raise_compiler_error("partition_range takes 'start' or 'start,end', not '" ~ raw_partition_date ~ "'.") }}
    {%- endif -%}
    {{ return(dates_in_range(parts[0], parts[1] if parts | length == 2 else none, in_fmt=date_fmt)) }}
{%- endmacro %}

{% macro py_current_timestring() -%}
    {{ return(modules.datetime.datetime.now().strftime('%Y%m%d%H%M%S%f')) }}
{%- endmacro %}
