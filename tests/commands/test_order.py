"""run, seed, test and build: what each takes of a project, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from headrace import Status
from headrace.engine.core.events import NodeStarted, NothingToDo

from ..building.support import Ran, relations, rows, run, run_results

WriteProject = Callable[[Mapping[str, str]], Path]

SHOP = {
    "seeds/raw.csv": "id,amount\n1,10\n2,20\n",
    "models/orders.sql": "{{ config(materialized='table') }} select * from {{ ref('raw') }}",
    "models/totals.sql": "select sum(amount) as total from {{ ref('orders') }}",
    "models/aside.sql": "select 1 as id",
    "models/schema.yml": """
seeds:
  - name: raw
    columns: [{name: id, data_tests: [unique]}]
models:
  - name: orders
    columns: [{name: id, data_tests: [not_null]}]
""",
    "tests/some_total.sql": "select * from {{ ref('totals') }} where total is null",
}


def started(ran: Ran) -> list[str]:
    return [event.node.name for event in ran.events if isinstance(event, NodeStarted)]


async def test_seed_loads_seeds_alone(write_project: WriteProject) -> None:
    root = write_project(SHOP)

    ran = await run(root, "seed")

    assert ran.statuses == {"raw": Status.SUCCESS}
    assert relations(root) == {"raw": "table"}


async def test_run_builds_models_alone(write_project: WriteProject) -> None:
    root = write_project(SHOP)
    await run(root, "seed")

    ran = await run(root, "run")

    assert set(ran.statuses) == {"orders", "totals", "aside"}
    assert ran.exit_code == 0
    assert rows(root, "select total from totals") == [(30,)]


async def test_test_runs_tests_alone(write_project: WriteProject) -> None:
    root = write_project(SHOP)
    await run(root, "seed")
    await run(root, "run")

    ran = await run(root, "test")

    assert ran.statuses == {
        "unique_raw_id": Status.PASS,
        "not_null_orders_id": Status.PASS,
        "some_total": Status.PASS,
    }


async def test_build_takes_everything_in_the_order_of_the_graph(
    write_project: WriteProject,
) -> None:
    root = write_project(SHOP)

    ran = await run(root, "build", threads=1)

    order = started(ran)
    for first, then in (
        ("raw", "unique_raw_id"),
        ("unique_raw_id", "orders"),
        ("orders", "not_null_orders_id"),
        ("not_null_orders_id", "totals"),
        ("totals", "some_total"),
    ):
        assert order.index(first) < order.index(then), order
    assert set(ran.statuses.values()) == {Status.SUCCESS, Status.PASS}
    assert run_results(root).keys() == {result.node.unique_id for result in ran.outcome.results}


async def test_table_that_a_package_keeps_for_itself_is_there_for_its_macros(
    write_project: WriteProject,
) -> None:
    watched = "{% test watched(model) %}select * from main.measures where false{% endtest %}"
    files = {
        **SHOP,
        "models/more.yml": "models: [{name: totals, data_tests: [watch.watched]}]",
        "models/after.sql": "select * from {{ ref('totals') }}",
        "dbt_packages/watch/dbt_project.yml": "name: watch\nmodels: {+materialized: table}\n",
        "dbt_packages/watch/macros/watched.sql": watched,
        "dbt_packages/watch/models/measures.sql": "select 1 as id",
    }
    files["models/schema.yml"] = ""

    ran = await run(write_project(files), "build", threads=1)

    assert set(ran.statuses.values()) <= {Status.SUCCESS, Status.PASS}
    assert started(ran)[0] == "measures"


async def test_failed_test_skips_what_is_downstream_in_build(write_project: WriteProject) -> None:
    root = write_project({**SHOP, "seeds/raw.csv": "id,amount\n1,10\n1,20\n"})

    ran = await run(root, "build")

    assert ran.exit_code == 1
    assert ran.statuses == {
        "raw": Status.SUCCESS,
        "aside": Status.SUCCESS,
        "unique_raw_id": Status.FAIL,
        "orders": Status.SKIPPED,
        "not_null_orders_id": Status.SKIPPED,
        "totals": Status.SKIPPED,
        "some_total": Status.SKIPPED,
    }
    assert relations(root) == {"raw": "table", "aside": "view"}


async def test_test_of_severity_warn_skips_nothing_in_build(write_project: WriteProject) -> None:
    schema = "seeds: [{name: raw, columns: [{name: id, tests: [{unique: {severity: warn}}]}]}]"
    root = write_project(
        {**SHOP, "seeds/raw.csv": "id,amount\n1,10\n1,20\n", "models/schema.yml": schema}
    )

    ran = await run(root, "build")

    assert ran.exit_code == 0
    assert ran.statuses["unique_raw_id"] is Status.WARN
    assert ran.statuses["totals"] is Status.SUCCESS


async def test_failed_model_skips_its_descendants_and_no_others(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "models/a.sql": "select nonsense from nowhere",
            "models/b.sql": "select * from {{ ref('a') }}",
            "models/c.sql": "select * from {{ ref('b') }}",
            "models/d.sql": "select 1 as id",
        }
    )

    ran = await run(root)

    assert ran.exit_code == 1
    assert ran.statuses == {
        "a": Status.ERROR,
        "b": Status.SKIPPED,
        "c": Status.SKIPPED,
        "d": Status.SUCCESS,
    }
    assert "model.shop.a" in ran.result("b").message


async def test_order_holds_through_models_that_are_not_selected(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "models/z_first.sql": "select 1 as id",
            "models/middle.sql": "select * from {{ ref('z_first') }}",
            "models/a_last.sql": "select * from {{ ref('middle') }}",
        }
    )
    await run(root)

    ran = await run(root, exclude=("middle",), threads=1)

    assert started(ran) == ["z_first", "a_last"]


async def test_failed_model_skips_a_descendant_through_one_that_is_not_selected(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "models/first.sql": "select nonsense from nowhere",
            "models/middle.sql": "select * from {{ ref('first') }}",
            "models/last.sql": "select 1 as id -- depends_on: {{ ref('middle') }}",
        }
    )

    ran = await run(root, exclude=("middle",))

    assert ran.statuses == {"first": Status.ERROR, "last": Status.SKIPPED}


@pytest.mark.parametrize("command", ["run", "seed", "test", "build", "compile"])
async def test_project_of_nothing_has_nothing_to_do(
    write_project: WriteProject, command: str
) -> None:
    root = write_project({})

    ran = await run(root, command)

    assert ran.exit_code == 0
    assert [event for event in ran.events if isinstance(event, NothingToDo)]
    assert not (root / "shop.db").exists()


async def test_second_run_gives_the_same_database(write_project: WriteProject) -> None:
    root = write_project(SHOP)
    await run(root, "build")
    before = (relations(root), rows(root, "select * from orders"))

    ran = await run(root, "build")

    assert ran.exit_code == 0
    assert (relations(root), rows(root, "select * from orders")) == before


async def test_templates_know_what_was_selected(write_project: WriteProject) -> None:
    model = "select '{{ selected_resources | join(',') }}' as ids -- {{ ref('a') }}"
    root = write_project({"models/a.sql": "select 1 as id", "models/b.sql": model})

    await run(root)
    await run(root, select=("b",))

    assert rows(root, "select ids from b") == [("model.shop.b",)]
