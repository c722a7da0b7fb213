"""A load of macros over macros, shaped like the packages that connect the data of services.

    python bench/connector_load.py DIRECTORY --nodes 2000

A root project without models of its own uses two packages: one of macros that many share, and
one that connects. For each table there are a seed, a passing model, a staging model that loops
over columns which a macro gives, a mart and four tests: eight nodes. Sources and switches are
variables, types are dispatched three deep, tests have arguments that are macros' answers.
Deterministic: the same number gives the same files.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

NODES_PER_TABLE = 8
TABLES_PER_FILE = 25
SHARED_BY = 200
"""How many of the staging models `shared_label` is used by, at most."""
SEED = 20_26
WORDS = "account campaign contact deal device email event invoice item lead order page".split()
TYPES = ("string", "int", "timestamp", "numeric", "boolean")

ROOT = """\
name: connector_tests
version: '1.0'
config-version: 2
profile: load
vars:
  connector_schema: main
  connector:
    connector_using_labels: true
seeds:
  connector_tests:
    +quote_columns: false
models:
  connector:
    +materialized: table
    tmp:
      +materialized: view
"""
PACKAGES = "packages:\n  - local: packages/connector\n  - local: packages/common\n"
PROFILES = """\
load:
  target: sqlite
  outputs:
    sqlite: {type: sqlite, path: load.db, schema: main, threads: 4}
    postgres:
      type: postgres
      host: "{{ env_var('LOAD_HOST', 'localhost') }}"
      port: "{{ env_var('LOAD_PORT', '5432') | int }}"
      user: "{{ env_var('LOAD_USER', 'postgres') }}"
      password: "{{ env_var('LOAD_PASSWORD', '') }}"
      dbname: "{{ env_var('LOAD_DATABASE', 'postgres') }}"
      schema: load
      threads: 4
"""
COMMON_PROJECT = "name: common\nversion: '1.0'\nconfig-version: 2\n"
COMMON_MACROS = """\
{% macro typed(kind) %}{{ return(adapter.dispatch('typed', 'common')(kind)) }}{% endmacro %}
{% macro default__typed(kind) -%}
  {%- if kind == 'string' -%} {{ return(common.text_type()) }}
  {%- elif kind == 'int' -%} {{ return(dbt.type_int()) }}
  {%- elif kind == 'timestamp' -%} {{ return(dbt.type_timestamp()) }}
  {%- elif kind == 'numeric' -%} {{ return(dbt.type_numeric()) }}
  {%- else -%} {{ return(dbt.type_boolean()) }}
  {%- endif -%}
{%- endmacro %}

{% macro text_type() %}{{ return(adapter.dispatch('text_type', 'common')()) }}{% endmacro %}
{% macro default__text_type() %}{{ return(dbt.type_string()) }}{% endmacro %}
{% macro snowflake__text_type() %}{{ return('varchar') }}{% endmacro %}

{% macro add_columns(columns, extra) -%}
  {%- for one in extra -%}
    {%- if one is mapping -%} {%- do columns.append(one) -%}
    {%- else -%} {%- do columns.append({'name': one, 'datatype': common.typed('string')}) -%}
    {%- endif -%}
  {%- endfor -%}
{%- endmacro %}

{% macro staged_columns(found, wanted) -%}
  {{ return(adapter.dispatch('staged_columns', 'common')(found, wanted)) }}
{%- endmacro %}
{% macro default__staged_columns(found, wanted) -%}
  {%- set names = found | map(attribute='name') | map('lower') | list -%}
  {%- for column in wanted %}
    {% if column.name | lower in names -%}
      {{ common.named(column.name) }} as {{ column.get('alias', column.name) }}
    {%- else -%}
      cast(null as {{ column.datatype }}) as {{ column.get('alias', column.name) }}
    {%- endif -%}
    {{ ',' if not loop.last }}
  {%- endfor %}
{%- endmacro %}

{% macro named(name) %}{{ adapter.dispatch('named', 'common')(name) }}{% endmacro %}
{% macro default__named(name) -%}
  {{ adapter.quote(name) if name in ('order', 'group') else name }}
{%- endmacro %}

{% macro shared_label(column) -%}
  upper(cast({{ column }} as {{ common.typed('string') }}))
{%- endmacro %}

{% macro source_of(table) -%}
  {%- if var('connector_sources', []) -%}
    {%- for each in var('connector_sources') %}
      select * from {{ source(each, table) }} {{ 'union all' if not loop.last }}
    {%- endfor -%}
  {%- else -%}
    select * from {{ source('connector', table) }}
  {%- endif -%}
{%- endmacro %}
"""
CONNECTOR_PROJECT = """\
name: connector
version: '1.0'
config-version: 2
vars:
  connector:
    connector_using_labels: false
    extra_columns: []
    kinds_allowed: ['a', 'b', 'c']
models:
  connector:
    +schema: "{{ var('connector_target', none) }}"
"""
CONNECTOR_MACROS = """\
{% test values_are_kinds(model, column_name, kinds) %}
select {{ column_name }} from {{ model }}
where {{ column_name }} not in (
  {%- for kind in kinds %}'{{ kind }}'{{ ', ' if not loop.last }}{% endfor %})
{% endtest %}

{% macro allowed_kinds() %}{{ return(var('kinds_allowed')) }}{% endmacro %}
"""


def write_connector_load(directory: Path, nodes: int) -> None:
    """Write the root project and its packages."""
    tables = _tables(nodes // NODES_PER_TABLE)
    common, connector = directory / "packages" / "common", directory / "packages" / "connector"
    _write(directory / "dbt_project.yml", ROOT)
    _write(directory / "packages.yml", PACKAGES)
    _write(directory / "profiles.yml", PROFILES)
    _write(common / "dbt_project.yml", COMMON_PROJECT)
    _write(common / "macros" / "common.sql", COMMON_MACROS)
    _write(connector / "dbt_project.yml", CONNECTOR_PROJECT)
    _write(connector / "packages.yml", "packages:\n  - local: ../common\n")
    _write(connector / "macros" / "kinds.sql", CONNECTOR_MACROS)
    for number, (table, columns) in enumerate(tables.items()):
        _write(directory / "seeds" / f"{table}.csv", _rows(columns))
        _write(
            connector / "macros" / "columns" / f"get_{table}_columns.sql", _macro(table, columns)
        )
        models = connector / "models"
        _write(models / "tmp" / f"stg_{table}_tmp.sql", _passing_model(table))
        _write(models / "staging" / f"stg_{table}.sql", _staging_model(table, number))
        _write(models / "marts" / f"mart_{table}.sql", _mart(table, list(tables)[:number]))
    names = list(tables)
    _write(connector / "models" / "sources.yml", _sources(names))
    for start in range(0, len(names), TABLES_PER_FILE):
        text = _properties(names[start : start + TABLES_PER_FILE])
        _write(connector / "models" / f"properties_{start:04d}.yml", text)


def _tables(count: int) -> dict[str, list[tuple[str, str]]]:
    """Names of tables, and of each the columns with their kinds of types."""
    chance = random.Random(SEED)
    tables = {}
    for number in range(count):
        columns = [("id", "int"), ("kind", "string"), ("updated_at", "timestamp")]
        columns += [
            (f"{chance.choice(WORDS)}_{index}", chance.choice(TYPES))
            for index in range(chance.randint(5, 25))
        ]
        tables[f"{WORDS[number % len(WORDS)]}_{number:04d}"] = columns
    return tables


def _rows(columns: list[tuple[str, str]]) -> str:
    value = {
        "string": "a",
        "int": "1",
        "timestamp": "2025-01-01 10:00:00",
        "numeric": "1.5",
        "boolean": "true",
    }
    names = ",".join(name for name, _ in columns)
    return f"{names}\n{','.join(value[kind] for _, kind in columns)}\n"


def _macro(table: str, columns: list[tuple[str, str]]) -> str:
    entries = ",\n  ".join(
        f"{{'name': '{name}', 'datatype': common.typed('{kind}')}}" for name, kind in columns
    )
    return (
        f"{{% macro get_{table}_columns() %}}\n{{% set columns = [\n  {entries}\n] %}}\n"
        "{{ common.add_columns(columns, var('extra_columns')) }}\n"
        "{{ return(columns) }}\n{% endmacro %}\n"
    )


def _passing_model(table: str) -> str:
    return (
        f"{{{{ config(enabled=var('connector_using_{table}', true)) }}}}\n\n"
        f"{{{{ common.source_of('{table}') }}}}\n"
    )


def _staging_model(table: str, number: int) -> str:
    label = ",\n    {{ common.shared_label('kind') }} as label" if number < SHARED_BY else ""
    return f"""\
{{{{ config(enabled=var('connector_using_{table}', true)) }}}}

with base as (
  select * from {{{{ ref('stg_{table}_tmp') }}}}
),

fields as (
  select
    {{{{ common.staged_columns(
        found=adapter.get_columns_in_relation(ref('stg_{table}_tmp')),
        wanted=get_{table}_columns()
    ) }}}}
  from base
)

select
  fields.*{label}
  {{% if var('connector_using_labels', false) %}}, 'connector' as origin{{% endif %}}
from fields
"""


def _mart(table: str, earlier: list[str]) -> str:
    chance = random.Random(table)
    others = chance.sample(earlier, min(len(earlier), chance.randint(0, 3)))
    joins = "".join(
        f"left join {{{{ ref('stg_{other}') }}}} as t{index} on t{index}.id = base.id\n"
        for index, other in enumerate(others)
    )
    columns = "".join(
        ",\n  {{ dbt.datediff('base.updated_at', "
        f"'t{index}.updated_at', 'day') }}}} as days_{index}"
        for index in range(len(others))
    )
    return f"""\
with base as (
  select * from {{{{ ref('stg_{table}') }}}}
)

select
  base.id,
  base.kind{columns}
  {{% for each in var('extra_columns') %}}, base.{{{{ each }}}}{{% endfor %}}
from base
{joins}"""


def _sources(tables: list[str]) -> str:
    lines = ["version: 2", "sources:", "  - name: connector"]
    lines += ["    schema: \"{{ var('connector_schema', 'connector') }}\"", "    tables:"]
    for table in tables:
        lines += [f"      - name: {table}"]
        lines += [f"        identifier: \"{{{{ var('{table}_identifier', '{table}') }}}}\""]
    return "\n".join(lines) + "\n"


def _properties(tables: list[str]) -> str:
    lines = ["version: 2", "models:"]
    for table in tables:
        lines += [
            f"  - name: stg_{table}",
            f"    description: What the service knows of {table}.",
            "    columns:",
            "      - name: id",
            "        description: The service's key.",
            "        data_tests: [unique, not_null]",
            "      - name: kind",
            "        data_tests:",
            "          - values_are_kinds:",
            '              arguments: {kinds: "{{ connector.allowed_kinds() }}"}',
            f"  - name: mart_{table}",
            "    columns:",
            "      - name: id",
            "        data_tests:",
            "          - relationships:",
            f"              arguments: {{to: ref('stg_{table}'), field: id}}",
            "              config:",
            "                severity: \"{{ 'warn' if target.name == 'dev' else 'error' }}\"",
        ]
    return "\n".join(lines) + "\n"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--nodes", type=int, default=2000)
    arguments = parser.parse_args()
    write_connector_load(arguments.directory, arguments.nodes)


if __name__ == "__main__":
    main()
