"""What a run tells at level debug: every message to the database, every file, and its end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from headrace.adapters.traffic import StatementAnswered, StatementSent

from ..building.support import Ran, run
from ..postgres_server import PostgresServer

WriteProject = Callable[[Mapping[str, str]], Path]
Record = dict[str, dict[str, Any]]

SHOP = {
    "seeds/raw.csv": "id,name\n1,a\n2,b\n",
    "models/orders.sql": "{{ config(materialized='table', pre_hook='select 3') }}\n"
    "select * from {{ ref('raw') }}",
    "models/bad.sql": "select nope from {{ ref('raw') }}",
    "models/child.sql": "select * from {{ ref('bad') }}",
}


async def told(root: Path, command: str = "build", **options: Any) -> list[Record]:
    """The records of the log file of one run."""
    path = root / "logs" / "dbt.log"
    path.unlink(missing_ok=True)
    await run(root, command, log_format_file="json", **options)
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def named(records: Iterable[Record], *names: str) -> list[Record]:
    return [record for record in records if record["info"]["name"] in names]


@pytest.fixture(params=["sqlite", "postgres"])
def shop(request: pytest.FixtureRequest, write_project: WriteProject) -> Path:
    """A project with a seed, a table, a model that fails, and one that is skipped."""
    if request.param == "sqlite":
        return write_project(SHOP)
    server: PostgresServer = request.getfixturevalue("postgres")
    profile = server.profile(request.getfixturevalue("schema"))
    return write_project({**SHOP, "profiles.yml": profile})


async def test_what_is_sent_is_told_with_its_comment_and_so_is_the_answer(shop: Path) -> None:
    records = await told(shop)

    of_orders = [
        record
        for record in named(records, "SQLQuery")
        if record["data"]["conn_name"] == "model.shop.orders"
    ]
    texts = [record["data"]["sql"] for record in of_orders]
    (built,) = [text for text in texts if "create table" in text]
    assert '"node_id": "model.shop.orders"' in built
    assert any("select 3" in text for text in texts)
    assert all(record["info"]["thread"].startswith("Thread-") for record in of_orders)
    assert {record["data"]["node_info"]["node_status"] for record in of_orders} == {"executing"}
    statuses = named(records, "SQLQueryStatus")
    assert all(record["data"]["elapsed"] >= 0 for record in statuses)
    assert "COMMIT" in {record["data"]["status"] for record in statuses}
    committed = {record["data"]["conn_name"] for record in named(records, "SQLCommit")}
    assert "model.shop.orders" in committed
    (undone,) = named(records, "Rollback")
    assert undone["data"]["conn_name"] == "model.shop.bad"
    assert undone["info"]["msg"] == "On model.shop.bad: ROLLBACK"
    of_bad = [
        record["info"]["name"]
        for record in named(records, "SQLQuery", "SQLQueryStatus")
        if record["data"].get("node_info", {}).get("unique_id") == "model.shop.bad"
    ]
    # What the database refuses it has no status for; what takes it back is sent as well.
    assert of_bad[0] == "SQLQuery"
    assert of_bad.count("SQLQueryStatus") == of_bad.count("SQLQuery") - 1


async def test_each_session_is_opened_handed_on_and_closed(shop: Path) -> None:
    records = await told(shop)

    opened, closed = named(records, "NewConnection"), named(records, "ConnectionClosed")
    assert opened
    assert len(closed) == len(opened)
    names = {record["data"]["conn_name"] for record in named(records, "SQLQuery")}
    for reused in named(records, "ConnectionReused"):
        assert reused["data"]["orig_conn_name"] in names
    places = [record["info"]["name"] for record in records]
    assert places.index("NewConnection") < places.index("SQLQueryStatus") or "catalog" in names
    assert places.index("EndRunResult") > places.index("SQLQueryStatus")


async def test_each_artifact_that_was_written_is_told(shop: Path) -> None:
    records = await told(shop)

    target = shop / "target"
    written = [
        (record["data"]["artifact_type"], record["data"]["artifact_path"])
        for record in named(records, "ArtifactWritten")
    ]
    assert set(written) == {
        ("WritableManifest", str(target / "manifest.json")),
        ("RunExecutionResult", str(target / "run_results.json")),
    }
    # There is nothing in this project for metrics, and so no file for them.
    assert not (target / "semantic_manifest.json").exists()


async def test_no_artifact_is_told_of_that_is_not_written(write_project: WriteProject) -> None:
    root = write_project(SHOP)

    records = await told(root, write_json=False)

    assert named(records, "ArtifactWritten") == []
    assert named(records, "EndRunResult")


async def test_catalog_and_sources_are_artifacts_too(write_project: WriteProject) -> None:
    source = "sources: [{name: main, tables: [{name: raw, loaded_at_field: id, freshness: "
    limit = "{warn_after: {count: 1, period: day}}}]}]"
    root = write_project({**SHOP, "models/s.yml": source + limit})

    await run(root, "seed")
    kinds = {
        record["data"]["artifact_type"]
        for command in ("generate", "freshness")
        for record in named(await told(root, command), "ArtifactWritten")
    }

    assert kinds >= {"CatalogArtifact", "FreshnessResult"}


async def test_failure_is_told_before_what_it_skips_and_at_the_end(shop: Path) -> None:
    records = await told(shop)

    (marked,) = named(records, "MarkSkippedChildren")
    assert (marked["data"]["unique_id"], marked["data"]["status"]) == ("model.shop.bad", "error")
    (skipped,) = named(records, "SkippingDetails")
    assert records.index(marked) < records.index(skipped)
    (end,) = named(records, "EndRunResult")
    assert sorted(result["status"] for result in end["data"]["results"]) == [
        *("error", "skipped", "success", "success")
    ]
    (path,) = named(records, "SQLCompiledPath")
    assert (shop / path["data"]["path"]).exists()


@pytest.mark.parametrize("command", ["compile", "show"])
async def test_what_is_only_compiled_is_not_told_as_created(
    write_project: WriteProject, command: str
) -> None:
    root = write_project({"models/m.sql": "select 1 as a"})

    records = await told(root, command, select=("m",))

    names = {record["info"]["name"] for record in records}
    assert names.isdisjoint({"LogStartLine", "LogModelResult", "FinishedRunningStats"})
    assert names >= {"NodeStart", "NodeCompiling", "NodeFinished"}


async def test_adapter_and_arguments_are_told_at_the_start(write_project: WriteProject) -> None:
    records = await told(write_project(SHOP), select=("orders",))

    (adapter,) = named(records, "AdapterRegistered")
    assert (adapter["info"]["level"], adapter["data"]["adapter_name"]) == ("info", "sqlite")
    (arguments,) = named(records, "MainReportArgs")
    assert arguments["data"]["args"]["select"] == "('orders',)"


@pytest.mark.parametrize(
    ("options", "is_told"),
    [
        ({"log_level_file": "info"}, False),
        ({"log_level_file": "debug"}, True),
        ({"log_level_file": "none", "log_level": "debug"}, True),
        ({"log_level_file": "none", "debug": True}, True),
    ],
)
async def test_nothing_is_told_of_the_database_where_nobody_looks_at_debug(
    write_project: WriteProject, options: Mapping[str, Any], is_told: bool
) -> None:
    ran: Ran = await run(write_project(SHOP), "seed", **options)

    traffic = [e for e in ran.events if isinstance(e, StatementSent | StatementAnswered)]
    assert bool(traffic) is is_told
