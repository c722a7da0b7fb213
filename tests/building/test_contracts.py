"""Contracts: a model that doesn't keep what it promised of its columns isn't built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from headrace import Status

from .support import DATABASE, relations, rows, run

WriteProject = Callable[[Mapping[str, str]], Path]

PROPERTIES = """
models:
  - name: orders
    config: {contract: {enforced: true}, materialized: MATERIALIZED, on_schema_change: fail}
    constraints:
      - {type: check, expression: amount >= 0, name: not_negative}
    columns:
      - name: id
        data_type: integer
        constraints: [{type: not_null}, {type: primary_key}]
      - {name: amount, data_type: integer}
      - name: kind
        data_type: text
        constraints: [{type: unique}]
"""


@pytest.fixture
def project(write_project: WriteProject) -> Callable[..., Path]:
    def write(sql: str, materialized: str = "table") -> Path:
        return write_project(
            {
                "models/orders.sql": sql,
                "models/orders.yml": PROPERTIES.replace("MATERIALIZED", materialized),
            }
        )

    return write


@pytest.mark.parametrize("materialized", ["table", "incremental"])
async def test_table_has_the_columns_and_constraints_of_its_contract(
    project: Callable[..., Path], materialized: str
) -> None:
    root = project("select 'a' as kind, 5 as amount, 1 as id", materialized)

    ran = await run(root)

    assert ran.exit_code == 0, ran.outcome.results
    assert rows(root, "select * from orders") == [(1, 5, "a")]
    ((ddl,),) = rows(root, "select sql from sqlite_master where name = 'orders'")
    assert "id int not null primary key" in " ".join(ddl.split())
    assert "constraint not_negative check (amount >= 0)" in " ".join(ddl.split())
    assert ran.result("orders").message == "INSERT 1"


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        ("select 1 as id, -5 as amount, 'a' as kind", "CHECK constraint failed: not_negative"),
        ("select null as id, 5 as amount, 'a' as kind", "NOT NULL constraint failed"),
        (
            "select 1 as id, 5 as amount, 'a' as kind union all select 2, 6, 'a'",
            "UNIQUE constraint failed",
        ),
    ],
)
async def test_row_against_a_constraint_fails_the_model_and_keeps_the_old_table(
    project: Callable[..., Path], sql: str, problem: str
) -> None:
    root = project("select 7 as id, 5 as amount, 'old' as kind")
    await run(root)
    (root / "models/orders.sql").write_text(sql)

    ran = await run(root)

    assert ran.exit_code == 1
    assert problem in ran.error("orders")
    assert rows(root, "select id from orders") == [(7,)]


@pytest.mark.parametrize("materialized", ["table", "view"])
async def test_columns_that_differ_are_told_in_a_table(
    project: Callable[..., Path], materialized: str
) -> None:
    root = project("select 1 as id, 5 as amount, 'x' as sort", materialized)

    ran = await run(root)

    error = ran.error("orders")
    assert ran.exit_code == 1
    assert "This model has an enforced contract that failed." in error
    assert "| kind " in error
    assert "missing in definition" in error
    assert "missing in contract" in error
    assert relations(root) == {}


async def test_contract_without_types_is_refused(write_project: WriteProject) -> None:
    root = write_project(
        {
            "models/orders.sql": "select 1 as id, 2 as n",
            "models/orders.yml": "models: [{name: orders, config: {contract: {enforced: true}, "
            "materialized: table}, columns: [{name: id, data_type: integer}, {name: n}]}]",
        }
    )

    error = (await run(root)).error("orders")

    assert "require data_type to be defined for each column" in error
    assert "`n`" in error


async def test_contract_that_is_not_enforced_does_nothing(write_project: WriteProject) -> None:
    root = write_project(
        {
            "models/orders.sql": "{{ config(contract={'enforced': false}) }} select '1' as x",
            "models/orders.yml": "models: [{name: orders, columns: [{name: id, data_type: int, "
            "constraints: [{type: not_null}]}]}]",
        }
    )

    ran = await run(root)

    assert ran.statuses == {"orders": Status.SUCCESS}
    assert rows(root, "select * from orders") == [("1",)]
    ((ddl,),) = rows(root, "select sql from sqlite_master where name = 'orders'")
    assert "not null" not in ddl


async def test_incremental_model_under_contract_must_say_what_of_new_columns(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "models/orders.sql": "{{ config(materialized='incremental', "
            "contract={'enforced': true}) }} select 1 as id",
        }
    )

    ran = await run(root)

    assert ran.exit_code == 2
    assert "must set on_schema_change to 'append_new_columns' or 'fail'" in str(ran.outcome.error)
    assert not (root / DATABASE).exists()


async def test_contract_is_kept_by_what_is_added_to_an_incremental_model(
    project: Callable[..., Path],
) -> None:
    root = project("select 1 as id, 5 as amount, 'a' as kind", "incremental")
    properties = root / "models" / "orders.yml"
    properties.write_text(properties.read_text().replace(": fail}", ": append_new_columns}"))
    await run(root)
    (root / "models/orders.sql").write_text("select 2 as id, 6 as amount, 'b' as kind, 7 as more")

    ran = await run(root)

    assert ran.statuses == {"orders": Status.ERROR}
    assert "| more        |                 |               | missing in contract |" in (
        ran.error("orders").replace("INTEGER", "       ").replace("integer", "       ")
    )
    assert rows(root, "select * from orders") == [(1, 5, "a")]


@pytest.mark.parametrize(("kind", "is_warned"), [("Numeric", True), ("numeric(5, 2)", False)])
async def test_numeric_without_a_precision_is_warned_of(
    write_project: WriteProject, kind: str, is_warned: bool
) -> None:
    root = write_project(
        {
            "models/m.sql": f"select cast(1.5 as {kind}) as amount",
            "models/m.yml": "models: [{name: m, config: {contract: {enforced: true}}, "
            f"columns: [{{name: amount, data_type: '{kind}'}}]}}]",
        }
    )

    ran = await run(root)

    assert ran.exit_code == 0, ran.outcome
    assert [one for one in ran.warnings if "unspecified precision/scale" in one] == (
        [
            "Detected columns with numeric type and unspecified precision/scale, this can lead "
            "to unintended rounding: ['amount']"
        ]
        if is_warned
        else []
    )
