{#- What is there, asked of PostgreSQL's catalogue. -#}

{% macro postgres__information_schema_name(database) -%}
  {%- do adapter.verify_database(database) if database -%}
  information_schema
{%- endmacro %}


{% macro postgres__list_schemas(database) -%}
  {%- do adapter.verify_database(database) if database -%}
  {{ return(run_query('select nspname from pg_catalog.pg_namespace')) }}
{%- endmacro %}


{% macro postgres__check_schema_exists(information_schema, schema) -%}
  {{ return(run_query("select count(*) from pg_catalog.pg_namespace where nspname = " ~ postgres_literal(schema))) }}
{%- endmacro %}


{% macro postgres__list_relations_without_caching(schema_relation) -%}
  {{ return(run_query(
    "select current_database()::text as database, c.relname::text as name, n.nspname::text as schema,"
    ~ " case c.relkind when 'v' then 'view' when 'm' then 'materialized_view' else 'table' end as type"
    ~ " from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace"
    ~ " where c.relkind in ('r', 'p', 'v', 'm') and lower(n.nspname) = lower("
    ~ postgres_literal(schema_relation.schema) ~ ")"
  )) }}
{%- endmacro %}


{#- A row for each index: its name, method, whether it is unique, and its columns with commas. -#}
{% macro postgres__get_show_indexes_sql(relation) -%}
  select
    i.relname as name,
    m.amname as method,
    x.indisunique as "unique",
    string_agg(a.attname, ',' order by array_position(x.indkey::int2[], a.attnum)) as column_names
  from pg_catalog.pg_index as x
  join pg_catalog.pg_class as i on i.oid = x.indexrelid
  join pg_catalog.pg_am as m on m.oid = i.relam
  join pg_catalog.pg_attribute as a on a.attrelid = x.indrelid and a.attnum = any(x.indkey)
  where x.indrelid = pg_catalog.to_regclass({{ postgres_literal(relation.include(database=false)) }})
  group by 1, 2, 3
{%- endmacro %}


{% macro postgres__describe_materialized_view(relation) -%}
  {{ return({'indexes': run_query(get_show_indexes_sql(relation))}) }}
{%- endmacro %}
