"""Unit tests in selections, listings and on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ..building.support import run
from ..conftest import WriteProject
from .support import headrace

FILES = {
    "models/orders.sql": "select 1 as id",
    "models/totals.sql": "select id from {{ ref('orders') }}",
    "models/tests.yml": (
        "models: [{name: orders, columns: [{name: id, data_tests: [not_null]}]}]\n"
        "unit_tests:\n"
        "  - {name: empty, model: totals, given: [{input: ref('orders'), rows: []}], "
        "expect: {rows: []}}\n"
        "  - {name: one, model: orders, config: {tags: [slow]}, given: [], "
        "expect: {rows: [{id: 1}]}}\n"
    ),
}


@pytest.fixture
def root(write_project: WriteProject) -> Path:
    return write_project(FILES)


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        (("unit_test:empty",), ["unit_test:shop.empty"]),
        (("unit_test:shop.o*",), ["unit_test:shop.one"]),
        (("test_type:unit",), ["unit_test:shop.one", "unit_test:shop.empty"]),
        (("test_type:data",), ["shop.not_null_orders_id"]),
        (("test_name:one",), ["unit_test:shop.one"]),
        (("tag:slow",), ["unit_test:shop.one"]),
        (("resource_type:unit_test",), ["unit_test:shop.one", "unit_test:shop.empty"]),
        (("totals",), ["shop.totals", "unit_test:shop.empty"]),
        (("totals.empty",), ["unit_test:shop.empty"]),
        (("1+unit_test:empty",), ["shop.totals", "unit_test:shop.empty"]),
    ],
)
async def test_selection_finds_unit_tests(
    root: Path, select: tuple[str, ...], expected: list[str]
) -> None:
    ran = await run(root, "ls", select=select)

    assert ran.lines == expected


async def test_unit_tests_are_listed_as_json(root: Path) -> None:
    ran = await run(root, "ls", select=("unit_test:one",), output="json")

    (line,) = ran.lines
    assert json.loads(line) == {
        "name": "one",
        "resource_type": "unit_test",
        "package_name": "shop",
        "original_file_path": "models/tests.yml",
        "unique_id": "unit_test.shop.orders.one",
        "depends_on": {"macros": [], "nodes": ["model.shop.orders"]},
        "config": {"enabled": True, "tags": ["slow"], "meta": {}},
    }


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"resource_types": ("unit_test",)}, {"empty", "one"}),
        ({"exclude_resource_types": ("unit_test",)}, {"not_null_orders_id"}),
        ({"select": ("orders",)}, {"one", "not_null_orders_id"}),
        ({"exclude": ("test_type:unit",)}, {"not_null_orders_id"}),
    ],
)
async def test_test_takes_the_tests_that_are_asked_for(
    root: Path, options: dict[str, Any], names: set[str]
) -> None:
    await run(root, "run")

    ran = await run(root, "test", **options)

    assert ran.statuses.keys() == names
    assert ran.exit_code == 0


async def test_run_and_compile_leave_unit_tests_alone(root: Path) -> None:
    ran = await run(root, "run")
    compiled = await run(root, "compile")

    assert ran.statuses.keys() == {"orders", "totals"}
    assert compiled.statuses.keys() == {"orders", "totals", "not_null_orders_id"}


def test_log_lines_are_dbts(root: Path) -> None:
    headrace(root, "run", "-s", "orders")

    done = headrace(root, "test", "--select", "unit_test:empty", "--store-failures")

    assert done.exit_code == 0, done.output
    assert "1 of 1 START unit_test totals::empty ..." in done.stdout
    assert "1 of 1 PASS totals::empty ..." in done.stdout
    assert "Finished running 1 unit test in" in done.stdout
    assert "2 unit tests" in done.stdout


def test_failing_unit_test_shows_its_rows(root: Path) -> None:
    tests = (root / "models/tests.yml").read_text().replace("[{id: 1}]", "[{id: 2}]")
    (root / "models/tests.yml").write_text(tests)

    done = headrace(root, "build")

    assert done.exit_code == 1
    assert "FAIL 1 orders::one ..." in done.stdout
    assert "SKIP relation main.orders" in done.stdout
    assert "Failure in unit_test one (models/tests.yml)" in done.stdout
    assert "actual differs from expected:" in done.stdout
    assert "---,2" in done.stdout
