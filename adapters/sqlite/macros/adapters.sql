{#- What SQLite says in its own way. The names and arguments are dbt's. -#}

{% macro sqlite__create_table_as(temporary, relation, sql) -%}
  {{ config.get('sql_header', '') }}
  {%- if not temporary and (config.get('contract') or {}).enforced -%}
  {{ _create_table_by_contract(relation, sql) }}
  {%- else %}
  {%- if temporary -%} {{ _assert_contract(sql) }} {%- endif %}
  create {% if temporary %}temporary {% endif %}table {{ relation.include(schema=not temporary) }} as
  {{ sql }}
  ;
  {%- endif -%}
{%- endmacro %}


{% macro sqlite__create_view_as(relation, sql) -%}
  {{ config.get('sql_header', '') }}
  {{ _assert_contract(sql) -}}
  create view {{ relation.render() }} as
  {{ sql }}
  ;
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


{#- A temporary table has no schema that anybody could name. -#}
{% macro sqlite__make_temp_relation(base_relation, suffix) -%}
  {{ return(default__make_temp_relation(base_relation, suffix).incorporate(path={'schema': none, 'database': none})) }}
{%- endmacro %}


{#- `integer primary key` is no constraint here, but a counter that fills in what is NULL
    (https://www.sqlite.org/lang_createtable.html#rowid); with `int` it is one. -#}
{% macro sqlite__get_table_columns_and_constraints() -%}
  {%- set text = table_columns_and_constraints() -%}
  {%- if 'primary key' in text | lower -%}
    {%- set text = modules.re.sub('(?i)\\binteger\\b', 'int', text) -%}
  {%- endif -%}
  {{ text }}
{%- endmacro %}


{% macro sqlite__list_schemas(database) -%}
  {{ return(run_query("select name from pragma_database_list where name <> 'temp'")) }}
{%- endmacro %}


{% macro sqlite__check_schema_exists(information_schema, schema) -%}
  {{ return(run_query("select count(*) from pragma_database_list where name = '" ~ escape_single_quotes(schema) ~ "'")) }}
{%- endmacro %}


{% macro sqlite__list_relations_without_caching(schema_relation) -%}
  {%- set schema = schema_relation.schema -%}
  {%- set known = adapter.check_schema_exists(none, schema) -%}
  {{ return(run_query(
    "select null as database, name, '" ~ escape_single_quotes(schema) ~ "' as schema, type from "
    ~ (adapter.quote(schema) ~ '.' if known) ~ "sqlite_master where type in ('table', 'view')"
    ~ " and name not like 'sqlite#_%' escape '#'" ~ (' and false' if not known)
  )) }}
{%- endmacro %}


{#- A view has no other name to be given here. -#}
{% macro sqlite__get_replace_sql(existing_relation, target_relation, sql) -%}
  {{ get_drop_sql(existing_relation) }};
  {{ get_create_sql(target_relation, sql) }}
{%- endmacro %}


{#- A view can't reach into another file, and a schema is a file. -#}
{% macro sqlite__can_clone_table() %}{{ return(true) }}{% endmacro %}
