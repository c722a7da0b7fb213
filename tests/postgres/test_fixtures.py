"""The fixture projects give the same rows on PostgreSQL as on SQLite, build after build."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ..building.support import run
from ..postgres_server import PostgresServer

DAY = timedelta(days=1)


def is_of_this_test(moment: str) -> bool:
    """Whether a text is a moment at which this very test ran: each database has its own.

    Asked when it is needed, since a run of the tests may go on over midnight.
    """
    now = datetime.now(UTC)
    return moment.startswith((now.date().isoformat(), (now - DAY).date().isoformat()))


def plain(value: object) -> object:
    """What both mean by a value: SQLite has no booleans, no decimals, and no dates but texts."""
    if isinstance(value, datetime):
        value = value.isoformat(sep=" ")
    if isinstance(value, str) and is_of_this_test(value):
        return "now"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal | float):
        return round(float(value), 6)
    return value


def sqlite_rows(project: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(project / f"{project.name}.db")) as database:
        return database.execute(sql).fetchall()


def counted(rows: list[tuple[Any, ...]]) -> Counter[tuple[object, ...]]:
    return Counter(tuple(map(plain, row)) for row in rows)


def built_relations(project: Path) -> list[tuple[str, str]]:
    """Schema and name of all that the last build made."""
    manifest = json.loads((project / "target" / "manifest.json").read_text())
    return [
        (node["schema"], node["alias"])
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed", "snapshot")
        and node["config"]["materialized"] != "ephemeral"
    ]


def read_sqlite(
    project: Path, relations: list[tuple[str, str]]
) -> dict[str, Counter[tuple[object, ...]]]:
    """The rows of each relation, by its name in the project."""
    with closing(sqlite3.connect(project / f"{project.name}.db")) as database:
        for file in project.glob(f"{project.name}.*.db"):
            database.execute("attach ? as ?", (str(file), file.name.split(".")[1]))
        return {
            name: counted(database.execute(f'select * from "{schema}"."{name}"').fetchall())
            for schema, name in relations
        }


@pytest.mark.parametrize(
    ("name", "load_until", "size"),
    [
        ("coffee_shop", "2025-06-30 12:00:00", 28),
        ("bike_rental", "2025-03-10 12:00:00", 12),
        ("parcel_service", "2025-06-05 12:00:00", 18),
    ],
)
async def test_same_rows_after_each_of_three_builds(
    copy_fixture: Callable[[str], Path],
    postgres: PostgresServer,
    schema: str,
    tmp_path: Path,
    name: str,
    load_until: str,
    size: int,
) -> None:
    project = copy_fixture(name)
    (tmp_path / "pg").mkdir()
    profile = postgres.profile(schema, threads=4).replace("shop:", f"{name}:", 1)
    (tmp_path / "pg" / "profiles.yml").write_text(profile)
    if (project / "packages.yml").exists():
        assert (await run(project, "deps")).exit_code == 0

    for options in ({"vars": {"load_until": load_until}}, {}, {"full_refresh": True}):
        here = await run(project, "build", **options)
        on_sqlite = read_sqlite(project, built_relations(project))
        there = await run(project, "build", profiles_dir=tmp_path / "pg", **options)

        assert (here.exit_code, there.exit_code) == (0, 0), [
            result.error for ran in (here, there) for result in ran.outcome.results if result.error
        ]
        assert len(on_sqlite) == size
        for relation_schema, relation in built_relations(project):
            found = await postgres.fetch(f'select * from "{relation_schema}"."{relation}"')
            assert counted(found) == on_sqlite[relation], relation


async def test_bike_rental_is_what_its_macros_make_of_it(
    copy_fixture: Callable[[str], Path],
) -> None:
    project = copy_fixture("bike_rental")
    await run(project, "deps")
    await run(project, "build", vars={"load_until": "2025-03-10 12:00:00"})
    first = sqlite_rows(project, "select count(*), max(note) from mart_trip_log")

    await run(project, "build")

    assert first[0][0] < 240
    assert sqlite_rows(project, "select count(*) from mart_trip_log") == [(240,)]
    notes = sqlite_rows(project, "select distinct note from mart_trip_log order by 1")
    assert notes == [("late",), ("new",), ("short",)]
    assert sqlite_rows(project, "select day, number from kit_calendar order by 2 limit 1") == [
        ("2025-03-01 00:00:00", 1)
    ]
    # The project's own `default__money` goes before the package's.
    differences = (
        "select distinct round(fare * 100 - fare_cents) "
        "from stg_trips join raw_trips using (trip_id)"
    )
    assert sqlite_rows(project, differences) == [(0,)]
    assert [
        name
        for (name,) in sqlite_rows(
            project,
            "select name from sqlite_master where type = "
            "'index' and tbl_name = 'mart_station_lookup'",
        )
    ]


async def test_parcel_service_keeps_what_has_been(copy_fixture: Callable[[str], Path]) -> None:
    project = copy_fixture("parcel_service")
    await run(project, "build", vars={"load_until": "2025-06-05 12:00:00"})

    again = await run(project, "build")

    assert again.exit_code == 0
    managers = sqlite_rows(
        project, "select manager, to_moment from depot_history where depot_id = 'BER' order by 2"
    )
    assert managers == [("Bo", "2025-06-10 08:00:00"), ("Farid", "9999-12-31 00:00:00")]
    states = sqlite_rows(project, "select count(*), count(distinct parcel_id) from parcel_history")
    assert states[0][0] > states[0][1] == 60
    ended = "select count(*) from undelivered_history where dbt_valid_to is not null"
    assert sqlite_rows(project, ended)[0][0] > 0
    runs = sqlite_rows(project, "select what, count(*) from run_log group by 1 order by 1")
    assert runs == [("after depot_load", 2), ("before depot_load", 2), ("end", 2), ("start", 2)]
