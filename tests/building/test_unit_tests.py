"""Unit tests on SQLite: a model's SQL over rows that are given, before the model is built."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from headrace import Status

from .support import Ran, relations, run

WriteProject = Callable[[Mapping[str, str]], Path]

CUSTOMERS = (
    "{{ config(materialized='table') }}\n"
    "select cast(1 as integer) as id, 'Ada' as name, '2024-01-31' as born, 1.5 as amount"
)
TOTALS = (
    "select c.id, upper(c.name) as name, c.born, c.amount * {{ var('rate', 2) }} as amount,\n"
    "  '{{ env_var('WHO', 'nobody') }}' as who, {{ half(4) }} as half\n"
    "from {{ ref('customers') }} as c"
)
HALF = "{% macro half(number) %}{{ number }} / 2{% endmacro %}"
GIVEN = "given: [{input: ref('customers'), rows: [{id: 1, name: Ada, amount: 1.5}]}]"

FILES = {
    "models/customers.sql": CUSTOMERS,
    "models/totals.sql": TOTALS,
    "macros/half.sql": HALF,
}


def yaml_of(*tests: str) -> str:
    """A properties file of unit tests, each as a flow mapping without its braces."""
    return "unit_tests:\n" + "".join(f"  - {{{test}}}\n" for test in tests)


def of_totals(more: str, name: str = "checked") -> str:
    return f"name: {name}, model: totals, {more}"


async def check(
    write_project: WriteProject,
    *tests: str,
    files: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Ran:
    """Build the inputs, and run the unit tests alone."""
    root = write_project({**FILES, "models/tests.yml": yaml_of(*tests), **(files or {})})
    ran = await run(root, "run", select=("customers",))
    assert ran.exit_code == 0
    return await run(root, "test", environ=environ)


async def test_model_is_tested_over_the_rows_given(write_project: WriteProject) -> None:
    ran = await check(
        write_project,
        of_totals(f"{GIVEN}, expect: {{rows: [{{id: 1, name: ADA, amount: 3}}]}}"),
    )

    assert ran.statuses == {"checked": Status.PASS}
    result = ran.result("checked")
    assert (result.failures, result.message) == (0, "")
    assert result.node.display_name == "totals::checked"
    assert result.compiled_code is not None
    assert result.compiled_code.startswith("with __dbt__cte__customers as (")


async def test_what_differs_is_shown(write_project: WriteProject) -> None:
    ran = await check(
        write_project,
        of_totals(f"{GIVEN}, expect: {{rows: [{{id: 1, name: Ada}}, {{id: 2, name: B}}]}}"),
    )

    assert ran.exit_code == 1
    assert ran.statuses == {"checked": Status.FAIL}
    assert ran.result("checked").failures == 1
    assert ran.result("checked").message == (
        "actual differs from expected:\n\n@@ ,id,name\n→  ,1 ,Ada→ADA\n---,2 ,B\n"
    )
    assert "Failure in unit_test checked (models/tests.yml)" in ran.error("checked")


@pytest.mark.parametrize(
    ("given", "expect"),
    [
        ("{rows: []}", "{rows: []}"),
        ("{rows: [{id: 1}]}", "{rows: [{name: null, born: null}]}"),
        ("{rows: [{ID: 1, NAME: x}]}", "{rows: [{Id: 1, NAME: X}]}"),
        ("{rows: [{id: 1, born: 2024-02-03}]}", "{rows: [{born: 2024-02-03}]}"),
        ('{rows: [{name: "it\'s"}]}', '{rows: [{name: "IT\'S"}]}'),
        ("{rows: [{id: 2}, {id: 1}]}", "{rows: [{id: 1}, {id: 2}]}"),
        ('{format: csv, rows: "id,name\\n1,a\\n2,\\n"}', "{rows: [{id: 1, name: A}, {id: 2}]}"),
        ("{rows: [{id: 1, amount: 2.5}]}", '{format: csv, rows: "id,amount\\n1,5.0\\n"}'),
        (
            "{format: sql, rows: \"select 7 as id, 'x' as name, null as born, 1 as amount\"}",
            "{format: sql, rows: \"select 'X' as name, 7 as id\"}",
        ),
        ("{format: csv, fixture: people}", "{format: csv, fixture: people_in_capitals.csv}"),
        ("{format: sql, fixture: people_sql}", "{rows: [{name: Q}]}"),
    ],
)
async def test_rows_may_be_written_in_each_form(
    write_project: WriteProject, given: str, expect: str
) -> None:
    entry = f"given: [{{input: ref('customers'), {given[1:-1]}}}], expect: {expect}"

    ran = await check(
        write_project,
        of_totals(entry),
        files={
            "tests/fixtures/people.csv": "id,name\n1,a\n2,b\n",
            "tests/fixtures/people_in_capitals.csv": "id,name\n2,B\n1,A\n",
            "tests/fixtures/people_sql.sql": "select 1 as id, '{{ 'q' }}' as name, "
            "null as born, null as amount",
        },
    )

    assert ran.statuses == {"checked": Status.PASS}, ran.result("checked").error


async def test_vars_macros_and_environment_are_overridden_for_this_test_only(
    write_project: WriteProject,
) -> None:
    overrides = "overrides: {vars: {rate: 10}, env_vars: {WHO: me}, macros: {half: 7}}"
    ran = await check(
        write_project,
        of_totals(f"{GIVEN}, {overrides}, expect: {{rows: [{{amount: 15, who: me, half: 7}}]}}"),
        of_totals(f"{GIVEN}, expect: {{rows: [{{amount: 3, who: you, half: 2}}]}}", name="plain"),
        environ={"WHO": "you"},
    )

    assert ran.statuses == {"checked": Status.PASS, "plain": Status.PASS}


@pytest.mark.parametrize(
    ("model", "macros", "answer"),
    [
        ("select '{{ dbt.current_timestamp() }}' as x", "{current_timestamp: now}", "now"),
        ("select '{{ current_timestamp() }}' as x", '{"dbt.current_timestamp": now}', "now"),
        ("select '{{ invocation_id }}' as x", "{invocation_id: abc}", "abc"),
        ("select '{{ builtins.var('rate', 1) }}' as x", "{half: 1}", "1"),
    ],
)
async def test_macro_of_dbt_is_overridden_by_either_name(
    write_project: WriteProject, model: str, macros: str, answer: str
) -> None:
    ran = await check(
        write_project,
        f"name: checked, model: clock, given: [], overrides: {{macros: {macros}}}, "
        f"expect: {{rows: [{{x: '{answer}'}}]}}",
        files={"models/clock.sql": model},
    )

    assert ran.statuses == {"checked": Status.PASS}, ran.result("checked").message


async def test_macro_that_only_its_package_sees_is_overridden_for_it(
    write_project: WriteProject,
) -> None:
    lent = (
        "{% macro tenth(n) %}{{ n }} / 10{% endmacro %}\n"
        "{% macro lent() %}{{ tenth(5) }}{% endmacro %}"
    )
    ran = await check(
        write_project,
        "name: checked, model: owed, given: [], overrides: {macros: {tenth: 7}}, "
        "expect: {rows: [{x: 7}]}",
        files={
            "models/owed.sql": "select {{ bank.lent() }} as x",
            "dbt_packages/bank/dbt_project.yml": "name: bank\nversion: '1.0'\n",
            "dbt_packages/bank/macros/lent.sql": lent,
        },
    )

    assert ran.statuses == {"checked": Status.PASS}, ran.result("checked").message


async def test_more_rows_are_given_and_expected_than_one_union_may_have(
    write_project: WriteProject,
) -> None:
    many = "id,name\n" + "".join(f"{number},c{number}\n" for number in range(1203))
    given = "given: [{input: ref('customers'), format: csv, fixture: many}]"
    ran = await check(
        write_project,
        f"name: same, model: copied, {given}, expect: {{format: csv, fixture: many}}",
        f"name: wrong, model: copied, {given}, expect: {{format: csv, fixture: last_other}}",
        files={
            "models/copied.sql": "select id, name from {{ ref('customers') }}",
            "tests/fixtures/many.csv": many,
            "tests/fixtures/last_other.csv": many.replace("c1202", "other"),
        },
    )

    assert ran.statuses == {"same": Status.PASS, "wrong": Status.FAIL}
    assert "→  ,1202,other→c1202" in str(ran.result("wrong").message)


INCREMENTAL = (
    "{{ config(materialized='incremental') }} select id, name from {{ ref('customers') }}\n"
    "{% if is_incremental() %}where id > (select max(id) from {{ this }}){% endif %}"
)
ROWS = "{input: ref('customers'), rows: [{id: 1, name: a}, {id: 5, name: b}]}"


async def test_both_ways_of_an_incremental_model_are_tested(write_project: WriteProject) -> None:
    root = write_project(
        {
            **FILES,
            "models/inc.sql": INCREMENTAL,
            "models/tests.yml": yaml_of(
                f"name: first, model: inc, overrides: {{macros: {{is_incremental: false}}}}, "
                f"given: [{ROWS}], expect: {{rows: [{{id: 1}}, {{id: 5}}]}}",
                f"name: later, model: inc, overrides: {{macros: {{is_incremental: true}}}}, "
                f"given: [{ROWS}, {{input: this, rows: [{{id: 3}}]}}], "
                "expect: {rows: [{id: 5, name: b}]}",
            ),
        }
    )
    await run(root, "run")

    ran = await run(root, "test")

    assert ran.statuses == {"first": Status.PASS, "later": Status.PASS}


async def test_source_a_seed_and_what_is_called_alike_are_inputs(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "seeds/cities.csv": "city,people\nBern,1\nWien,2\n",
            "models/lake.yml": "sources: [{name: lake, schema: main, "
            "tables: [{name: towns, identifier: cities}]}]",
            "models/both.sql": "select s.city, c.people from {{ ref('cities') }} c "
            "join {{ source('lake', 'towns') }} s on s.city = c.city",
            "models/tests.yml": yaml_of(
                "name: checked, model: both, given: [{input: ref('cities')}, "
                "{input: \"source('lake', 'towns')\", rows: [{city: Wien}]}], "
                "expect: {rows: [{city: Wien, people: 2}]}"
            ),
        }
    )
    await run(root, "seed")

    ran = await run(root, "test")

    assert ran.statuses == {"checked": Status.PASS}, ran.result("checked").error


EPHEMERAL = {
    "models/eph.sql": "{{ config(materialized='ephemeral') }} select 1 as id",
    "models/above.sql": "select id + 1 as id from {{ ref('eph') }}",
}


async def test_rows_of_an_ephemeral_input_are_given_in_each_form(
    write_project: WriteProject,
) -> None:
    ran = await check(
        write_project,
        "name: as_sql, model: above, given: "
        "[{input: ref('eph'), format: sql, rows: select 4 as id}], expect: {rows: [{id: 5}]}",
        "name: as_rows, model: above, given: [{input: ref('eph'), rows: [{id: 4}]}], "
        "expect: {rows: [{id: 5}]}",
        files=EPHEMERAL,
    )

    assert ran.statuses == {"as_sql": Status.PASS, "as_rows": Status.PASS}


@pytest.mark.parametrize(
    ("entry", "parts"),
    [
        (
            "given: [], expect: {rows: [{id: 1}]}",
            [
                "depends on a node named 'customers' which was not found",
                "'- {input: ref('customers'), rows: []}'",
            ],
        ),
        (
            "given: [{input: ref('custmers'), rows: []}], expect: {rows: []}",
            ["had an input (ref('custmers')) which was not found", "Did you mean 'customers'?"],
        ),
        (
            "given: [{input: customers, rows: []}], expect: {rows: []}",
            ["'customers' can't be read: a call such as ref('orders')", "may also be `this`"],
        ),
        (
            "given: [{input: ref('customers'), rows: []}, {input: ref('customers'), rows: []}], "
            "expect: {rows: []}",
            ["the input ref('customers') is given twice"],
        ),
        (
            "given: [{input: ref('customers'), rows: [{nam: x}]}], expect: {rows: []}",
            ["Invalid column name: 'nam' in unit test fixture for 'customers'", "'born'"],
        ),
        (
            f"{GIVEN}, expect: {{rows: [{{nme: x}}]}}",
            ["Invalid column name: 'nme' in unit test fixture for expected output", "'half'"],
        ),
        (
            f"{GIVEN}, expect: {{format: sql, rows: select 1 as nme}}",
            ["Invalid column name: 'nme' in unit test fixture for expected output"],
        ),
        (
            "given: [{input: ref('customers'), format: sql, "
            "rows: 'select * from {{ \"{{ ref(1) }}\" }}'}], expect: {rows: []}",
            ["can't come from a relation"],
        ),
    ],
)
async def test_what_is_wrong_with_a_test_is_said_with_its_place(
    write_project: WriteProject, entry: str, parts: list[str]
) -> None:
    ran = await check(write_project, of_totals(entry))

    assert ran.statuses == {"checked": Status.ERROR}
    error = ran.error("checked")
    assert all(part in error for part in ["models/tests.yml:2", *parts]), error


async def test_columns_of_an_input_that_was_never_built_are_those_of_its_sql(
    write_project: WriteProject,
) -> None:
    expect = "expect: {rows: [{id: 1, name: ADA, amount: 3.0, half: 2}]}"
    root = write_project({**FILES, "models/tests.yml": yaml_of(of_totals(f"{GIVEN}, {expect}"))})

    ran = await run(root, "test")

    assert ran.statuses == {"checked": Status.PASS}, ran.outcome.results
    assert relations(root) == {}


async def test_input_whose_columns_nobody_knows_is_an_error_with_a_remedy(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            **FILES,
            "models/customers.sql": "select * from {{ source('lake', 'people') }}",
            "models/lake.yml": "sources: [{name: lake, schema: main, tables: [{name: people}]}]",
            "models/tests.yml": yaml_of(of_totals(f"{GIVEN}, expect: {{rows: []}}")),
        }
    )

    ran = await run(root, "test")

    error = ran.error("checked")
    assert "Not able to get columns for unit test 'customers' from relation" in error
    assert "doesn't tell them: 'people' has no columns with a data_type." in error
    assert "Build it first, if only with --empty, or describe all of its columns" in error


async def test_chain_of_what_was_never_built_may_be_long(write_project: WriteProject) -> None:
    length = 300
    chain = {
        f"models/step_{n}.sql": f"select id + 1 as id from {{{{ ref('step_{n - 1}') }}}}"
        for n in range(1, length)
    }
    last = length - 1
    root = write_project(
        {
            **chain,
            "models/step_0.sql": "select 1 as id",
            "models/tests.yml": yaml_of(
                f"name: checked, model: step_{last}, given: [{{input: ref('step_{last - 1}'), "
                "rows: [{id: 4}]}], expect: {rows: [{id: 5}]}"
            ),
        }
    )

    ran = await run(root, "test")

    assert ran.statuses == {"checked": Status.PASS}, ran.outcome.results


async def test_unit_tests_come_before_their_model_and_keep_it_from_being_built(
    write_project: WriteProject, tmp_path: Path
) -> None:
    root = write_project(
        {
            **FILES,
            "models/below.sql": "select * from {{ ref('totals') }}",
            "models/tests.yml": yaml_of(
                of_totals(f"{GIVEN}, expect: {{rows: [{{id: 1}}]}}", name="right"),
                of_totals(f"{GIVEN}, expect: {{rows: [{{id: 2}}]}}", name="wrong"),
                "name: of_input, model: customers, given: [], expect: {rows: [{id: 1}]}",
            ),
        }
    )

    ran = await run(root, "build")

    assert ran.exit_code == 1
    assert ran.statuses == {
        "of_input": Status.PASS,
        "customers": Status.SUCCESS,
        "right": Status.PASS,
        "wrong": Status.FAIL,
        "totals": Status.SKIPPED,
        "below": Status.SKIPPED,
    }
    assert list(ran.statuses)[:2] == ["of_input", "customers"]
    assert relations(tmp_path / "shop") == {"customers": "table"}


async def test_unit_test_waits_for_the_data_tests_of_its_inputs(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            **FILES,
            "models/schema.yml": "models: [{name: customers, columns: "
            "[{name: id, data_tests: [{accepted_values: {values: [9]}}]}]}]",
            "models/tests.yml": yaml_of(of_totals(f"{GIVEN}, expect: {{rows: [{{id: 1}}]}}")),
        }
    )

    ran = await run(root, "build")

    assert ran.statuses["checked"] is Status.SKIPPED
    assert ran.statuses["totals"] is Status.SKIPPED


async def test_build_without_the_unit_tests_builds_the_model(write_project: WriteProject) -> None:
    root = write_project(
        {**FILES, "models/tests.yml": yaml_of(of_totals(f"{GIVEN}, expect: {{rows: []}}"))}
    )

    ran = await run(root, "build", exclude_resource_types=("unit_test",))

    assert ran.statuses == {"customers": Status.SUCCESS, "totals": Status.SUCCESS}


async def test_nothing_is_left_in_the_database_and_flags_change_nothing(
    write_project: WriteProject, tmp_path: Path
) -> None:
    root = write_project(
        {**FILES, "models/tests.yml": yaml_of(of_totals(f"{GIVEN}, expect: {{rows: []}}"))}
    )
    await run(root, "run", select=("customers",))

    ran = await run(root, "build", empty=True)

    assert ran.statuses["checked"] is Status.FAIL, "the rows given count, even with --empty"
    assert relations(tmp_path / "shop") == {"customers": "table"}


async def test_project_may_make_the_sql_of_fixtures_itself(write_project: WriteProject) -> None:
    ran = await check(
        write_project,
        of_totals(f"{GIVEN}, expect: {{rows: [{{id: 77}}]}}"),
        files={
            "macros/fixtures.sql": "{% macro get_fixture_sql(rows, types) %}"
            "select 77 as id, '' as name, '' as born, {{ rows | length }} as amount"
            "{% endmacro %}"
        },
    )

    assert ran.statuses == {"checked": Status.PASS}


async def test_model_sees_its_own_configuration(write_project: WriteProject) -> None:
    ran = await check(
        write_project,
        "name: checked, model: own, given: [], expect: {rows: [{owner: us, kind: table}]}",
        files={
            "models/own.sql": "{{ config(materialized='table', meta={'owner': 'us'}) }}\n"
            "select '{{ config.get('meta').owner }}' as owner, "
            "'{{ config.get('materialized') }}' as kind"
        },
    )

    assert ran.statuses == {"checked": Status.PASS}, ran.result("checked").message


async def test_each_version_of_a_model_is_tested(write_project: WriteProject) -> None:
    root = write_project(
        {
            "models/m_v1.sql": "select 1 as id",
            "models/m_v2.sql": "select 2 as id",
            "models/m_v3.sql": "select 3 as id",
            "models/schema.yml": "models: [{name: m, latest_version: 2, "
            "versions: [{v: 1}, {v: 2}, {v: 3}]}]\n"
            + yaml_of(
                "name: all, model: m, given: [], expect: {rows: [{id: 2}]}",
                "name: some, model: m, versions: {exclude: [2]}, given: [], "
                "expect: {rows: [{id: 1}]}",
            ),
        }
    )

    ran = await run(root, "test")

    found = {result.node.unique_id: result.status for result in ran.outcome.results}
    assert found == {
        "unit_test.shop.m.all_v1": Status.FAIL,
        "unit_test.shop.m.all_v2": Status.PASS,
        "unit_test.shop.m.all_v3": Status.FAIL,
        "unit_test.shop.m.some_v1": Status.PASS,
        "unit_test.shop.m.some_v3": Status.FAIL,
    }


async def test_results_and_files_are_where_dbt_has_them(write_project: WriteProject) -> None:
    root = write_project(
        {**FILES, "models/tests.yml": yaml_of(of_totals(f"{GIVEN}, expect: {{rows: []}}"))}
    )
    await run(root, "run", select=("customers",))

    await run(root, "test")

    document: dict[str, Any] = json.loads((root / "target/run_results.json").read_bytes())
    (entry,) = document["results"]
    assert entry["unique_id"] == "unit_test.shop.totals.checked"
    assert (entry["status"], entry["failures"], entry["relation_name"]) == ("fail", 1, None)
    assert entry["message"].startswith("actual differs from expected:\n\n@@ ,id,name")
    compiled = root / "target/compiled/shop/models/tests.yml/models/checked.sql"
    assert compiled.read_text() == entry["compiled_code"]
    executed = root / "target/run/shop/models/tests.yml/models/checked.sql"
    assert "dbt_internal_unit_test_expected" in executed.read_text()
