"""The load of the benchmarks: a layered project of N models, one row each.

    python bench/project_load.py DIRECTORY --models 1000 [--kind literal | mixed | templated]

Each model has one to four parents in the layers before it and a few CTEs. About one test a model
is declared, in properties files of twenty models each. Deterministic: the same N gives the same
files. There are three kinds, with the same parents:

    literal     nothing but `ref('…')`
    mixed       one model in ten uses a loop, a macro or a variable
    templated   every model has loops, a variable and macros that call macros
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

LAYERS = 10
MODELS_PER_FILE = 20
SEED = 20_25

PROJECT = """\
name: load
version: '1.0'
config-version: 2
profile: load
vars:
  factor: 3
  origin: load
models:
  load:
    +materialized: {materialized}
    layer_0:
      +tags: [first]
"""
PROFILES = """\
load:
  target: sqlite
  outputs:
    sqlite: {type: sqlite, path: load.db, schema: main, threads: 1}
    duckdb: {type: duckdb, path: load.duckdb, schema: main, threads: 4}
    testing: {type: testing, schema: main, threads: 16}
"""
MACROS = """\
{% macro scaled(column, factor=2) %}({{ column }} * {{ factor }}){% endmacro %}

{% macro columns_of(count) -%}
  {%- for i in range(count) %}{{ i }} as extra_{{ i }}{{ ', ' if not loop.last }}{% endfor -%}
{%- endmacro %}

{% macro quantity(column) -%}
  cast(coalesce({{ column }}, 0) as {{ dbt.type_numeric() }})
{%- endmacro %}

{% macro weighted(column, weight) -%}
  {%- if weight == 1 -%} {{ quantity(column) }}
  {%- else -%} {{ scaled(quantity(column), weight) }} / {{ weight }}
  {%- endif -%}
{%- endmacro %}

{% macro total(column) -%}
  sum({{ weighted(column, var('factor')) }})
{%- endmacro %}

{% macro picked(columns) -%}
  id{% for column in columns %}, {{ quantity(column) }} as {{ column }}{% endfor %}
{%- endmacro %}
"""
MEASURES = ("amount", "tax", "fee", "weight")


class Kind(StrEnum):
    """How much of a model is template."""

    LITERAL = "literal"  # calls of ref and no more
    MIXED = "mixed"  # one model in ten uses a loop, a macro or a variable
    TEMPLATED = "templated"  # every model has loops, a variable and macros that call macros


@dataclass(frozen=True)
class LoadModel:
    """One model of the load: its layer, its parents and its SQL."""

    name: str
    layer: int
    parents: tuple[str, ...]
    sql: str


def load_models(count: int, kind: Kind = Kind.MIXED) -> Iterator[LoadModel]:
    """The models, parents first."""
    chance = random.Random(SEED)
    earlier: list[list[str]] = [[] for _ in range(LAYERS)]
    for number in range(count):
        layer = number * LAYERS // count
        name = f"model_{number:05d}"
        above = [parent for names in earlier[max(0, layer - 3) : layer] for parent in names]
        wanted = min(len(above), chance.randint(1, 4))
        parents = tuple(chance.sample(above, wanted)) if layer else ()
        earlier[layer].append(name)
        yield LoadModel(name, layer, parents, _SQL[kind](number, parents))


def write_load(
    directory: Path, count: int, materialized: str = "table", kind: Kind = Kind.MIXED
) -> None:
    """Write the whole project."""
    (directory / "macros").mkdir(parents=True, exist_ok=True)
    (directory / "dbt_project.yml").write_text(PROJECT.format(materialized=materialized))
    (directory / "profiles.yml").write_text(PROFILES)
    (directory / "macros" / "load.sql").write_text(MACROS)
    models = list(load_models(count, kind))
    for model in models:
        folder = directory / "models" / f"layer_{model.layer}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{model.name}.sql").write_text(model.sql)
    for start in range(0, count, MODELS_PER_FILE):
        text = _properties(models[start : start + MODELS_PER_FILE])
        (directory / "models" / f"properties_{start:05d}.yml").write_text(text)


def _literal_sql(number: int, parents: tuple[str, ...], amount: str = "sum(amount)") -> str:
    if not parents:
        return f"select {number} as id, {number} as amount, 'root' as label\n"
    ctes = ",\n".join(
        f"p{i} as (\n    select id, amount from {{{{ ref('{parent}') }}}}\n)"
        for i, parent in enumerate(parents)
    )
    joined = " union all ".join(f"select * from p{i}" for i in range(len(parents)))
    return (
        f"with {ctes},\nall_parents as (\n    {joined}\n)\n\n"
        f"select {number} as id, {amount} as amount, 'derived' as label\nfrom all_parents\n"
    )


def _mixed_sql(number: int, parents: tuple[str, ...]) -> str:
    amount = {
        0: "{{ scaled('sum(amount)', 1) }}",
        1: "sum(amount) * {{ var('factor') }} / {{ var('factor') }}",
        2: "sum(amount) {% for i in range(3) %}+ {{ i }}{% endfor %}",
    }.get(number % 30, "sum(amount)")
    return _literal_sql(number, parents, amount)


def _templated_sql(number: int, parents: tuple[str, ...]) -> str:
    if not parents:
        return f"""\
{{% set measures = {list(MEASURES)} %}}
with given as (
    select {number} as id
    {{%- for measure in measures %}}, {number} as {{{{ measure }}}}{{% endfor %}}
)

select {{{{ picked(measures) }}}}, '{{{{ var('origin') }}}}' as label
from given
"""
    ctes = ",\n".join(
        f"p{i} as (\n    select {{{{ picked(measures) }}}} from {{{{ ref('{parent}') }}}}\n)"
        for i, parent in enumerate(parents)
    )
    return f"""\
{{% set measures = {list(MEASURES)} %}}
{{% set summed = {list(MEASURES[: 2 + number % 3])} %}}
with {ctes},
all_parents as (
    {{% for i in range({len(parents)}) -%}}
    select * from p{{{{ i }}}} {{{{ 'union all' if not loop.last }}}}
    {{% endfor %}}
)

select
    {number} as id,
    {{% for measure in measures -%}}
    {{{{ total(measure) if measure in summed else 0 }}}} as {{{{ measure }}}},
    {{% endfor -%}}
    '{{{{ var('origin') }}}}' as label
from all_parents
"""


_SQL = {
    Kind.LITERAL: _literal_sql,
    Kind.MIXED: _mixed_sql,
    Kind.TEMPLATED: _templated_sql,
}


def _properties(models: list[LoadModel]) -> str:
    lines = ["version: 2", "models:"]
    for model in models:
        lines += [
            f"  - name: {model.name}",
            f"    description: Model number {model.name} of the load.",
            "    columns:",
            "      - name: id",
            "        description: The model's number.",
            "        data_tests:",
            "          - not_null",
        ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--models", type=int, default=1000)
    parser.add_argument("--materialized", default="table")
    parser.add_argument("--kind", type=Kind, choices=list(Kind), default=Kind.MIXED)
    given = parser.parse_args()
    write_load(given.directory, given.models, given.materialized, given.kind)


if __name__ == "__main__":
    main()
