"""Tests that keep the rows that they find."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from headrace import Status

from .support import relations, rows, run

WriteProject = Callable[[Mapping[str, str]], Path]

AUDIT = "main_dbt_test__audit"
AUDIT_FILE = f"shop.{AUDIT}.db"
ORDERS = (
    "{{ config(materialized='table') }}\n"
    "select 1 id, 'open' state union all select 1, 'done' union all select null, 'lost'"
)


def project(write_project: WriteProject, *tests: str, **files: str) -> Path:
    """A project with tests of `orders.id`, each as an entry's YAML."""
    entries = "".join(f"          - {test}\n" for test in tests)
    column = f"      - name: id\n        data_tests:\n{entries}"
    schema = f"models:\n  - name: orders\n    columns:\n{column}"
    return write_project(
        {"models/orders.sql": ORDERS, **({"models/schema.yml": schema} if tests else {}), **files}
    )


def stored(root: Path, name: str) -> list[tuple[Any, ...]]:
    return rows(root, f'select * from "{name}" order by 1', AUDIT_FILE)


def results(root: Path) -> dict[str, dict[str, Any]]:
    document = json.loads((root / "target/run_results.json").read_bytes())
    return {entry["unique_id"].split(".")[2]: entry for entry in document["results"]}


async def test_rows_that_fail_are_kept_in_a_table_of_the_tests_name(
    write_project: WriteProject,
) -> None:
    root = project(write_project, "unique: {config: {store_failures: true}}", "not_null")
    await run(root, "run")

    ran = await run(root, "test")

    assert ran.statuses == {"unique_orders_id": Status.FAIL, "not_null_orders_id": Status.FAIL}
    assert relations(root, AUDIT_FILE) == {"unique_orders_id": "table"}
    assert stored(root, "unique_orders_id") == [(1, 2)]
    query = f'select * from "{AUDIT}"."unique_orders_id"'
    assert f"See test failures:\n{'-' * len(query)}\n{query}\n" in ran.error("unique_orders_id")
    assert "See test failures" not in ran.error("not_null_orders_id")


async def test_kept_rows_are_those_of_the_last_run(write_project: WriteProject) -> None:
    root = project(write_project, "not_null: {config: {store_failures: true}}")
    await run(root, "build")
    first = stored(root, "not_null_orders_id")
    (root / "models/orders.sql").write_text("select 1 as id, 'open' as state")

    ran = await run(root, "build")

    assert first == [(None, "lost")]
    assert ran.statuses["not_null_orders_id"] is Status.PASS
    assert stored(root, "not_null_orders_id") == []


@pytest.mark.parametrize(
    ("config", "environ", "flag", "is_stored"),
    [
        ("{}", {}, None, False),
        ("{}", {}, True, True),
        ("{}", {"DBT_STORE_FAILURES": "1"}, None, True),
        ("{}", {"DBT_STORE_FAILURES": "1"}, False, False),
        ("{store_failures: false}", {}, True, False),
        ("{store_failures: true}", {}, False, True),
        ("{store_failures: true, store_failures_as: ephemeral}", {}, True, False),
        ("{store_failures: false, store_failures_as: table}", {}, None, True),
    ],
)
async def test_config_beats_the_flag_which_beats_the_environment(
    write_project: WriteProject,
    config: str,
    environ: Mapping[str, str],
    flag: bool | None,
    is_stored: bool,
) -> None:
    root = project(write_project, f"unique: {{config: {config}}}")
    await run(root, "run")

    ran = await run(root, "test", environ=environ, store_failures=flag)

    assert ran.statuses == {"unique_orders_id": Status.FAIL}
    name = f'"{AUDIT}"."unique_orders_id"'
    assert results(root)["unique_orders_id"]["relation_name"] == (name if is_stored else None)
    assert (root / AUDIT_FILE).exists() is is_stored


async def test_every_setting_of_the_test_is_heeded(write_project: WriteProject) -> None:
    root = project(
        write_project,
        "accepted_values: {values: [9], config: {store_failures: true, limit: 1, where: 'id = 1', "
        "fail_calc: sum(n_records), warn_if: '>5', error_if: '>1', alias: bad, schema: kept}}",
    )
    await run(root, "run")

    ran = await run(root, "test")

    (result,) = ran.outcome.results
    assert (result.status, result.failures) == (Status.FAIL, 2)
    assert rows(root, "select * from bad", "shop.main_kept.db") == [(1, 2)]


async def test_singular_test_keeps_its_rows_and_warns(write_project: WriteProject) -> None:
    files = {
        "tests/none_lost.sql": "{{ config(store_failures=true, severity='warn') }}\n"
        "select * from {{ ref('orders') }} where state = 'lost'"
    }
    root = project(write_project, **files)
    await run(root, "run")

    ran = await run(root, "test")

    assert ran.statuses == {"none_lost": Status.WARN}
    assert stored(root, "none_lost") == [(None, "lost")]
    entry = results(root)["none_lost"]
    assert entry["message"] == "Got 1 result, configured to warn if != 0"
    assert entry["relation_name"] == f'"{AUDIT}"."none_lost"'


async def test_project_may_say_it_for_all_tests_and_one_may_say_no(
    write_project: WriteProject,
) -> None:
    root = project(
        write_project,
        "unique",
        "not_null: {config: {store_failures: false}}",
        **{
            "dbt_project.yml": "name: shop\nversion: '1.0'\nconfig-version: 2\nprofile: shop\n"
            "data_tests: {shop: {+store_failures: true}}\n"
        },
    )
    await run(root, "run")

    await run(root, "test")

    assert relations(root, AUDIT_FILE) == {"unique_orders_id": "table"}


async def test_two_tests_can_not_keep_their_rows_in_one_relation(
    write_project: WriteProject,
) -> None:
    root = project(
        write_project,
        "unique: {config: {alias: found}}",
        "not_null: {config: {alias: FOUND}}",
    )
    await run(root, "run")

    apart = await run(root, "test")
    together = await run(root, "test", store_failures=True)

    assert apart.exit_code == 1
    assert (together.exit_code, together.outcome.results) == (2, ())
    problem = str(together.outcome.error)
    assert f"would both be stored as {AUDIT}.FOUND" in problem.replace("found", "FOUND")
    assert "Give the test another 'alias'" in problem


async def test_unknown_way_of_storing_is_an_error_of_the_test(write_project: WriteProject) -> None:
    root = project(write_project, "unique: {config: {store_failures_as: tabel}}")
    await run(root, "run")

    ran = await run(root, "test")

    assert ran.statuses == {"unique_orders_id": Status.ERROR}
    assert "'tabel' is not a valid value for `store_failures_as`" in ran.error("unique_orders_id")
    assert "Did you mean 'table'?" in ran.error("unique_orders_id")


async def test_failing_query_leaves_the_rows_of_last_time(write_project: WriteProject) -> None:
    files = {"tests/check.sql": "{{ config(store_failures=true) }} select 1 as id"}
    root = project(write_project, **files)
    await run(root, "test")
    (root / "tests/check.sql").write_text("{{ config(store_failures=true) }} select nope from x")

    ran = await run(root, "test")

    assert ran.statuses == {"check": Status.ERROR}
    assert stored(root, "check") == [(1,)]


async def test_project_decides_by_its_own_macro_whether_to_store(
    write_project: WriteProject,
) -> None:
    root = project(
        write_project,
        "unique: {config: {store_failures: true}}",
        **{
            "macros/mine.sql": "{% macro should_store_failures() %}"
            "{{ return(false) }}{% endmacro %}"
        },
    )
    await run(root, "run")

    ran = await run(root, "test")

    assert ran.statuses == {"unique_orders_id": Status.FAIL}
    assert relations(root, AUDIT_FILE) == {}


async def test_where_the_rows_are_is_in_the_manifest(write_project: WriteProject) -> None:
    root = project(write_project, "unique: {config: {store_failures: true}}", "not_null")

    await run(root, "parse")

    nodes = json.loads((root / "target/manifest.json").read_bytes())["nodes"].values()
    found = {node["name"]: (node["relation_name"], node["config"]) for node in nodes}
    name, config = found["unique_orders_id"]
    assert name == f'"{AUDIT}"."unique_orders_id"'
    assert (config["store_failures"], config["store_failures_as"]) == (True, "table")
    assert found["not_null_orders_id"][0] is None
