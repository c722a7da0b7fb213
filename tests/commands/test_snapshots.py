"""Snapshots in the commands: `snapshot`, `build`, `ls`, `compile`, `test`, and their artifacts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from ..building.support import relations, rows, run
from .support import headrace

WriteProject = Callable[[Mapping[str, str]], Path]

FILES = {
    "models/orders.sql": "{{ config(materialized='table') }} select 1 as id",
    "models/below.sql": "select * from {{ ref('kept') }}",
    "snapshots/kept.sql": "{% snapshot kept %}"
    "{{ config(strategy='check', unique_key='id', check_cols='all', tags=['night']) }}"
    "select * from {{ ref('orders') }}{% endsnapshot %}",
    "snapshots/kept.yml": "snapshots: [{name: kept, columns: [{name: id, data_tests: [unique]}]}]",
}


async def test_build_has_a_snapshot_in_the_order_of_the_graph(write_project: WriteProject) -> None:
    root = write_project(FILES)

    ran = await run(root, "build")

    assert list(ran.statuses) == ["orders", "kept", "unique_kept_id", "below"]
    assert rows(root, "select id, dbt_valid_to from below") == [(1, None)]


async def test_test_of_a_snapshot_that_fails_stops_what_is_below(
    write_project: WriteProject,
) -> None:
    tests = "[{accepted_values: {values: [7]}}]"
    test = f"snapshots: [{{name: kept, columns: [{{name: id, tests: {tests}}}]}}]"

    ran = await run(write_project({**FILES, "snapshots/kept.yml": test}), "build")

    assert ran.exit_code == 1
    assert ran.statuses["below"] == "skipped"


async def test_snapshot_runs_snapshots_alone(write_project: WriteProject) -> None:
    root = write_project(FILES)
    await run(root, "run", select=("orders",))

    ran = await run(root, "snapshot")

    assert ran.statuses == {"kept": "success"}
    assert relations(root) == {"kept": "table", "orders": "table"}
    document = json.loads((root / "target" / "run_results.json").read_bytes())
    (result,) = document["results"]
    assert result["unique_id"] == "snapshot.shop.kept"
    assert result["adapter_response"]["rows_affected"] == 1
    manifest = json.loads((root / "target" / "manifest.json").read_bytes())
    assert manifest["nodes"]["snapshot.shop.kept"]["relation_name"] == '"main"."kept"'
    assert manifest["child_map"]["model.shop.orders"] == ["snapshot.shop.kept"]


async def test_run_leaves_snapshots_out(write_project: WriteProject) -> None:
    root = write_project(FILES)

    ran = await run(root, "run", select=("+kept",))

    assert ran.statuses == {"orders": "success"}


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        (("kept",), ["kept", "unique_kept_id"]),
        (("resource_type:snapshot",), ["kept", "unique_kept_id"]),
        (("tag:night",), ["kept", "unique_kept_id"]),
        (("config.materialized:snapshot",), ["kept", "unique_kept_id"]),
        (("path:snapshots",), ["kept", "unique_kept_id"]),
        (("orders+",), ["below", "kept", "orders", "unique_kept_id"]),
    ],
)
async def test_selection(
    write_project: WriteProject, select: tuple[str, ...], expected: list[str]
) -> None:
    ran = await run(write_project(FILES), "ls", select=select, output="name")

    assert sorted(ran.lines) == expected


async def test_ls_by_type(write_project: WriteProject) -> None:
    root = write_project(FILES)

    only = await run(root, "ls", resource_types=("snapshot",))
    without = await run(root, "ls", exclude_resource_types=("snapshot",), output="name")

    assert only.lines == ["shop.kept.kept"]
    assert "kept" not in without.lines


async def test_compile_writes_a_snapshots_query(write_project: WriteProject) -> None:
    root = write_project({**FILES, "snapshots/kept.sql": "\n" * 30 + FILES["snapshots/kept.sql"]})

    ran = await run(root, "compile", select=("kept",))

    compiled = root / "target" / "compiled" / "shop" / "snapshots" / "kept.sql"
    assert compiled.read_text() == 'select * from "main"."orders"'
    assert any("select * from" in line for line in ran.lines)
    assert relations(root) == {}


async def test_test_command_tests_a_snapshot(write_project: WriteProject) -> None:
    root = write_project(FILES)
    await run(root, "build")

    ran = await run(root, "test", select=("kept",))

    assert ran.statuses == {"unique_kept_id": "pass"}


def test_lines_of_the_command(write_project: WriteProject) -> None:
    root = write_project(FILES)
    assert headrace(root, "run", "--select", "orders").exit_code == 0

    done = headrace(root, "snapshot", "--threads", "1")

    assert done.exit_code == 0
    assert "1 of 1 START snapshot main.kept ..." in done.stdout
    assert "1 of 1 OK snapshotted main.kept ..." in done.stdout
    assert "[SELECT 1 in 0." in done.stdout
    assert "Finished running 1 snapshot in" in done.stdout


def test_snapshots_have_no_full_refresh(write_project: WriteProject) -> None:
    done = headrace(write_project(FILES), "snapshot", "--full-refresh")

    assert done.exit_code == 2
    assert "No such option" in done.stderr
