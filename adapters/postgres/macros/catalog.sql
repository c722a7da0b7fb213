{#- What is there, asked of PostgreSQL's catalogue. -#}

{#- Whatever the database, as in dbt: who lists something of another one is told. -#}
{% macro postgres__information_schema_name(database) -%}
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


{#- A row for each column of a schema's relations, by the names that catalog.json is made of. -#}
{% macro postgres__get_catalog(information_schema, schemas) -%}
  {%- set relations = [] -%}
  {%- for schema in schemas -%}
    {%- do relations.append(api.Relation.create(database=information_schema.database, schema=schema)) -%}
  {%- endfor -%}
  {{ return(postgres__get_catalog_relations(information_schema, relations)) }}
{%- endmacro %}


{#- Of a relation without an identifier it is the whole schema. -#}
{% macro postgres__get_catalog_relations(information_schema, relations) -%}
  {%- do adapter.verify_database(information_schema.database) -%}
  {%- set wanted = [] -%}
  {%- for relation in relations -%}
    {%- set one = "lower(n.nspname) = lower(" ~ postgres_literal(relation.schema) ~ ")" -%}
    {%- if relation.identifier -%}
      {%- set one = one ~ " and lower(c.relname) = lower(" ~ postgres_literal(relation.identifier) ~ ")" -%}
    {%- endif -%}
    {%- do wanted.append('(' ~ one ~ ')') -%}
  {%- endfor -%}
  {{ return(run_query(
    "select pg_catalog.current_database()::text as table_database, n.nspname::text as table_schema,"
    ~ " c.relname::text as table_name, case c.relkind when 'v' then 'VIEW'"
    ~ " when 'm' then 'MATERIALIZED VIEW' else 'BASE TABLE' end as table_type,"
    ~ " pg_catalog.obj_description(c.oid, 'pg_class') as table_comment, a.attname::text as column_name,"
    ~ " a.attnum::int as column_index, pg_catalog.format_type(a.atttypid, a.atttypmod) as column_type,"
    ~ " pg_catalog.col_description(c.oid, a.attnum) as column_comment,"
    ~ " pg_catalog.pg_get_userbyid(c.relowner)::text as table_owner"
    ~ " from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace"
    ~ " join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped"
    ~ " where c.relkind in ('r', 'v', 'f', 'p', 'm') and c.relpersistence <> 't'"
    ~ " and (" ~ (wanted | join(' or ') or 'false') ~ ") order by 2, 3, 7"
  )) }}
{%- endmacro %}


{#- A row for each view and what it reads: the schema and name of that, and its own. -#}
{% macro postgres__get_relations() -%}
  {{ return(run_query(
    "select distinct vn.nspname::text as dependent_schema, v.relname::text as dependent_name,"
    ~ " rn.nspname::text as referenced_schema, r.relname::text as referenced_name"
    ~ " from pg_catalog.pg_rewrite as w join pg_catalog.pg_class as v on v.oid = w.ev_class"
    ~ " join pg_catalog.pg_namespace as vn on vn.oid = v.relnamespace"
    ~ " join pg_catalog.pg_depend as d on d.objid = w.oid and d.classid = 'pg_rewrite'::regclass"
    ~ " and d.refclassid = 'pg_class'::regclass and d.refobjid <> v.oid"
    ~ " join pg_catalog.pg_class as r on r.oid = d.refobjid"
    ~ " join pg_catalog.pg_namespace as rn on rn.oid = r.relnamespace"
    ~ " where vn.nspname not in ('pg_catalog', 'information_schema') order by 1, 2, 3, 4"
  )) }}
{%- endmacro %}

{% macro postgres_get_relations() -%} {{ return(postgres__get_relations()) }} {%- endmacro %}
