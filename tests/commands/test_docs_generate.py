"""`docs generate`: catalog.json, as the database describes the project's relations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ..building.support import rows, run, warnings_of
from ..conftest import WriteProject
from .support import headrace

FILES = {
    "seeds/raw.csv": "id,name\n1,one\n",
    "models/orders.sql": "{{ config(materialized='table', alias='Orders') }}"
    "select id, name from {{ ref('raw') }}",
    "models/late.sql": "select id from {{ ref('orders') }}",
    "models/between.sql": "{{ config(materialized='ephemeral') }} select 1 as id",
    "models/schema.yml": "sources: [{name: till, schema: main, tables: [{name: receipts}, "
    "{name: refunds}]}]",
}


@pytest.fixture
async def shop(write_project: WriteProject) -> Path:
    root = write_project(FILES)
    ran = await run(root, "build")
    assert ran.exit_code == 0, ran.outcome
    rows(root, "create table receipts (id integer, paid real)")
    return root


def catalog(root: Path) -> Any:
    return json.loads((root / "target/catalog.json").read_text())


async def test_catalog_has_what_is_in_the_database(shop: Path) -> None:
    ran = await run(shop, "generate")

    written = catalog(shop)
    assert ran.exit_code == 0
    assert written["metadata"]["dbt_schema_version"].endswith("/dbt/catalog/v1.json")
    assert written["nodes"].keys() == {"model.shop.orders", "model.shop.late", "seed.shop.raw"}
    assert written["sources"].keys() == {"source.shop.till.receipts"}
    assert written["errors"] is None
    table = written["nodes"]["model.shop.orders"]
    assert (table["metadata"]["type"], table["metadata"]["name"]) == ("BASE TABLE", "Orders")
    assert written["nodes"]["model.shop.late"]["metadata"]["type"] == "VIEW"
    assert written["sources"]["source.shop.till.receipts"]["columns"]["paid"] == {
        "type": "REAL",
        "index": 2,
        "name": "paid",
        "comment": None,
    }


async def test_catalog_has_the_rows_that_a_test_keeps(write_project: WriteProject) -> None:
    stored = "{{ config(store_failures=true, schema=target.schema) }} select 1 as wrong"
    root = write_project({"tests/kept.sql": stored, "tests/not_kept.sql": "select 1 as wrong"})
    ran = await run(root, "build")
    assert ran.exit_code == 1, ran.outcome

    await run(root, "generate")

    nodes = catalog(root)["nodes"]
    assert nodes.keys() == {"test.shop.kept"}
    assert nodes["test.shop.kept"]["columns"].keys() == {"wrong"}


async def test_manifest_keeps_what_was_compiled_before_where_nothing_is_compiled(
    shop: Path,
) -> None:
    path = shop / "target/manifest.json"

    def compiled_code() -> object:
        return json.loads(path.read_text())["nodes"]["model.shop.late"].get("compiled_code")

    before = compiled_code()
    kept = await run(shop, "generate", compile=False)
    after = compiled_code()
    path.unlink()
    (shop / "target/catalog.json").unlink()
    alone = await run(shop, "generate", compile=False)

    assert (kept.exit_code, alone.exit_code) == (0, 0)
    assert before == after == 'select id from "main"."Orders"'
    assert not path.exists()
    assert "model.shop.late" in catalog(shop)["nodes"]


async def test_nodes_are_compiled_unless_that_is_left_out(shop: Path) -> None:
    compiled = shop / "target/compiled/shop/models/late.sql"

    compiled.unlink()
    await run(shop, "generate", compile=False)
    without = compiled.exists()
    await run(shop, "generate")

    assert (without, compiled.exists()) == (False, True)


async def test_selection_narrows_the_catalog(shop: Path) -> None:
    await run(shop, "generate", select=("late",))

    assert catalog(shop)["nodes"].keys() == {"model.shop.late"}
    assert catalog(shop)["sources"] == {}


async def test_empty_catalog_asks_nothing(shop: Path) -> None:
    ran = await run(shop, "generate", empty_catalog=True, compile=False)

    assert ran.exit_code == 0
    assert (catalog(shop)["nodes"], catalog(shop)["sources"]) == ({}, {})


async def test_assets_are_copied_as_they_are_now(write_project: WriteProject) -> None:
    files = {
        "dbt_project.yml": "name: shop\nprofile: shop\n"
        "asset-paths: [assets, docs/pictures, nowhere]\n",
        "assets/logo.svg": "<svg/>",
        "assets/deep/old.txt": "old",
        "docs/pictures/flow.png": "flow",
    }
    root = write_project(files)
    await run(root, "generate")
    (root / "assets/deep/old.txt").unlink()
    (root / "assets/logo.svg").write_text("<svg></svg>")
    outside = root / "outside"
    outside.mkdir()
    (outside / "kept.txt").write_text("kept")
    (root / "target/assets/leads").symlink_to(outside)

    ran = await run(root, "generate")

    assert ran.exit_code == 0
    assert not [warning for warning in ran.warnings if "asset" in warning]
    copied = [path for path in (root / "target/assets").rglob("*") if path.is_file()]
    assert copied == [root / "target/assets/logo.svg"]
    assert copied[0].read_text() == "<svg></svg>"
    assert (root / "target/docs/pictures/flow.png").read_text() == "flow"
    assert (outside / "kept.txt").read_text() == "kept"


@pytest.mark.parametrize("asset_path", ["../mine", "."])
async def test_assets_are_not_copied_to_outside_of_the_target(
    write_project: WriteProject, tmp_path: Path, asset_path: str
) -> None:
    project_file = f"name: shop\nprofile: shop\nasset-paths: ['{asset_path}']\n"
    root = write_project({"mine/mine.txt": "mine", "dbt_project.yml": project_file})
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/theirs.txt").write_text("theirs")

    ran = await run(root, "generate")

    (warning,) = warnings_of(ran.events)
    assert warning.name == "UncopiedAssets"
    assert f"asset-paths: '{asset_path}'" in warning.message
    assert [path.name for path in (root / "mine").iterdir()] == ["mine.txt"]
    assert not list((root / "target").rglob("mine.txt"))


async def test_results_of_the_last_run_stay(shop: Path) -> None:
    before = (shop / "target/run_results.json").read_bytes()

    await run(shop, "generate")

    assert (shop / "target/run_results.json").read_bytes() == before


async def test_node_that_can_not_be_compiled_fails_and_the_catalog_is_written(shop: Path) -> None:
    (shop / "models/bad.sql").write_text("{{ run_query('nonsense') }}")

    ran = await run(shop, "generate")

    assert ran.exit_code == 1
    assert "model.shop.orders" in catalog(shop)["nodes"]


async def test_catalog_that_can_not_be_written_is_told(shop: Path) -> None:
    (shop / "target/catalog.json").mkdir()

    ran = await run(shop, "generate")
    strict = await run(shop, "generate", warn_error_options={"error": ["CatalogNotWritten"]})

    assert [warning for warning in ran.warnings if "catalog.json" in warning]
    assert (ran.exit_code, strict.exit_code) == (0, 2)


def test_command_line_generates_and_does_not_pretend_to_serve(shop: Path) -> None:
    generated = headrace(shop, "docs", "generate")
    served = headrace(shop, "docs", "serve")
    page = headrace(shop, "docs", "generate", "--static")

    assert generated.exit_code == 0, generated.output
    assert "Catalog written to target/catalog.json" in generated.stdout
    assert "the command 'docs serve' isn't there yet" in served.stderr
    assert "the flag '--static' isn't there yet" in page.stderr
