"""Generic and singular tests: what they find, and how that is judged."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from headrace import Status

from .support import Ran, relations, run

WriteProject = Callable[[Mapping[str, str]], Path]

ORDERS = (
    "{{ config(materialized='table') }}\n"
    "select 1 id, 'open' state, 1 customer union all select 2, 'done', 1 "
    "union all select 2, 'lost', 9 union all select null, null, null"
)


async def check(
    write_project: WriteProject, column: str, test: str, files: Mapping[str, str] | None = None
) -> Ran:
    """Build `orders` and test one of its columns; `test` is the entry's YAML."""
    schema = (
        "models:\n  - name: orders\n    columns:\n"
        f"      - name: {column}\n        data_tests:\n          - {test}\n"
    )
    root = write_project(
        {"models/orders.sql": ORDERS, "models/schema.yml": schema, **(files or {})}
    )
    await run(root, "run")
    return await run(root, "test")


def only_result(ran: Ran) -> tuple[Status, int | None]:
    (result,) = ran.outcome.results
    return result.status, result.failures


CUSTOMERS = {"models/customers.sql": "select 1 as id"}


async def test_tests_of_an_entry_in_the_wrong_section_count(write_project: WriteProject) -> None:
    root = write_project(
        {
            "models/orders.sql": "select 1 as id",
            "seeds/raw.csv": "id\n1\n1\n",
            "models/raw.yml": "models: [{name: raw, columns: [{name: id, data_tests: [unique]}]}]",
        }
    )

    ran = await run(root, "build")

    assert ran.statuses["unique_raw_id"] is Status.FAIL
    assert ran.warnings == [
        "'raw' is a seed, but it stands under 'models:' in models/raw.yml: its tests count, and "
        "nothing else does. Move it to 'seeds:'."
    ]


@pytest.mark.parametrize(
    ("column", "test", "expected"),
    [
        ("id", "unique", (Status.FAIL, 1)),
        ("id", "not_null", (Status.FAIL, 1)),
        ("state", "unique", (Status.PASS, 0)),
        ("state", "accepted_values: {values: [open, done]}", (Status.FAIL, 1)),
        ("state", "accepted_values: {values: [open, done, lost]}", (Status.PASS, 0)),
        ("state", 'accepted_values: {values: [open, done, lost, "it\'s"]}', (Status.PASS, 0)),
        ("id", "accepted_values: {values: [1, 2], quote: false}", (Status.PASS, 0)),
        ("customer", "relationships: {to: ref('customers'), field: id}", (Status.FAIL, 1)),
        ("id", "not_null: {where: state is not null}", (Status.PASS, 0)),
        ("id", "not_null: {config: {where: \"state = 'open'\"}}", (Status.PASS, 0)),
        ("state", "accepted_values: {arguments: {values: [none]}}", (Status.FAIL, 3)),
        ("state", "accepted_values: {values: [none], limit: 2}", (Status.FAIL, 2)),
        ("id", "not_null: {severity: warn}", (Status.WARN, 1)),
        ("id", "not_null: {severity: WARN}", (Status.WARN, 1)),
        ("state", "accepted_values: {values: [none], error_if: '>3'}", (Status.WARN, 3)),
        ("state", "accepted_values: {values: [none], error_if: '>2'}", (Status.FAIL, 3)),
        (
            "state",
            "accepted_values: {values: [none], error_if: '>3', warn_if: '>3'}",
            (Status.PASS, 0),
        ),
        (
            "state",
            "accepted_values: {values: [none], severity: warn, error_if: '>0', warn_if: '>9'}",
            (Status.PASS, 0),
        ),
        ("id", "unique: {fail_calc: sum(n_records)}", (Status.FAIL, 2)),
        ("state", "unique: {fail_calc: max(n_records)}", (Status.PASS, 0)),
    ],
)
async def test_generic_test_counts_and_judges(
    write_project: WriteProject, column: str, test: str, expected: tuple[Status, int]
) -> None:
    ran = await check(write_project, column, test, CUSTOMERS)

    assert only_result(ran) == expected
    assert ran.exit_code == (1 if expected[0] is Status.FAIL else 0)


async def test_message_says_what_was_found_and_which_rule_judged_it(
    write_project: WriteProject,
) -> None:
    entry = "accepted_values: {values: [none], error_if: '>2', name: known_states}"

    ran = await check(write_project, "state", entry)

    assert ran.result("known_states").message == "Got 3 results, configured to fail if >2"


async def test_test_leaves_nothing_in_the_database(
    write_project: WriteProject, tmp_path: Path
) -> None:
    await check(write_project, "id", "unique")

    assert relations(tmp_path / "shop") == {"orders": "table"}


async def test_generic_test_of_the_project_itself(write_project: WriteProject) -> None:
    macro = (
        "{% test at_least(model, column_name, least=0) %}\n"
        "select * from {{ model }} where {{ column_name }} < {{ least }}\n{% endtest %}"
    )

    ran = await check(
        write_project, "id", "at_least: {least: 2}", {"tests/generic/at_least.sql": macro}
    )

    assert only_result(ran) == (Status.FAIL, 1)


async def test_singular_test_counts_the_rows_of_its_query(write_project: WriteProject) -> None:
    root = write_project(
        {
            "models/orders.sql": ORDERS,
            "tests/none_lost.sql": "select * from {{ ref('orders') }} where state = 'lost'",
            "tests/none_new.sql": "{{ config(severity='warn', tags=['slow']) }}\n"
            "select * from {{ ref('orders') }} where state in ('new', 'open')",
        }
    )
    await run(root, "run")

    ran = await run(root, "test")

    assert ran.statuses == {"none_lost": Status.FAIL, "none_new": Status.WARN}
    assert ran.result("none_lost").failures == 1


async def test_singular_test_may_end_in_a_comment(write_project: WriteProject) -> None:
    root = write_project({"tests/commented.sql": "select 1 as id where false -- none"})

    ran = await run(root, "test")

    assert ran.statuses == {"commented": Status.PASS}


async def test_test_on_what_was_never_built_is_an_error_with_its_file(
    write_project: WriteProject,
) -> None:
    schema = "models: [{name: orders, columns: [{name: id, data_tests: [unique]}]}]"
    root = write_project({"models/orders.sql": ORDERS, "models/schema.yml": schema})

    ran = await run(root, "test")

    error = ran.error("unique_orders_id")
    assert "Database Error in test unique_orders_id (models/schema.yml)" in error
    assert "no such table: main.orders" in error


@pytest.mark.parametrize(
    ("entry", "part"),
    [
        ("unique: {fail_calc: \"'many'\"}", "fail_calc must give a number, not 'many'"),
        ("unique: {warn_if: 'is wrong('}", "syntax error"),
    ],
)
async def test_test_that_can_not_be_judged_is_an_error(
    write_project: WriteProject, entry: str, part: str
) -> None:
    ran = await check(write_project, "id", entry)

    assert ran.statuses == {"unique_orders_id": Status.ERROR}
    assert part in ran.error("unique_orders_id")


@pytest.mark.parametrize(
    ("answer", "status"),
    [("0", Status.PASS), ("'false'", Status.PASS), ("'T'", Status.FAIL), ("'x'", Status.ERROR)],
)
async def test_own_macro_answers_in_text_too(
    write_project: WriteProject, answer: str, status: Status
) -> None:
    macro = (
        "{% macro get_test_sql(main_sql, fail_calc, warn_if, error_if, limit) %}"
        f"select 2 as failures, {answer} as should_warn, {answer} as should_error"
        "{% endmacro %}"
    )

    ran = await check(write_project, "id", "not_null", {"macros/m.sql": macro})

    assert ran.statuses == {"not_null_orders_id": status}
    if status is Status.ERROR:
        assert "'get_test_sql' returns 'x'" in ran.error("not_null_orders_id")


async def test_test_on_a_seed_and_on_a_source(write_project: WriteProject) -> None:
    root = write_project(
        {
            "seeds/raw.csv": "id\n1\n1\n",
            "seeds/schema.yml": "seeds: [{name: raw, columns: [{name: id, tests: [unique]}]}]",
            "models/sources.yml": "sources: [{name: lake, schema: main, tables: "
            "[{name: raw, columns: [{name: id, tests: [not_null]}]}]}]",
        }
    )

    await run(root, "seed")

    ran = await run(root, "test")

    assert ran.statuses == {
        "unique_raw_id": Status.FAIL,
        "source_not_null_lake_raw_id": Status.PASS,
    }


async def test_condition_may_refer_to_other_relations(write_project: WriteProject) -> None:
    properties = """
sources: [{name: till, schema: main, tables: [{name: closed, identifier: shut}]}]
models:
  - name: orders
    columns:
      - name: paid
        data_tests:
          - not_null:
              name: paid_where_shipped
              config:
                where: "id in (select id from {{ ref('shipped') }})
                  and id not in (select id from {{ source('till', 'closed') }})"
"""
    root = write_project(
        {
            "models/orders.sql": "select 1 as id, 10 as paid union all select 2, null",
            "models/shipped.sql": "select {{ var('shipped', 1) }} as id",
            "models/shut.sql": "select 3 as id",
            "models/properties.yml": properties,
        }
    )
    await run(root)

    passed = await run(root, "test")
    built = await run(root, "build", vars={"shipped": 2})

    assert passed.exit_code == 0, passed.outcome
    assert built.statuses["paid_where_shipped"] is Status.FAIL
    manifest = json.loads((root / "target/manifest.json").read_text())
    (test,) = (node for node in manifest["nodes"].values() if node["resource_type"] == "test")
    assert sorted(test["depends_on"]["nodes"]) == [
        "model.shop.orders",
        "model.shop.shipped",
        "source.shop.till.closed",
    ]


async def test_two_tests_of_one_name_have_a_file_each(write_project: WriteProject) -> None:
    properties = """
models:
  - name: orders
    columns:
      - {name: id, data_tests: [{not_null: {name: filled}}]}
      - {name: paid, data_tests: [{not_null: {name: filled}}]}
"""
    root = write_project(
        {
            "models/orders.sql": "select 1 as id, 10 as paid",
            "models/properties.yml": properties,
        }
    )

    await run(root, "build")

    files = sorted((root / "target/compiled/shop/models/properties.yml").iterdir())
    assert len(files) == 2
    assert files[-1].name == "filled.sql"
    texts = [path.read_text() for path in files]
    assert sorted("where id is null" in text for text in texts) == [False, True]
