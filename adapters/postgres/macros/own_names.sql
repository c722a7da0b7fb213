{#- What packages call by PostgreSQL's own name, without dispatch: it does what the others do. -#}

{% macro postgres__create_schema(relation) -%} {{ return(default__create_schema(relation)) }} {%- endmacro %}

{% macro postgres__drop_schema(relation) -%} {{ return(default__drop_schema(relation)) }} {%- endmacro %}

{% macro postgres__get_columns_in_relation(relation) -%} {{ return(default__get_columns_in_relation(relation)) }} {%- endmacro %}

{#- The name is cut so that the suffix, and with `dstring` the time of day, has room. -#}
{% macro postgres__make_relation_with_suffix(base_relation, suffix, dstring) -%}
  {%- set whole = suffix ~ (modules.datetime.datetime.now().strftime('%H%M%S%f') if dstring else '') -%}
  {%- set room = base_relation.relation_max_name_length() - whole | length -%}
  {%- if room < 0 -%}
    {{ exceptions.raise_compiler_error("The suffix '" ~ whole ~ "' is longer than a name may be.") }}
  {%- endif -%}
  {{ return(base_relation.incorporate(path={'identifier': base_relation.identifier[:room] ~ whole})) }}
{%- endmacro %}

{% macro postgres__make_intermediate_relation(base_relation, suffix) -%}
  {{ return(postgres__make_relation_with_suffix(base_relation, suffix, dstring=false)) }}
{%- endmacro %}

{% macro postgres__make_backup_relation(base_relation, backup_relation_type, suffix) -%}
  {%- set beside = postgres__make_relation_with_suffix(base_relation, suffix, dstring=false) -%}
  {{ return(beside.incorporate(type=backup_relation_type)) }}
{%- endmacro %}

{% macro postgres_escape_comment(comment) -%}
  {%- if comment is not string -%}
    {{ exceptions.raise_compiler_error('a comment is a text, and not ' ~ comment) }}
  {%- endif -%}
  {{ postgres_literal(comment) }}
{%- endmacro %}

{#- A table that takes another's place keeps its grants: nothing is to be revoked of a new one. -#}
{% macro postgres__copy_grants() -%} {{ return(default__copy_grants()) }} {%- endmacro %}

{% macro postgres__get_drop_index_sql(relation, index_name) -%}
  drop index if exists {{ adapter.quote(relation.schema) }}.{{ adapter.quote(index_name) }}
{%- endmacro %}

{% macro postgres__get_incremental_default_sql(arg_dict) -%} {{ return(default__get_incremental_default_sql(arg_dict)) }} {%- endmacro %}

{% macro postgres__get_incremental_microbatch_sql(arg_dict) -%} {{ return(default__get_incremental_microbatch_sql(arg_dict)) }} {%- endmacro %}

{% macro postgres__snapshot_merge_sql(target, source, insert_cols) -%} {{ return(default__snapshot_merge_sql(target, source, insert_cols)) }} {%- endmacro %}

{% macro postgres__drop_table(relation) -%} {{ return(default__drop_table(relation)) }} {%- endmacro %}

{% macro postgres__drop_view(relation) -%} {{ return(default__drop_view(relation)) }} {%- endmacro %}

{% macro postgres__drop_materialized_view(relation) -%} {{ return(default__drop_materialized_view(relation)) }} {%- endmacro %}

{% macro postgres__get_rename_table_sql(relation, new_name) -%} {{ return(default__get_rename_table_sql(relation, new_name)) }} {%- endmacro %}

{% macro postgres__get_rename_view_sql(relation, new_name) -%} {{ return(default__get_rename_view_sql(relation, new_name)) }} {%- endmacro %}

{% macro postgres__get_rename_materialized_view_sql(relation, new_name) -%}
  {{ return(default__get_rename_materialized_view_sql(relation, new_name)) }}
{%- endmacro %}

{% macro postgres__get_replace_table_sql(relation, sql) -%} {{ return(default__get_replace_table_sql(relation, sql)) }} {%- endmacro %}

{% macro postgres__get_create_materialized_view_as_sql(relation, sql) -%}
  {{ return(default__get_create_materialized_view_as_sql(relation, sql)) }}
{%- endmacro %}

{% macro postgres__refresh_materialized_view(relation) -%} {{ return(default__refresh_materialized_view(relation)) }} {%- endmacro %}

{% macro postgres__split_part(string_text, delimiter_text, part_number) -%}
  {{ return(default__split_part(string_text, delimiter_text, part_number)) }}
{%- endmacro %}
