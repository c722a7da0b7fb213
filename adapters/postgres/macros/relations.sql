{#- What PostgreSQL says in its own way. The names and arguments are dbt's. -#}

{% macro postgres__create_table_as(temporary, relation, sql) -%}
  {{ config.get('sql_header', '') }}
  {%- set unlogged = 'unlogged ' if config.get('unlogged', false) -%}
  {%- if not temporary and (config.get('contract') or {}).enforced -%}
  {{ _create_table_by_contract(relation.include(database=false), sql, unlogged) }}
  {%- else %}
  {%- if temporary -%} {{ _assert_contract(sql) }} {%- endif %}
  create {% if temporary %}temporary {% else %}{{ unlogged }}{% endif %}table
  {{ relation.include(database=false, schema=not temporary) }} as (
{{ sql }}
  );
  {%- endif -%}
{%- endmacro %}


{% macro postgres__current_timestamp() -%}
  now()
{%- endmacro %}


{#- A view that is there already is given new text where its columns allow it. -#}
{% macro postgres__create_view_as(relation, sql) -%}
  {{ config.get('sql_header', '') }}
  {{ _assert_contract(sql) -}}
  create or replace view {{ relation.render() }} as (
{{ sql }}
  );
{%- endmacro %}


{#- An index is named after its table and what it is, and after this run: the table that is
    replaced still has its own. -#}
{% macro postgres__get_create_index_sql(relation, index_dict) -%}
  {%- set columns = adapter.parse_index(index_dict).columns -%}
  {%- set key = [model.unique_id, columns | join(','), index_dict.get('type', ''), invocation_id] -%}
  create {% if index_dict.get('unique') %}unique {% endif %}index
  {{ adapter.quote(this.identifier[:20] ~ '_' ~ local_md5(key | join('|'))[:20]) }}
  on {{ relation }} {% if index_dict.get('type') %}using {{ index_dict.type }} {% endif -%}
  ({{ postgres_index_columns(relation, columns) | join(', ') }})
{%- endmacro %}


{#- The columns of an index as they stand in SQL: as a configuration has them, so that ID is the
    column id, and lower(name) an expression; quoted where there is a column of just that name. -#}
{% macro postgres_index_columns(relation, columns) -%}
  {%- set written, known = [], [] -%}
  {%- for column in columns -%}
    {%- if modules.re.match('[a-z_][a-z0-9_]*$', column) -%}
      {%- do written.append(adapter.quote(column)) -%}
    {%- else -%}
      {%- if not known -%}
        {%- do known.extend(adapter.get_columns_in_relation(relation) | map(attribute='name')) -%}
      {%- endif -%}
      {%- set is_exact = column in known and column | lower not in known -%}
      {%- do written.append(adapter.quote(column) if is_exact else column) -%}
    {%- endif -%}
  {%- endfor -%}
  {{ return(written) }}
{%- endmacro %}


{#- What others have been given; the owner's own rights aren't told. A role is called as it has to
    stand in SQL: "foo-bar" in quotes, and so may a configuration have it. -#}
{% macro postgres__get_show_grant_sql(relation) -%}
  select
    case g.grantee when 0 then 'public'
      else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(g.grantee)) end as grantee,
    g.privilege_type
  from pg_catalog.pg_class as c, pg_catalog.aclexplode(c.relacl) as g
  where c.oid = '{{ relation | string | replace("'", "''") }}'::pg_catalog.regclass
    and g.grantee <> c.relowner
{%- endmacro %}


{% macro postgres__get_grant_sql(relation, privilege, grantees) -%}
  {%- set roles = [] -%}
  {%- for grantee in grantees -%} {%- do roles.append(postgres_role(grantee)) -%} {%- endfor -%}
  grant {{ privilege }} on {{ relation.render() }} to {{ roles | join(', ') }}
{%- endmacro %}


{#- A role of a configuration as it stands in SQL. A plain name is one in small letters, as
    PostgreSQL reads it, unless only a role in its capitals is there. What has room between words
    (group reporters) is more than a name. -#}
{% macro postgres_role(grantee) -%}
  {%- set plain = modules.re.match('[A-Za-z_][A-Za-z0-9_$]*$', grantee) -%}
  {%- if grantee[:1] == '"' or ' ' in grantee or (plain and grantee == grantee | lower) -%}
    {{ return(grantee) }}
  {%- elif not plain or not execute -%}
    {{ return(adapter.quote(grantee)) }}
  {%- endif -%}
  {%- set found = run_query(
    "select rolname from pg_catalog.pg_roles where rolname in ('" ~ grantee ~ "', '" ~ grantee | lower ~ "')"
  ).columns[0].values() | list -%}
  {{ return(adapter.quote(grantee) if found == [grantee] else grantee) }}
{%- endmacro %}


{% macro postgres__alter_relation_comment(relation, comment) -%}
  comment on {{ 'materialized view' if relation.is_materialized_view else 'view' if relation.is_view else 'table' }}
  {{ relation }} is {{ postgres_literal(comment) }}
{%- endmacro %}


{#- A column is found by its name, or else, if it isn't quoted, by one that differs in case only. -#}
{% macro postgres__alter_column_comment(relation, column_dict) -%}
  {%- set there = adapter.get_columns_in_relation(relation) -%}
  {%- set described = validate_doc_columns(relation, column_dict, there | map(attribute='name') | list) -%}
  {%- for name, column in described.items() if column['description'] -%}
    {%- set known = there | selectattr('name', 'equalto', name) | first
      or there | selectattr('name', 'equalto', name | lower) | first -%}
    {%- if known -%}
      comment on column {{ relation.render() }}.{{ known.quoted }} is {{ postgres_literal(column['description']) }};
    {%- endif -%}
  {%- endfor -%}
{%- endmacro %}


{% macro postgres_literal(text) -%}
  '{{ text | string | replace("'", "''") }}'
{%- endmacro %}


{#- A temporary table has no schema that anybody could name. -#}
{% macro postgres__make_temp_relation(base_relation, suffix) -%}
  {{ return(default__make_temp_relation(base_relation, suffix).incorporate(path={'schema': none, 'database': none})) }}
{%- endmacro %}


{#- A constraint without a name gets one that begins with its table's. -#}
{% macro postgres__rename_constraints(relation, from_name) -%}
  do $$
  declare named record;
  begin
    for named in
      select conname from pg_catalog.pg_constraint
      where conrelid = {{ postgres_literal(relation | string) }}::pg_catalog.regclass
        and pg_catalog.starts_with(conname::text, {{ postgres_literal(from_name) }})
    loop
      execute pg_catalog.format(
        'alter table %s rename constraint %I to %I',
        {{ postgres_literal(relation | string) }},
        named.conname,
        pg_catalog.left({{ postgres_literal(relation.identifier) }}, 50)
          || pg_catalog.substr(named.conname, {{ from_name | length + 1 }})
      );
    end loop;
  end $$
{%- endmacro %}


{% macro postgres__get_replace_view_sql(relation, sql) -%} {{ return(postgres__create_view_as(relation, sql)) }} {%- endmacro %}
