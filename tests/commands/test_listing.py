"""ls: what is selected, in the form that was asked for, and nothing else on standard output."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from ..building.support import run
from .support import headrace

WriteProject = Callable[[Mapping[str, str]], Path]

SHOP = {
    "seeds/raw.csv": "id\n1\n",
    "models/staging/orders.sql": "{{ config(tags=['nightly']) }} select * from {{ ref('raw') }}"
    " -- {{ source('lake', 'events') }}",
    "models/hidden.sql": "{{ config(materialized='ephemeral') }} select 1 as id",
    "models/schema.yml": """
sources: [{name: lake, schema: main, tables: [{name: events}]}]
models: [{name: orders, columns: [{name: id, data_tests: [unique]}]}]
""",
    "tests/some.sql": "select * from {{ ref('orders') }} where false",
}


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (
            "selector",
            [
                "shop.hidden",
                "shop.staging.orders",
                "shop.raw",
                "source:shop.lake.events",
                "shop.some",
                "shop.unique_orders_id",
            ],
        ),
        ("name", ["hidden", "orders", "raw", "lake.events", "some", "unique_orders_id"]),
        (
            "path",
            [
                "models/hidden.sql",
                "models/staging/orders.sql",
                "seeds/raw.csv",
                "models/schema.yml",
                "tests/some.sql",
                "models/schema.yml",
            ],
        ),
    ],
)
async def test_a_line_for_each_node(
    write_project: WriteProject, output: str, expected: list[str]
) -> None:
    root = write_project(SHOP)

    ran = await run(root, "ls", output=output)

    assert ran.lines == expected


async def test_lines_can_be_selected_by(write_project: WriteProject) -> None:
    root = write_project(SHOP)
    everything = await run(root, "ls")

    again = await run(root, "ls", select=tuple(everything.lines))

    assert again.lines == everything.lines


async def test_json_has_what_other_tools_read(write_project: WriteProject) -> None:
    root = write_project(SHOP)

    ran = await run(root, "ls", output="json", select=("orders",), resource_types=("model",))

    (line,) = ran.lines
    described = json.loads(line)
    assert {key: described[key] for key in ("name", "unique_id", "resource_type", "tags")} == {
        "name": "orders",
        "unique_id": "model.shop.orders",
        "resource_type": "model",
        "tags": ["nightly"],
    }
    assert described["original_file_path"] == "models/staging/orders.sql"
    assert set(described["depends_on"]["nodes"]) == {"seed.shop.raw", "source.shop.lake.events"}
    assert described["config"]["materialized"] == "view"


async def test_json_has_the_keys_that_were_asked_for(write_project: WriteProject) -> None:
    root = write_project(SHOP)

    ran = await run(
        root, "ls", output="json", output_keys=("name", "schema"), select=("orders", "raw")
    )

    assert [json.loads(line) for line in ran.lines][:2] == [
        {"name": "orders", "schema": "main"},
        {"name": "raw", "schema": "main"},
    ]


async def test_listing_does_not_touch_the_database(write_project: WriteProject) -> None:
    root = write_project(SHOP)

    await run(root, "ls")

    assert not (root / "shop.db").exists()


def test_standard_output_holds_the_lines_and_nothing_else(write_project: WriteProject) -> None:
    root = write_project(SHOP)

    done = headrace(root, "ls", "--select", "orders", "--output", "name")

    assert done.stdout == "orders\nsome\nunique_orders_id\n"
    assert "Found 2 models" in done.stderr


def test_list_is_another_name_of_ls(write_project: WriteProject) -> None:
    root = write_project(SHOP)

    done = headrace(root, "--quiet", "list", "--select", "ordrs", "raw", "--output", "name")

    assert (done.exit_code, done.stdout, done.stderr) == (0, "raw\n", "")
