"""Projects as they were written for dbt 0.18, unmodified."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from headrace import Status

from ..conftest import WriteProject
from .support import Ran, rows, run

PROJECT = """\
name: shop
version: '0.0.1'
profile: shop
{version}source-paths: ["models"]
analysis-paths: ["analysis"]
data-paths: ["data"]
target-path: "target"
modules-path: dbt_modules
clean-targets: ["target", "dbt_modules"]
models:
  vars:
    everywhere: e
  shop:
    vars: {{start: '2020', own: all}}
    materialized: view
    staging:
      materialized: table
      vars: {{start: '2021'}}
      post-hook: {{sql: "insert into notes values ('hook')", transaction: true}}
  util:
    vars: {{given: "{{{{ target.name }}}}_x"}}
seeds:
  quote_columns: false
  shop:
    people:
      column_types: {{id: varchar}}
on-run-start: "create table if not exists notes (a text)"
"""
MACROS = """
{% macro day(x) %}{{ adapter_macro('util.day', x) }}{% endmacro %}
{% macro default__day(x) %}date({{ x }}){% endmacro %}
{% macro test_at_least(model) %}
{# a number of failures, and not their rows #}
select case when count(*) >= {{ kwargs.get('n', kwargs.get('arg')) }} then 0 else 1 end
from {{ model }}
{% endmacro %}
{% macro test_no_more_than(model, n) %}
with them as (select id from {{ model }} group by id)
select greatest_of - {{ n }} from (select count(*) as greatest_of from them) as counted
{% endmacro %}
{% macro test_nulls(model, column_name) %}
select count(*), 'x' from {{ model }} where {{ column_name }} is null
{% endmacro %}
{% macro test_odd(model, column_name) %}
select count(*) from {{ model }} where {{ column_name }} % 2 = 1
{% endmacro %}
"""
SCHEMA = """
version: 2
models:
- name: orders
  tests:
  - util.at_least: {arg: 2}
  columns: [{name: id, tests: [unique, not_null, util.odd: {severity: warn}]}]
- name: top
  tests: [util.at_least: {arg: 2}]
"""


def old_project(write_project: WriteProject, version: str = "") -> Path:
    seen = "'{{ var('start') }}' as start, '{{ var('own', 'none') }}' as own"
    return write_project(
        {
            "dbt_project.yml": PROJECT.format(version=version),
            "models/top.sql": f"select {seen}, '{{{{ var('everywhere') }}}}' as e, "
            "{{ util.day(\"'2020-01-02'\") }} as d",
            "models/staging/orders.sql": f"select id, {seen} from {{{{ ref('people') }}}}",
            "models/schema.yml": SCHEMA,
            "data/people.csv": "id,name\n1,a\n2,b\n3,c\n",
            "analysis/look.sql": "select * from {{ ref('top') }}",
            "dbt_modules/util/dbt_project.yml": "name: util\nversion: '0.1.0'\n"
            "config-version: 2\nvars: {own: utils, given: unset}\n",
            "dbt_modules/util/macros/m.sql": MACROS,
            "dbt_modules/util/models/u.sql": "select '{{ var('given') }}' as g, "
            "'{{ var('own') }}' as own, '{{ var('everywhere') }}' as e",
        }
    )


def failures(ran: Ran) -> dict[str, tuple[Status, int | None]]:
    return {result.node.name: (result.status, result.failures) for result in ran.outcome.results}


@pytest.mark.parametrize("version", ["", "config-version: 1\n"])
async def test_project_of_the_first_version_runs(write_project: WriteProject, version: str) -> None:
    root = old_project(write_project, version)

    seeded, ran = await run(root, "seed"), await run(root)

    assert (seeded.exit_code, ran.exit_code) == (0, 0), ran.outcome.error
    assert rows(root, "select * from top") == [("2020", "all", "e", "2020-01-02")]
    assert rows(root, "select distinct start, own from orders") == [("2021", "all")]
    assert rows(root, "select * from u") == [("dev_x", "utils", "e")]
    assert rows(root, "select a from notes") == [("hook",)]
    assert rows(root, "select distinct typeof(id) from people") == [("text",)]
    assert not any("configuration paths" in warning for warning in ran.warnings)
    nodes = json.loads((root / "target/manifest.json").read_text())["nodes"]
    assert nodes["seed.shop.people"]["config"]["column_types"] == {"id": "varchar"}


async def test_generic_test_of_old_gives_the_number_of_its_failures(
    write_project: WriteProject,
) -> None:
    root = old_project(write_project)
    await run(root, "seed")
    await run(root)

    ran = await run(root, "test")
    stored = await run(root, "test", store_failures=True)

    assert ran.exit_code == 1
    for found in (failures(ran), failures(stored)):
        assert found["util_at_least_orders_2"] == (Status.PASS, 0)
        assert found["util_at_least_top_2"] == (Status.FAIL, 1)
        assert found["util_odd_orders_id"] == (Status.WARN, 2)
        assert found["unique_orders_id"] == (Status.PASS, 0)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("select count(*) from m where id = 7", (Status.PASS, 0)),
        ("select count(*) from m", (Status.FAIL, 3)),
        ("select sum(id) as n /* , more */ from m -- , more\n", (Status.FAIL, 6)),
        ("with a as (select id, 1 from m group by id) select count(*) from a", (Status.FAIL, 3)),
        ("select 0 as success -- of all\n", (Status.PASS, 0)),
        ("SELECT 2", (Status.FAIL, 2)),
        # Rows, as of today: several columns, groups, a union, a window, a subquery.
        ("select count(*), 1 from m", (Status.FAIL, 1)),
        ("select count(*) from m group by id", (Status.FAIL, 3)),
        ("select count(*) from m having count(*) > 5", (Status.PASS, 0)),
        ("select count(*) from m union all select 0", (Status.FAIL, 2)),
        ("select count(*) over () from m", (Status.FAIL, 3)),
        ("select (select count(*) from m) from m", (Status.FAIL, 3)),
        ("select id from m", (Status.FAIL, 3)),
        ("select 0 where 1 = 1", (Status.FAIL, 1)),
        ("select 'a'", (Status.FAIL, 1)),
    ],
)
async def test_only_an_aggregate_without_groups_is_a_number(
    write_project: WriteProject, query: str, expected: tuple[Status, int]
) -> None:
    query = query.replace(" m", " {{ model }}")
    blocks = {
        "macro": f"{{% macro test_it(model) %}}{query}{{% endmacro %}}",
        "block": f"{{% test that(model) %}}{query}{{% endtest %}}",
    }
    root = write_project(
        {
            "macros/m.sql": "\n".join(blocks.values()),
            "models/m.sql": "select 1 as id union all select 2 union all select 3",
            "models/s.yml": "models: [{name: m, data_tests: [it, that]}]",
        }
    )

    found = failures(await run(root, "build"))

    assert found["it_m_"] == expected
    counted = int(rows(root, f"select count(*) from ({query.replace('{{ model }}', 'm')})")[0][0])
    assert found["that_m_"][1] == counted
