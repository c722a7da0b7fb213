"""`source freshness`, on SQLite."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from headrace import Status
from headrace.engine.commands import source_freshness
from headrace.engine.core.events import WarningRaised
from headrace.engine.core.plain_text import Cleaner
from headrace.engine.reporters.text.lines import lines_of

from .support import PROJECT, Ran, run, warnings_of

HOUR = {"count": 1, "period": "hour"}
DAY = {"count": 1, "period": "day"}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project with a database in which `visits` was loaded three hours ago."""
    (tmp_path / "profiles.yml").write_text(
        "shop:\n  target: dev\n  outputs:\n    dev: {type: sqlite, path: shop.db}\n"
    )
    (tmp_path / "dbt_project.yml").write_text(PROJECT)
    (tmp_path / "models").mkdir()
    fill(tmp_path, datetime.now(UTC) - timedelta(hours=3))
    return tmp_path


def fill(root: Path, *moments: datetime | str | int | None) -> None:
    """Let `visits` hold rows of these moments, as SQLite's own functions write them."""
    texts = [
        f"{moment:%Y-%m-%d %H:%M:%S}" if isinstance(moment, datetime) else moment
        for moment in moments
    ]
    with closing(sqlite3.connect(root / "shop.db")) as connection, connection:
        connection.execute("drop table if exists visits")
        connection.execute("create table visits (at, kind text default 'new')")
        connection.executemany("insert into visits (at) values (?)", [(text,) for text in texts])


def declare(root: Path, *tables: dict[str, Any], **source: Any) -> None:
    """Declare tables of the source `web`, which are all `visits`."""
    entries = [{"identifier": "visits", **table} for table in tables]
    web = {"name": "web", "schema": "main", "loaded_at_field": "at", **source, "tables": entries}
    # JSON is YAML, too.
    (root / "models" / "sources.yml").write_text(json.dumps({"sources": [web]}))


def sources(root: Path) -> dict[str, Any]:
    document = json.loads((root / "target" / "sources.json").read_bytes())
    assert document["metadata"]["dbt_schema_version"].endswith("/sources/v3.json")
    return {entry["unique_id"].rpartition(".")[2]: entry for entry in document["results"]}


def lines(ran: Ran) -> list[str]:
    found = [
        lines_of(event, Cleaner(), manner=source_freshness.COMMAND.manner) for event in ran.events
    ]
    return [line.text for group in found for line in group]


async def test_each_source_passes_warns_or_fails_by_its_age(shop: Path) -> None:
    declare(
        shop,
        {"name": "passes", "freshness": {"warn_after": DAY}},
        {"name": "warns", "freshness": {"warn_after": HOUR, "error_after": DAY}},
        {"name": "fails", "freshness": {"warn_after": HOUR, "error_after": HOUR}},
    )

    ran = await run(shop, "freshness")

    assert ran.statuses == {"passes": Status.PASS, "warns": Status.WARN, "fails": Status.ERROR}
    assert ran.exit_code == 1
    found = sources(shop)
    assert {name: entry["status"] for name, entry in found.items()} == {
        "passes": "pass",
        "warns": "warn",
        "fails": "error",
    }
    assert found["warns"]["max_loaded_at_time_ago_in_s"] == pytest.approx(3 * 3600, abs=60)
    assert found["warns"]["max_loaded_at"].endswith("+00:00")
    assert found["warns"]["criteria"] == {"warn_after": HOUR, "error_after": DAY, "filter": None}
    assert found["warns"]["adapter_response"]["rows_affected"] == 1


async def test_the_lines_are_dbts(shop: Path) -> None:
    declare(shop, {"name": "fails", "freshness": {"error_after": HOUR}}, {"name": "gone"})
    declare(
        shop,
        {"name": "fails"},
        {"name": "gone", "identifier": "nowhere"},
        freshness={"error_after": HOUR},
    )

    told = lines(await run(shop, "freshness", threads=1))

    assert "1 of 2 START freshness of web.fails" in told
    assert "1 of 2 ERROR STALE freshness of web.fails" in told
    assert "2 of 2 ERROR freshness of web.gone" in told
    assert told[-1] == "Done."
    assert not any("Completed" in line for line in told)


async def test_a_warning_alone_exits_with_0(shop: Path) -> None:
    declare(shop, {"name": "warns", "freshness": {"warn_after": HOUR}})

    ran = await run(shop, "freshness")

    assert (ran.exit_code, ran.statuses) == (0, {"warns": Status.WARN})
    assert sources(shop)["warns"]["status"] == "warn"


async def test_what_stands_at_the_table_is_laid_over_the_sources(shop: Path) -> None:
    declare(
        shop,
        {"name": "as_source"},
        {"name": "later", "freshness": {"error_after": {"count": 5, "period": "day"}}},
        {"name": "in_config", "config": {"freshness": {"warn_after": None}}},
        {"name": "off", "freshness": None},
        {"name": "off_in_config", "config": {"freshness": None}},
        config={"freshness": {"warn_after": HOUR, "error_after": DAY}},
    )

    ran = await run(shop, "freshness")

    assert ran.statuses.keys() == {"as_source", "later", "in_config"}
    criteria = {name: entry["criteria"] for name, entry in sources(shop).items()}
    assert criteria["later"]["warn_after"] == HOUR
    assert criteria["later"]["error_after"] == {"count": 5, "period": "day"}
    assert criteria["in_config"]["warn_after"] is None
    assert ran.statuses["in_config"] is Status.PASS


@pytest.mark.parametrize(("said", "is_run"), [("", True), ("true", True), ("false", False)])
async def test_project_may_have_its_hooks_not_run(shop: Path, said: str, is_run: bool) -> None:
    flag = f"flags: {{source_freshness_run_project_hooks: {said}}}\n"
    hook = "on-run-start: create table from_hook as select 1 as id\n"
    (shop / "dbt_project.yml").write_text(PROJECT + hook + flag)
    declare(shop, {"name": "one", "freshness": {"error_after": DAY}})

    ran = await run(shop, "freshness")

    with closing(sqlite3.connect(shop / "shop.db")) as connection:
        made = connection.execute("select 1 from sqlite_master where name = 'from_hook'").fetchone()
    warned = [
        event.name
        for event in ran.events
        if isinstance(event, WarningRaised) and event.name == "SourceFreshnessProjectHooksNotRun"
    ]
    assert ran.exit_code == 0, ran.outcome
    assert (bool(made), bool(warned)) == (is_run, not is_run)


async def test_limit_that_is_empty_or_half_is_the_sources(shop: Path) -> None:
    declare(
        shop,
        {"name": "empty", "freshness": {"error_after": {}}},
        {"name": "half", "freshness": {"error_after": {"count": 5}}},
        {"name": "off", "freshness": {"error_after": None}},
        {"name": "own", "freshness": {"error_after": HOUR, "warn_after": {}}},
        config={"freshness": {"warn_after": HOUR, "error_after": DAY}},
    )

    await run(shop, "freshness")

    criteria = {name: entry["criteria"] for name, entry in sources(shop).items()}
    assert {name: found["error_after"] for name, found in criteria.items()} == {
        "empty": DAY,
        "half": DAY,
        "off": None,
        "own": HOUR,
    }
    assert {name: found["warn_after"] for name, found in criteria.items()} == dict.fromkeys(
        criteria, HOUR
    )


async def test_the_project_file_speaks_for_sources_that_say_nothing(shop: Path) -> None:
    freshness = json.dumps({"error_after": HOUR})
    (shop / "dbt_project.yml").write_text(
        PROJECT + f"sources: {{shop: {{web: {{+freshness: {freshness}}}}}}}\n"
    )
    declare(shop, {"name": "plain"}, {"name": "own", "freshness": {"error_after": DAY}})

    ran = await run(shop, "freshness")

    assert ran.statuses == {"own": Status.PASS, "plain": Status.ERROR}


async def test_a_filter_narrows_what_is_looked_at(shop: Path) -> None:
    declare(shop, {"name": "t", "freshness": {"warn_after": DAY, "filter": "kind = 'old'"}})

    ran = await run(shop, "freshness")

    assert ran.statuses == {"t": Status.WARN}
    assert sources(shop)["t"]["max_loaded_at"].startswith("0001-01-01T00:00:00")
    assert "no row at all" in ran.error("t")


async def test_a_query_can_say_when_a_table_was_loaded(shop: Path) -> None:
    declare(
        shop,
        {"name": "t", "loaded_at_query": "select min(at) from {{ this }}"},
        {"name": "u", "config": {"loaded_at_query": "select max(at) from {{ this }}"}},
        freshness={"error_after": DAY},
    )
    fill(shop, datetime.now(UTC) - timedelta(days=2), datetime.now(UTC))

    ran = await run(shop, "freshness")

    assert ran.statuses == {"t": Status.ERROR, "u": Status.PASS}


@pytest.mark.parametrize(
    "written",
    [
        "{:%Y-%m-%d %H:%M:%S}",
        "{:%Y-%m-%d %H:%M:%S.%f}",
        "{:%Y-%m-%dT%H:%M:%SZ}",
        "{:%Y-%m-%d %H:%M:%S+00:00}",
    ],
)
async def test_every_form_of_a_moment_in_sqlite_is_read_as_utc(shop: Path, written: str) -> None:
    declare(shop, {"name": "t", "freshness": {"error_after": {"count": 10, "period": "minute"}}})
    fill(shop, written.format(datetime.now(UTC) - timedelta(minutes=5)))

    ran = await run(shop, "freshness")

    assert ran.statuses == {"t": Status.PASS}
    assert sources(shop)["t"]["max_loaded_at_time_ago_in_s"] == pytest.approx(300, abs=30)


async def test_a_moment_of_another_time_zone_is_as_old_as_it_is(shop: Path) -> None:
    declare(shop, {"name": "t", "freshness": {"error_after": HOUR}})
    moment = datetime.now(UTC) + timedelta(hours=5) - timedelta(minutes=5)
    fill(shop, f"{moment:%Y-%m-%d %H:%M:%S}+05:00")

    await run(shop, "freshness")

    assert sources(shop)["t"]["max_loaded_at_time_ago_in_s"] == pytest.approx(300, abs=30)


async def test_what_is_no_moment_is_a_runtime_error_that_says_what_to_do(shop: Path) -> None:
    declare(shop, {"name": "t", "freshness": {"error_after": HOUR}})
    fill(shop, 1_700_000_000)

    ran = await run(shop, "freshness")

    assert "Expected a timestamp value for max_loaded_at" in ran.error("t")
    assert "unixepoch" in ran.error("t")
    assert sources(shop)["t"]["status"] == "runtime error"
    assert ran.exit_code == 1


async def test_a_source_without_loaded_at_is_a_runtime_error(shop: Path) -> None:
    declare(shop, {"name": "t", "loaded_at_field": None, "freshness": {"error_after": HOUR}})

    ran = await run(shop, "freshness")

    assert "Could not compute freshness for source t: no 'loaded_at_field'" in ran.error("t")
    assert ran.exit_code == 1


async def test_a_projects_own_macro_counts(shop: Path) -> None:
    (shop / "macros").mkdir()
    (shop / "macros" / "fresh.sql").write_text(
        "{% macro sqlite__collect_freshness(source, loaded_at_field, filter) %}"
        "{{ return(run_query(\"select '2001-01-01', '2001-01-02'\")) }}{% endmacro %}"
    )
    declare(shop, {"name": "t", "freshness": {"error_after": HOUR}})

    ran = await run(shop, "freshness")

    assert sources(shop)["t"]["max_loaded_at_time_ago_in_s"] == 86400.0
    warned = warnings_of(ran.events)
    # It gives a table, as such macros did before they had to give the whole result.
    assert [event.name for event in warned] == ["CollectFreshnessReturnSignature"]


async def test_selection_narrows_the_check(shop: Path) -> None:
    declare(shop, {"name": "a"}, {"name": "b"}, freshness={"error_after": HOUR})

    ran = await run(shop, "freshness", select=("source:web.b",))

    assert ran.statuses.keys() == {"b"}


async def test_sources_of_before_are_not_taken_for_those_of_a_check_of_none(shop: Path) -> None:
    declare(shop, {"name": "warns", "freshness": {"warn_after": HOUR}})
    await run(shop, "freshness")
    before = sources(shop)

    ran = await run(shop, "freshness", select=("source:web.nowhere",))

    assert ran.exit_code == 0
    assert [[*before], [*sources(shop)]] == [["warns"], []]


async def test_the_output_can_go_elsewhere(shop: Path) -> None:
    declare(shop, {"name": "t", "freshness": {"error_after": DAY}})

    await run(shop, "freshness", output_path=Path("reports/fresh.json"))

    assert (shop / "reports" / "fresh.json").exists()
    assert not (shop / "target" / "sources.json").exists()


async def test_the_results_of_the_last_run_stay(shop: Path) -> None:
    (shop / "models" / "orders.sql").write_text("select 1 as id")
    declare(shop, {"name": "t", "freshness": {"error_after": DAY}})
    await run(shop)
    before = [
        (shop / "target" / name).read_bytes() for name in ("run_results.json", "run_results.jsonl")
    ]

    await run(shop, "freshness")

    assert before == [
        (shop / "target" / name).read_bytes() for name in ("run_results.json", "run_results.jsonl")
    ]


async def test_nothing_to_check_is_said(shop: Path) -> None:
    declare(shop, {"name": "t"})

    ran = await run(shop, "freshness")

    assert (ran.exit_code, ran.statuses) == (0, {})
    assert any("Nothing to do" in line for line in lines(ran)), lines(ran)


async def test_run_hooks_run_around_the_check_and_stand_in_no_artifact_of_it(shop: Path) -> None:
    (shop / "dbt_project.yml").write_text(
        PROJECT + 'on-run-start: "delete from visits"\non-run-end: "{{ log(results | length) }}"\n'
    )
    declare(shop, {"name": "t", "freshness": {"error_after": HOUR}})

    ran = await run(shop, "freshness")

    assert len(ran.outcome.results) == 3
    assert sources(shop).keys() == {"t"}


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"freshness": {"warn_after": {"count": 1, "period": "week"}}}, "'warn_after' must have"),
        ({"freshness": {"warn_after": {"count": "x", "period": "day"}}}, "'warn_after' must have"),
        ({"freshness": "daily"}, "'freshness' must be a mapping"),
        ({"loaded_at_field": ""}, "loaded_at_field cannot be an empty string."),
        ({"freshness": {"warn_afer": DAY}}, "'freshness' must be a mapping"),
        (
            {"loaded_at_field": "at", "loaded_at_query": "select 1"},
            "Cannot specify both loaded_at_field and loaded_at_query at table level",
        ),
    ],
)
async def test_what_makes_no_sense_is_an_error_with_its_place(
    shop: Path, entry: dict[str, Any], problem: str
) -> None:
    declare(shop, {"name": "t", **entry})

    ran = await run(shop, "freshness")

    assert ran.exit_code == 2
    assert problem in str(ran.outcome.error)
    assert "models/sources.yml:1" in str(ran.outcome.error)
