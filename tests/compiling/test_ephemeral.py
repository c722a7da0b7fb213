"""Ephemeral models: common table expressions in front of whatever reads them, each once."""

from __future__ import annotations

import pytest
from headrace.engine.core.errors import CompilationError
from headrace.engine.template.ctes import inject_ctes, without_last_semicolon

from ..conftest import WriteProject
from .support import compiling

EPHEMERAL = "{{ config(materialized='ephemeral') }}"
CTES = [("a", "select 1"), ("b", "select * from a")]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select 1", "with a as (\nX\n) select 1"),
        ("with b as (select 2) select 1", "with  a as (\nX\n), b as (select 2) select 1"),
        ("WITH b as (select 2) select 1", "WITH  a as (\nX\n), b as (select 2) select 1"),
        ("with\n  b as (select 2)\nselect 1", "with\n   a as (\nX\n), b as (select 2)\nselect 1"),
        (
            "with recursive b as (select 2) select 1",
            "with recursive  a as (\nX\n), b as (select 2) select 1",
        ),
        (
            "with\nrecursive b as (select 2) select 1",
            "with\nrecursive  a as (\nX\n), b as (select 2) select 1",
        ),
        ("-- note\nselect 1", "with a as (\nX\n) -- note\nselect 1"),
        (
            "/* with x */\n with b as (select 2)",
            "/* with x */\n with  a as (\nX\n), b as (select 2)",
        ),
        (
            "-- with\n/* a\n*/ --b\nwith b as (x)",
            "-- with\n/* a\n*/ --b\nwith  a as (\nX\n), b as (x)",
        ),
        ("select 'with' as without", "with a as (\nX\n) select 'with' as without"),
        ("withdrawals", "with a as (\nX\n) withdrawals"),
        ("(select 1)", "with a as (\nX\n) (select 1)"),
        ("\n\nselect 1", "\n\nwith a as (\nX\n) select 1"),
        ("", "with a as (\nX\n) "),
    ],
)
def test_expression_comes_first_and_under_the_selects_own_with(sql: str, expected: str) -> None:
    assert inject_ctes(sql, [("a", "X")]) == expected


def test_sql_without_ephemeral_parents_stays_as_it_is() -> None:
    assert inject_ctes("\n with a as (b) c", []) == "\n with a as (b) c"


def test_expressions_keep_their_order() -> None:
    assert inject_ctes("select 1", CTES).startswith(
        "with a as (\nselect 1\n),  b as (\nselect * from a\n) "
    )


async def test_three_levels_are_merged_parents_first_and_each_once(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "models/e1.sql": EPHEMERAL + "select 1 as id",
            "models/e2.sql": EPHEMERAL
            + "with x as (select * from {{ ref('e1') }}) select * from x",
            "models/e3.sql": EPHEMERAL
            + "select * from {{ ref('e2') }} union all select * from {{ ref('e1') }}",
            "models/m.sql": "-- first\nwith own as (select * from {{ ref('e3') }})\n"
            "select own.id from own, {{ ref('e1') }} as other, {{ ref('e3') }} as again",
        }
    )

    async with compiling(root) as project:
        sql = await project.sql("m")
        found = await project.rows("m")

    assert sql == (
        "-- first\n"
        "with  __dbt__cte__e1 as (\nselect 1 as id\n),  "
        "__dbt__cte__e2 as (\nwith x as (select * from __dbt__cte__e1) select * from x\n),  "
        "__dbt__cte__e3 as (\nselect * from __dbt__cte__e2 union all "
        "select * from __dbt__cte__e1\n), own as (select * from __dbt__cte__e3)\n"
        "select own.id from own, __dbt__cte__e1 as other, __dbt__cte__e3 as again"
    )
    assert list(found.rows) == [(1,)] * 4


async def test_expression_stands_under_with_recursive(write_project: WriteProject) -> None:
    root = write_project(
        {
            "models/start.sql": EPHEMERAL + "select 1 as n",
            "models/m.sql": "with recursive upto as (select n from {{ ref('start') }} union all "
            "select n + 1 from upto where n < 3) select n from upto",
        }
    )

    async with compiling(root) as project:
        found = await project.rows("m")

    assert list(found.rows) == [(1,), (2,), (3,)]


async def test_ephemeral_model_is_tested_by_a_generic_test(write_project: WriteProject) -> None:
    root = write_project(
        {
            "models/e1.sql": EPHEMERAL + "select 1 as id",
            "models/e2.sql": EPHEMERAL + "select id from {{ ref('e1') }} union all select null",
            "models/s.yml": "models:\n"
            "  - name: e2\n"
            "    columns:\n"
            "      - name: id\n"
            "        data_tests: [not_null, {not_null: {name: where, where: 'id > 0'}}]\n",
        }
    )

    async with compiling(root) as project:
        failing, passing = await project.rows("not_null_e2_id"), await project.rows("where")

    assert list(failing.rows) == [(None,)]
    assert list(passing.rows) == []


async def test_ephemeral_model_with_a_macro_and_a_comment_is_read_by_two(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "macros/one.sql": "{% macro one() %}{{ return(1) }}{% endmacro %}",
            "models/e.sql": EPHEMERAL + "{# hidden #} select {{ one() + 1 }} as id",
            "models/a.sql": "select id from {{ ref('e') }}",
            "models/b.sql": "{% if execute %}{% endif %}select id * 2 as id from {{ ref('e') }}",
        }
    )

    async with compiling(root) as project:
        assert [tuple((await project.rows(name)).rows) for name in "ab"] == [((2,),), ((4,),)]


async def test_failing_ephemeral_model_is_named_in_the_error_of_its_child(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "models/e.sql": EPHEMERAL + "\nselect {{ 1 / 0 }} as id",
            "models/m.sql": "select * from {{ ref('e') }}",
        }
    )

    async with compiling(root) as project:
        with pytest.raises(CompilationError) as raised:
            await project.sql("m")

    assert str(raised.value.location) == "models/e.sql:2"
    assert "model e (models/e.sql)" in [str(frame) for frame in raised.value.stack]


@pytest.mark.parametrize("length", [600, pytest.param(5000, marks=pytest.mark.slow)])
async def test_chain_longer_than_functions_may_call_each_other_is_compiled(
    write_project: WriteProject, length: int
) -> None:
    files = {
        f"models/m{number}.sql": f"{EPHEMERAL} select * from {{{{ ref('m{number - 1}') }}}}"
        for number in range(1, length)
    }
    files["models/m0.sql"] = f"{EPHEMERAL} select 1 as id"
    files["models/z.sql"] = f"select * from {{{{ ref('m{length - 1}') }}}}"
    root = write_project(files)

    async with compiling(root) as compilation:
        sql = await compilation.sql("z")

    first, last = sql.index("__dbt__cte__m0 as ("), sql.index(f"__dbt__cte__m{length - 1} as (")
    assert (sql.count(" as ("), first < last) == (length, True)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select 1;", "select 1"),
        ("select 1 ; \n", "select 1  \n"),
        ("select 1;;\n;", "select 1\n"),
        ("select 1; -- the end\n", "select 1 -- the end\n"),
        ("select 1;\n-- one\n/* two\n*/ --three", "select 1\n-- one\n/* two\n*/ --three"),
        ("select 1; select 2;", "select 1; select 2"),
        ("select ';'", "select ';'"),
        ("select 'a;\n-- b'", "select 'a;\n-- b'"),
        ('select 1 as ";--"', 'select 1 as ";--"'),
        ("select $$;--$$", "select $$;--$$"),
    ],
)
def test_semicolon_that_ends_a_select_is_taken_off(sql: str, expected: str) -> None:
    assert without_last_semicolon(sql) == expected


async def test_semicolons_of_models_end_no_statement_around_them(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "models/e.sql": EPHEMERAL + "select 1 as id;\n",
            "models/m.sql": "select * from {{ ref('e') }};\n-- the end\n",
        }
    )

    async with compiling(root) as project:
        sql = await project.sql("m")
        found = await project.rows("m")

    assert ";" not in sql
    assert found.rows == [(1,)]
