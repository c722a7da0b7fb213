"""Two first runs at once: what one has made meanwhile, the other goes on from."""

from __future__ import annotations

import pytest

from ..building.support import relations, rows, run, run_results
from ..conftest import WriteProject

# A hook stands for the other process: it makes the relation once the schema has been listed.
HOOK = (
    "{{{{ config(materialized='{kind}', pre_hook={{'sql': \"{sql}\", 'transaction': false}}) }}}}\n"
)
MAKE_TABLE = "create table if not exists main.orders as select 1 as id"
MAKE_VIEW = "create view if not exists main.orders as select 1 as id"


@pytest.mark.parametrize(
    ("kind", "other", "expected"),
    [
        ("incremental", MAKE_TABLE, [(1,), (2,)]),
        ("table", MAKE_TABLE, [(2,)]),
        ("table", MAKE_VIEW, [(2,)]),
        ("incremental", MAKE_VIEW, [(2,)]),
        ("view", MAKE_VIEW, [(2,)]),
    ],
)
async def test_relation_that_another_run_has_made_meanwhile_is_gone_on_from(
    write_project: WriteProject, kind: str, other: str, expected: list[tuple[int]]
) -> None:
    hook = HOOK.format(kind=kind, sql=other)
    root = write_project({"models/orders.sql": hook + "select 2 as id"})

    ran = await run(root)

    assert ran.exit_code == 0, ran.error("orders")
    assert rows(root, "select id from orders order by id") == expected
    assert run_results(root) == {"model.shop.orders": "success"}
    assert [warning for warning in ran.warnings if "already exists" in warning]


async def test_seed_that_another_run_has_loaded_meanwhile_is_loaded_anew(
    write_project: WriteProject,
) -> None:
    project = (
        "name: shop\nversion: '1.0'\nconfig-version: 2\nprofile: shop\n"
        f"seeds: {{+pre-hook: {{sql: '{MAKE_TABLE}', transaction: false}}}}\n"
    )
    root = write_project({"dbt_project.yml": project, "seeds/orders.csv": "id\n2\n3\n"})

    ran = await run(root, "seed")

    assert ran.exit_code == 0, ran.error("orders")
    assert rows(root, "select id from orders order by id") == [(2,), (3,)]


async def test_relation_of_another_kind_than_was_listed_is_seen(
    write_project: WriteProject,
) -> None:
    change = f"drop table if exists main.orders; {MAKE_VIEW}"
    root = write_project({"models/orders.sql": "{{ config(materialized='table') }}select 1 as id"})
    await run(root)
    hook = (
        "{{ config(materialized='table', pre_hook={'sql': \"" + change + '", '
        "'transaction': false}) }}\n"
    )
    (root / "models" / "orders.sql").write_text(hook + "select 2 as id")

    ran = await run(root)

    assert ran.exit_code == 0, ran.error("orders")
    assert rows(root, "select id from orders") == [(2,)]
    assert relations(root) == {"orders": "table"}


async def test_what_a_models_own_sql_makes_twice_is_not_tried_again(
    write_project: WriteProject,
) -> None:
    hook = HOOK.format(kind="table", sql="create table main.other as select 1 as id")
    root = write_project({"models/orders.sql": hook + "select 2 as id"})
    await run(root)

    ran = await run(root)

    assert "table other already exists" in ran.error("orders")
    assert ran.warnings == []
