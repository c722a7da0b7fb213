"""The coffee shop gives the same rows on PostgreSQL as on SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from ..building.support import run
from ..postgres_server import PostgresServer


def plain(value: object) -> object:
    """What both mean by a value: SQLite has no booleans, no decimals, and no dates but texts."""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal | float):
        return round(float(value), 6)
    return value


def counted(rows: list[tuple[Any, ...]]) -> Counter[tuple[object, ...]]:
    return Counter(tuple(map(plain, row)) for row in rows)


def built_relations(project: Path) -> list[tuple[str, str]]:
    """Schema and name of all that the last build made."""
    manifest = json.loads((project / "target" / "manifest.json").read_text())
    return [
        (node["schema"], node["alias"])
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed")
        and node["config"]["materialized"] != "ephemeral"
    ]


def read_sqlite(
    project: Path, relations: list[tuple[str, str]]
) -> dict[str, Counter[tuple[object, ...]]]:
    """The rows of each relation, by its name in the project."""
    with closing(sqlite3.connect(project / "coffee_shop.db")) as database:
        for file in project.glob("coffee_shop.*.db"):
            database.execute("attach ? as ?", (str(file), file.name.split(".")[1]))
        return {
            name: counted(database.execute(f'select * from "{schema}"."{name}"').fetchall())
            for schema, name in relations
        }


async def test_same_rows_after_each_of_three_builds(
    copy_fixture: Callable[[str], Path], postgres: PostgresServer, schema: str, tmp_path: Path
) -> None:
    project = copy_fixture("coffee_shop")
    (tmp_path / "pg").mkdir()
    profile = postgres.profile(schema, threads=4).replace("shop:", "coffee_shop:", 1)
    (tmp_path / "pg" / "profiles.yml").write_text(profile)

    for options in (
        {"vars": {"load_until": "2025-06-30 12:00:00"}},
        {},
        {"full_refresh": True},
    ):
        here = await run(project, "build", **options)
        on_sqlite = read_sqlite(project, built_relations(project))
        there = await run(project, "build", profiles_dir=tmp_path / "pg", **options)

        assert (here.exit_code, there.exit_code) == (0, 0)
        assert len(on_sqlite) == 28
        for relation_schema, name in built_relations(project):
            found = await postgres.fetch(f'select * from "{relation_schema}"."{name}"')
            assert counted(found) == on_sqlite[name], name
