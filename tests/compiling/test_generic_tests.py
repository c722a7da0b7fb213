"""The SQL of generic tests: what is tested, and arguments with Jinja in them."""

from __future__ import annotations

import pytest

from ..conftest import WriteProject
from .support import compiling

SHOWING = (
    "{% test showing(model, column_name=none, value=none) %}"
    "{{ model }}|{{ column_name }}|{{ value }}|{{ value is string }}{% endtest %}"
)


async def shown(write_project: WriteProject, value: str, **files: str) -> str:
    """What a test macro sees of an argument that is written so in YAML."""
    root = write_project(
        {
            "macros/showing.sql": SHOWING,
            "models/m.sql": "select 1 as a",
            "models/other.sql": "select 1 as a",
            "models/s.yml": "models:\n"
            "  - name: m\n"
            "    columns:\n"
            "      - name: a\n"
            f"        data_tests: [showing: {{name: t, value: {value}}}]\n"
            "sources: [{name: raw, tables: [{name: orders}]}]\n",
        }
    )
    async with compiling(root, vars={"names": ["x", "y"], "n": 3}) as project:
        text = await project.sql("t")
    model, column, rest = text.split("|", 2)
    assert (model, column) == ('"main"."m"', "a")
    return rest


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("1.50", "1.5|False"),
        ("plain text", "plain text|True"),
        ("[1, b, null]", "[1, 'b', None]|False"),
        ("{k: [1]}", "{'k': [1]}|False"),
        ("ref('other')", '"main"."other"|False'),
        ("\"{{ ref('shop', 'other') }}\"", '"main"."other"|False'),
        ("\"source('raw', 'orders')\"", '"raw"."orders"|False'),
        ("\"{{ var('names') }}\"", "['x', 'y']|False"),
        ("\"{{ var('n') + 1 }}\"", "4|False"),
        ("\"n = {{ var('n') }}\"", "n = 3|True"),
        ("\"{% if var('n') > 2 %}big{% endif %}\"", "big|True"),
        ("var('n')", "3|False"),
        ("refresh('x')", "refresh('x')|True"),
    ],
)
async def test_argument_is_evaluated_and_keeps_its_type(
    write_project: WriteProject, written: str, expected: str
) -> None:
    assert await shown(write_project, written) == expected


async def test_built_in_tests_find_the_rows_that_should_not_be_there(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "models/m.sql": "{{ config(materialized='ephemeral') }}"
            "select 1 as a, 'x' as b union all select 1, 'z' union all select null, 'x'",
            "models/other.sql": "{{ config(materialized='ephemeral') }}select 2 as id",
            "models/s.yml": "models:\n"
            "  - name: m\n"
            "    columns:\n"
            "      - name: a\n"
            "        data_tests:\n"
            "          - unique: {name: unique}\n"
            "          - not_null: {name: filled}\n"
            "          - relationships: {name: related, to: ref('other'), field: id}\n"
            "          - accepted_values: {name: numbers, values: [1], quote: false}\n"
            "      - name: b\n"
            "        quote: true\n"
            '        data_tests: [accepted_values: {name: texts, values: [x, "y"]}]\n',
        }
    )

    async with compiling(root) as project:
        found = {
            name: list((await project.rows(name)).rows)
            for name in ("unique", "filled", "related", "numbers", "texts")
        }

    assert found == {
        "unique": [(1, 2)],
        "filled": [(None,)],
        "related": [(1,), (1,)],
        "numbers": [],
        "texts": [("z", 1)],
    }


async def test_where_filters_what_is_tested(write_project: WriteProject) -> None:
    root = write_project(
        {
            "macros/showing.sql": SHOWING,
            "models/m.sql": "select 1 as a",
            "models/s.yml": "models: [{name: m, data_tests: "
            "[showing: {name: t, config: {where: \"a > {{ var('least', 5) }}\"}}]}]\n",
        }
    )

    async with compiling(root) as project:
        text = await project.sql("t")

    assert text.split("|")[0].split() == (
        '(select * from "main"."m" where a > 5) as dbt_subquery'.split()
    )


async def test_test_of_a_source_reads_the_sources_table(write_project: WriteProject) -> None:
    root = write_project(
        {
            "macros/showing.sql": SHOWING,
            "models/s.yml": "sources:\n"
            "  - name: raw\n"
            "    schema: main\n"
            "    tables: [{name: t, identifier: events, data_tests: [showing: {name: shown}]}]\n",
        }
    )

    async with compiling(root) as project:
        assert (await project.sql("shown")).startswith('"main"."events"|None|')


async def test_macro_of_a_test_may_refer_to_other_models_and_run_queries(
    write_project: WriteProject,
) -> None:
    macro = (
        "{% test mine(model) %}{% set n = run_query('select 40 + 2').rows[0][0] if execute %}"
        "select {{ n }} as n from {{ ref('other') }}{% endtest %}"
    )
    root = write_project(
        {
            "macros/mine.sql": macro,
            "models/m.sql": "select 1 as a",
            "models/other.sql": "select 1 as a",
            "models/s.yml": "models: [{name: m, data_tests: [mine]}]\n",
        }
    )

    async with compiling(root) as project:
        assert await project.sql("mine_m_") == 'select 42 as n from "main"."other"'


async def test_singular_test_is_a_template_as_a_model_is(write_project: WriteProject) -> None:
    root = write_project(
        {
            "models/m.sql": "{{ config(materialized='ephemeral') }}select 1 as a",
            "tests/one.sql": "select * from {{ ref('m') }} where a > {{ var('least', 0) }}",
            "tests/two.sql": "{% set x = 2 %}select * from {{ ref('m') }} where a > {{ x }}",
        }
    )

    async with compiling(root) as project:
        assert list((await project.rows("one")).rows) == [(1,)]
        assert list((await project.rows("two")).rows) == []
