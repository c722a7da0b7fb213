"""No command opens a database's file but by way of SQLite, which would drop its locks."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from .. import database_files
from ..building.support import PROJECT, Ran, run
from ..conftest import WriteProject

FILES = {
    "dbt_project.yml": PROJECT + "clean-targets: [target]\n",
    "models/orders.sql": "{{ config(materialized='incremental') }} select 1 as id",
    "models/raw_orders.sql": "{{ config(schema='raw', materialized='table') }} select 1 as id",
    "models/recent.sql": "select * from {{ ref('orders') }}",
    "models/schema.yml": (
        "models: [{name: orders, columns: [{name: id, data_tests: [unique, not_null]}]}]\n"
        "sources: [{name: shop, schema: main, loaded_at_field: id, tables: [{name: orders, "
        "freshness: {warn_after: {count: 1, period: day}}}]}]\n"
    ),
    "seeds/countries.csv": "code,name\nis,Iceland\n",
    "snapshots/kept.sql": (
        "{% snapshot kept %}{{ config(unique_key='id', strategy='check', check_cols='all', "
        "schema='history') }} select 1 as id{% endsnapshot %}"
    ),
    "macros/drop.sql": (
        "{% macro drop_raw() %}{% do adapter.drop_schema(api.Relation.create(schema='main_raw')) %}"
        "{% endmacro %}"
    ),
    "packages.yml": "packages: [{local: shared}]\n",
    "shared/dbt_project.yml": "name: shared\nversion: '1.0'\nconfig-version: 2\n",
    "shared/models/one.sql": "select 1 as id",
}

COMMANDS: list[tuple[str, dict[str, Any]]] = [
    ("deps", {}),
    ("debug", {}),
    ("parse", {}),
    ("ls", {}),
    ("compile", {}),
    ("seed", {}),
    ("run", {}),
    ("run", {"full_refresh": True}),
    ("snapshot", {}),
    ("test", {"store_failures": True}),
    ("build", {}),
    ("show", {"select": ("orders",)}),
    ("freshness", {}),
    ("generate", {}),
    ("clone", {"state": Path("state")}),
    ("run", {"state": Path("state"), "defer": True, "favor_state": True}),
    ("run-operation", {"macro": "drop_raw"}),
    ("retry", {}),
    ("clean", {}),
]


def lay_databases(root: Path) -> None:
    """Put a database into each of the project's directories."""
    for directory in ("models", "seeds", "snapshots", "macros", "shared", "target"):
        (root / directory).mkdir(exist_ok=True)
        with closing(sqlite3.connect(root / directory / "laid.db")) as database:
            database.execute("create table t (id)")


async def test_no_command_opens_a_database_but_by_sqlite(write_project: WriteProject) -> None:
    root = write_project(FILES)
    lay_databases(root)
    endings: dict[str, tuple[int, str]] = {}

    for command, options in COMMANDS:
        if "state" in options and not (root / "state").exists():
            shutil.copytree(root / "target", root / "state")
        ran: Ran = await run(root, command, **options)
        endings[f"{command} {sorted(options)}"] = ran.exit_code, str(ran.outcome.error or "")
        assert not database_files.opened, command

    assert {ending: told for ending, told in endings.items() if told[0] == 2} == {}
    assert not (root / "shop.main_raw.db").exists()


def test_the_watch_sees_what_is_opened_by_other_means(tmp_path: Path) -> None:
    path = tmp_path / "shop.db-wal"
    path.touch()
    code = "with open(path) as file: pass"

    exec(code, {"__name__": "headrace.adapters.careless", "path": path})

    assert [seen.partition(",")[0] for seen in database_files.opened] == [str(path)]
    database_files.opened.clear()


async def test_package_that_has_to_be_copied_comes_without_databases(
    write_project: WriteProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise NotImplementedError

    root = write_project(FILES)
    lay_databases(root)
    monkeypatch.setattr("os.symlink", refuse)

    ran = await run(root, "deps")

    assert ran.exit_code == 0
    installed = root / "dbt_packages" / "shared"
    assert (installed / "models" / "one.sql").is_file()
    assert list(installed.rglob("*.db")) == []
