"""The swap by renaming, as a database needs it whose transactions don't hide a drop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from headrace import Status
from headrace.adapters.base import SwapPolicy
from headrace.adapters.sqlite import SqliteAdapter

from .support import relations, rows, run

WriteProject = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def rename(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """SQLite replaces in place; from the call on it is used as if it couldn't."""
    return lambda: monkeypatch.setattr(SqliteAdapter, "swap_policy", SwapPolicy.RENAME)


def model(materialized: str, sql: str) -> dict[str, str]:
    return {"models/orders.sql": f"{{{{ config(materialized='{materialized}') }}}} {sql}"}


async def test_table_is_built_under_another_name_and_then_renamed(
    write_project: WriteProject, rename: Callable[[], None]
) -> None:
    root = write_project(model("table", "select 1 as id"))
    await run(root)
    rename()

    await run(root)

    executed = (root / "target" / "run" / "shop" / "models" / "orders.sql").read_text()
    created, dropped, renamed = (
        executed.index(word) for word in ("create table", "drop table", "rename to")
    )
    assert created < dropped < renamed
    assert '"main"."headrace_tmp_' in executed


@pytest.mark.parametrize("before", ["table", "view", "incremental"])
@pytest.mark.parametrize("after", ["table", "incremental"])
async def test_new_relation_takes_the_place_of_the_old_one(
    write_project: WriteProject, rename: Callable[[], None], before: str, after: str
) -> None:
    root = write_project(model(before, "select 1 as id"))
    await run(root)
    rename()
    write_project(model(after, "select 2 as id"))

    ran = await run(root, full_refresh=True)

    assert ran.result("orders").message == "SELECT 1"
    assert relations(root) == {"orders": "table"}
    assert rows(root, "select id from orders") == [(2,)]


async def test_failed_build_leaves_the_old_relation_and_no_other(
    write_project: WriteProject, rename: Callable[[], None]
) -> None:
    root = write_project(model("table", "select 1 as id"))
    await run(root)
    rename()
    write_project(model("table", "select nonsense from nowhere"))

    ran = await run(root)

    assert ran.statuses == {"orders": Status.ERROR}
    assert relations(root) == {"orders": "table"}
    assert rows(root, "select id from orders") == [(1,)]


async def test_view_on_the_table_reads_on(
    write_project: WriteProject, rename: Callable[[], None]
) -> None:
    below = {"models/below.sql": "select id from {{ ref('orders') }}"}
    root = write_project({**model("table", "select 1 as id"), **below})
    await run(root)
    rename()
    write_project(model("table", "select 2 as id, 3 as more"))

    await run(root, select=("orders",))

    assert rows(root, "select id from below") == [(2,)]
