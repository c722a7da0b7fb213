"""What other people's projects do with templates, and dbt lets them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from headrace import Status

from .support import PROJECT, relations, rows, run

WriteProject = Callable[[Mapping[str, str]], Path]

MACROS = """
{% macro default__other(name) %}{{ ref(name) }}{% endmacro %}
{% macro other(name) %}{{ ref(name) }}{% endmacro %}
{% macro by_name(macro, name) %}{{ shop[macro](name) }}{% endmacro %}
{% macro loop_over_rows() %}
  {% for row in run_query('select 1 as id') %}{% endfor %}select * from {{ ref('base') }}
{% endmacro %}
{% macro env_var(name, default=none) %}
  {{ return(builtins.env_var(name, default) ~ '!') }}
{% endmacro %}
"""
BASE = "select 1 as id"


@pytest.mark.parametrize(
    "model",
    [
        "select * from {{ var('table') }}",
        "select * from {{ adapter.dispatch('other')('base') }}",
        "{% set find = adapter.dispatch('other') %}select * from {{ find('base') }}",
        "select * from {{ shop['other']('base') }}",
        "{% set package = shop %}select * from {{ package.other('base') }}",
        "select * from {{ by_name('other', 'base') }}",
        """select * from {{ render("{{ ref('base') }}") }}""",
        "{{ loop_over_rows() }}",
    ],
)
async def test_dependency_that_only_a_render_finds(write_project: WriteProject, model: str) -> None:
    root = write_project(
        {
            "dbt_project.yml": PROJECT + """vars: {table: "{{ ref('base') }}"}\n""",
            "macros/all.sql": MACROS,
            "models/base.sql": BASE,
            "models/a.sql": model,
        }
    )

    ran = await run(root)

    assert ran.statuses == {"base": Status.SUCCESS, "a": Status.SUCCESS}
    assert rows(root, "select id from a") == [(1,)]


@pytest.mark.parametrize(
    "model",
    [
        "{% do config.set('materialized', 'table') %}select 1 as id",
        "{% set c = config %}{{ c(materialized='table') }}select 1 as id",
        "{% call set_sql_header(config) %}create temp table t as select 1 as id;{% endcall %}"
        "{{ config(materialized='table') }}select id from t",
    ],
)
async def test_configuration_that_only_a_render_finds(
    write_project: WriteProject, model: str
) -> None:
    root = write_project({"models/a.sql": model})

    ran = await run(root)

    assert ran.statuses == {"a": Status.SUCCESS}
    assert relations(root) == {"a": "table"}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("var('rendered')", "dev and 3"),
        ("var('plain')", "plain"),
        ("var('listed') | join", "{{ 1 }}"),
        ("env_var('NOT_THERE', 'x')", "x!"),
        ("config.get('meta').get('owner', 'nobody')", "nobody"),
        ("config.get('tags') | length", "0"),
        ("config.get('on_schema_change')", "ignore"),
        ("config.get('alias', 'other')", "None"),
        ("config.get('something', 'other')", "other"),
        ("api.Relation.create(identifier='t') | replace('\"', '')", "t"),
        ("[1, 2] is sameas [1, 2] or [1] | is_list", "True"),
        ("'ref' in context.keys()", "True"),
        ("flags.INDIRECT_SELECTION", "eager"),
        ("api.Column('a', 'int').string_type(9)", "character varying(9)"),
        ("this.View ~ this.Table", "viewtable"),
    ],
)
async def test_what_an_expression_gives(
    write_project: WriteProject, expression: str, value: str
) -> None:
    variables = (
        "vars: {rendered: '{{ target.name }} and {{ 1 + 2 }}', plain: plain, listed: ['{{ 1 }}']}"
    )
    root = write_project(
        {
            "dbt_project.yml": f"{PROJECT}{variables}\n",
            "macros/all.sql": MACROS,
            "models/base.sql": BASE,
            "models/a.sql": f"select '{{{{ {expression} }}}}' as x",
        }
    )

    await run(root)

    assert rows(root, "select x from a") == [(value,)]


async def test_loops_may_be_left_and_gone_on_with(write_project: WriteProject) -> None:
    loop = "{% for i in range(9) %}{% if i == 1 %}{% continue %}{% endif %}"
    loop += "{% if i == 3 %}{% break %}{% endif %}, {{ i }} as c{{ i }}{% endfor %}"
    root = write_project({"models/a.sql": f"select 9 as id{loop}"})

    await run(root)

    assert rows(root, "select * from a") == [(9, 0, 2)]


async def test_lists_of_a_tests_arguments_are_rendered(write_project: WriteProject) -> None:
    values = """{arguments: {values: ["{{ 0 + 1 }}", 2], quote: false}}"""
    root = write_project(
        {
            "models/base.sql": BASE,
            "models/schema.yml": "models:\n- name: base\n  columns:\n  - name: id\n"
            f"    data_tests:\n    - accepted_values: {values}\n",
        }
    )

    ran = await run(root, "build")

    assert set(ran.statuses.values()) == {Status.SUCCESS, Status.PASS}


async def test_hook_of_nothing_but_a_comment_is_passed_over(write_project: WriteProject) -> None:
    root = write_project({"models/a.sql": "{{ config(post_hook='-- nothing') }}select 1 as id"})

    ran = await run(root)

    assert ran.statuses == {"a": Status.SUCCESS}


@pytest.mark.parametrize("kind", ["table", "view"])
async def test_hook_finds_the_relation_that_was_just_built(
    write_project: WriteProject, kind: str
) -> None:
    hook = "{{ 'select nonsense from nowhere' if load_relation(this) is none }}"
    config = f'{{{{ config(materialized="{kind}", post_hook="{hook}") }}}}'
    root = write_project({"models/a.sql": f"{config}select 1 as id"})

    ran = await run(root)

    assert ran.statuses == {"a": Status.SUCCESS}


@pytest.mark.parametrize("strategy", ["delete+insert", "append"])
async def test_empty_unique_key_is_none(write_project: WriteProject, strategy: str) -> None:
    config = f"config(materialized='incremental', incremental_strategy='{strategy}', unique_key='')"
    root = write_project({"models/a.sql": f"{{{{ {config} }}}}select 1 as id"})
    await run(root)

    ran = await run(root)

    assert ran.statuses == {"a": Status.SUCCESS}
    assert rows(root, "select id from a") == [(1,), (1,)]


async def test_columns_of_a_contract_are_rendered(write_project: WriteProject) -> None:
    schema = """models:
- name: a
  config: {materialized: table, contract: {enforced: true}}
  columns:
  - {name: "{{ var('column', 'id') }}", data_type: "{{ var('type', 'integer') }}",
     constraints: [{type: check, expression: "id < {{ 1 + 9 }}", name: ignored as in dbt}]}
  - {name: name, data_type: string}
"""
    root = write_project({"models/a.sql": "select 1 as id, 'x' as name", "models/s.yml": schema})

    ran = await run(root)

    assert ran.statuses == {"a": Status.SUCCESS}
    ((sql,),) = rows(root, "select sql from sqlite_master where name = 'a'")
    assert "id integer check (id < 10)" in sql


@pytest.mark.parametrize(
    ("markdown", "message"),
    [
        (
            "{% docs a %}x{% enddocs %}\n{% docs a %}y{% enddocs %}",
            "found two docs with the name 'a'",
        ),
        ("text\n{% docs a %}x", "docs.md:2: the docs block 'a' has no end"),
        (
            "{% docs a %}{{ nothing() }}{% enddocs %}",
            "docs.md:1: the docs block 'a' can't be rendered",
        ),
    ],
)
async def test_docs_block_that_is_none(
    write_project: WriteProject, markdown: str, message: str
) -> None:
    root = write_project({"models/base.sql": BASE, "models/docs.md": markdown})

    ran = await run(root, "parse")

    assert ran.exit_code == 2
    assert message in str(ran.outcome.error)


async def test_descriptions_are_rendered(write_project: WriteProject) -> None:
    schema = """models:
- name: base
  description: "in {{ target.name }}: {{ doc('a') }}"
  columns: [{name: id, description: "{{ var('x', 'no') }} key"}]
"""
    markdown = "{% docs a %}{{ 2 * 3 }}{# no #} {% raw %}{{ kept }}{% endraw %}{% enddocs %}"
    root = write_project(
        {"models/base.sql": BASE, "models/schema.yml": schema, "models/docs.md": markdown}
    )

    ran = await run(root, "ls", output="json", output_keys=("description", "columns"))

    assert '"description":"in dev: 6 {{ kept }}"' in ran.lines[0].replace('": ', '":')
    assert "no key" in ran.lines[0]


async def test_test_that_nobody_has_fails_alone(write_project: WriteProject) -> None:
    schema = "models: [{name: base, columns: [{name: id, data_tests: [uniqe, not_null]}]}]\n"
    root = write_project({"models/base.sql": BASE, "models/schema.yml": schema})

    ran = await run(root, "build")

    assert ran.statuses == {
        "base": Status.SUCCESS,
        "not_null_base_id": Status.PASS,
        "uniqe_base_id": Status.ERROR,
    }
    assert "'test_uniqe' is undefined" in ran.error("uniqe_base_id")


async def test_graph_says_what_stands_in_the_database(write_project: WriteProject) -> None:
    schema = "models: [{name: base, columns: [{name: id, data_tests: [unique]}]}]\n"
    names = (
        "{% set found = [] %}{% if execute %}{% for node in graph.nodes.values() %}"
        "{% do found.append(node.name ~ '=' ~ node.relation_name ~ (node.primary_key or '')) %}"
        "{% endfor %}{% endif %}select '{{ found | sort | join(' ') | replace('\"', '') "
        "| replace(\"'\", '') }}' as x"
    )
    root = write_project(
        {
            "dbt_project.yml": PROJECT + "on-run-start: select 1\n",
            "models/base.sql": BASE,
            "models/cte.sql": "{{ config(materialized='ephemeral') }}select 1 as id",
            "models/graph.sql": names,
            "models/schema.yml": schema,
            "tests/own.sql": "{{ config(store_failures=true) }}select 1 where false",
        }
    )

    await run(root)

    ((said,),) = rows(root, "select x from graph")
    assert said.split() == [
        "base=main.base[id]",
        "cte=None",
        "graph=main.graph",
        "own=main_dbt_test__audit.own",
        "shop-on-run-start-0=None",
        "unique_base_id=None",
    ]


async def test_schemas_of_kept_rows_are_among_those_that_were_built_in(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "dbt_project.yml": PROJECT + 'on-run-end: "{{ log(schemas | join, info=true) }}"\n',
            "tests/kept.sql": "{{ config(store_failures=true) }}select 1 where false",
            "tests/other.sql": "{{ config(schema='elsewhere') }}select 1 where false",
        }
    )

    ran = await run(root, "test")

    assert ran.messages == ["main_dbt_test__audit"]


async def test_run_hook_depends_on_the_macros_of_packages_that_it_names(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "dbt_project.yml": PROJECT + 'on-run-end: "{{ util.upload(results) }}"\n',
            "packages.yml": "packages: [{local: ../util}]",
            "dbt_packages/util/dbt_project.yml": "name: util",
            "dbt_packages/util/macros/m.sql": "{% macro upload(results) %}select 1{% endmacro %}",
        }
    )

    await run(root, "parse")

    manifest = json.loads((root / "target" / "manifest.json").read_bytes())
    (hook,) = (node for id_, node in manifest["nodes"].items() if id_.startswith("operation."))
    assert hook["depends_on"]["macros"] == ["macro.util.upload"]
