"""`result:` and `source_status:` — what an earlier run found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ..building.support import run
from ..conftest import WriteProject

FILES = {
    "models/good.sql": "select 1 as id",
    "models/bad.sql": "select nothing",
    "models/after.sql": "select * from {{ ref('bad') }}",
    "models/from_till.sql": "select * from {{ source('till', 'receipts') }}",
    "models/schema.yml": (
        "models: [{name: good, columns: [{name: id, data_tests: "
        "[{accepted_values: {arguments: {values: [2]}, name: two}}, not_null]}]}]\n"
        "sources: [{name: till, tables: [{name: receipts}, {name: refunds}]}]\n"
    ),
}
CHOSEN = ("good", "bad+")


def results_of_0_18(statuses: Mapping[str, Any]) -> str:
    """dbt 0.18 kept each node whole, and what went wrong beside it."""
    said: dict[str, dict[str, Any]] = {
        "error": {"error": "no such column", "status": "ERROR"},
        "skipped": {"skip": True},
        "fail": {"fail": True, "status": 1},
        "success": {"status": "CREATE VIEW"},
        "pass": {"status": 0},
    }
    results = [
        {
            "node": {"unique_id": key, "resource_type": key.partition(".")[0]},
            "error": None,
            "skip": False,
            "fail": None,
            "warn": None,
            **said[status],
        }
        for key, status in statuses.items()
    ]
    return json.dumps({"results": results, "generated_at": "2020-09-03T12:00:00.000000Z"})


@pytest.mark.parametrize("is_old", [False, True])
@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("result:error", "bad"),
        ("result:error+", "after bad"),
        ("result:skipped", "after"),
        ("result:fail", "two"),
        ("result:pass", "not_null_good_id"),
        ("result:success", "good"),
        ("result:error result:fail", "bad two"),
        ("1+result:fail", "good two"),
        ("result:warn", ""),
        ("result:Error", "bad"),
    ],
)
async def test_results_of_an_earlier_run_select(
    write_project: WriteProject, selector: str, expected: str, is_old: bool
) -> None:
    root = write_project(FILES)
    ran = await run(root, "build", select=CHOSEN)
    assert ran.exit_code == 1
    (root / "target").rename(root / "prod")
    if is_old:
        results = json.loads((root / "prod/run_results.json").read_text())["results"]
        statuses = {result["unique_id"]: result["status"] for result in results}
        (root / "prod/run_results.json").write_text(results_of_0_18(statuses))

    found = await run(
        root,
        "ls",
        select=(selector,),
        state=Path("prod"),
        output="name",
        indirect_selection="empty",
    )

    assert found.exit_code == 0, found.outcome.error
    assert " ".join(sorted(found.lines)) == expected


def ages(**moments: str | None) -> str:
    results = [
        {"unique_id": f"source.shop.till.{name}", "status": "pass", "max_loaded_at": moment}
        if moment
        else {"unique_id": f"source.shop.till.{name}", "status": "runtime error", "error": "no"}
        for name, moment in moments.items()
    ]
    schema = "https://schemas.getdbt.com/dbt/sources/v3.json"
    return json.dumps({"metadata": {"dbt_schema_version": schema}, "results": results})


EARLY, LATE = "2026-01-01T10:00:00+00:00", "2026-01-01T12:00:00+02:00"
LATER = "2026-01-01T10:30:00Z"


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (ages(receipts=EARLY), ages(receipts=LATER), "from_till till.receipts"),
        (ages(receipts=EARLY), ages(receipts=EARLY), ""),
        (ages(receipts=EARLY), ages(receipts=LATE), ""),
        (ages(receipts=LATER), ages(receipts=EARLY), ""),
        (ages(), ages(receipts=EARLY), "from_till till.receipts"),
        (ages(receipts=None), ages(receipts=EARLY), "from_till till.receipts"),
        (ages(receipts=EARLY), ages(receipts=None), ""),
        (ages(), ages(refunds=EARLY), "till.refunds"),
        (
            '{"sources": {"source.shop.till.receipts": {"max_loaded_at": '
            '"2020-01-01T00:00:00+00:00Z"}}}',
            ages(receipts=EARLY),
            "from_till till.receipts",
        ),
    ],
)
async def test_sources_that_were_loaded_since_are_fresher(
    write_project: WriteProject, before: str, now: str, expected: str
) -> None:
    root = write_project({**FILES, "prod/sources.json": before, "target/sources.json": now})

    found = await run(
        root, "ls", select=("source_status:fresher+",), state=Path("prod"), output="name"
    )

    assert found.exit_code == 0, found.outcome.error
    assert " ".join(sorted(found.lines)) == expected


@pytest.mark.parametrize(
    ("selector", "files", "said"),
    [
        ("result:error", {}, "there is no run_results.json in --state"),
        ("result:error", {"prod/run_results.json": "{}"}, "is no run-results that can be read"),
        ("source_status:fresher", {}, "there is no sources.json in --state"),
        ("source_status:older", {}, "there is only 'fresher'"),
        (
            "source_status:fresher",
            {"prod/sources.json": ages()},
            'Run "headrace source freshness" first.',
        ),
    ],
)
async def test_what_an_earlier_run_lacks_is_told(
    write_project: WriteProject, selector: str, files: Mapping[str, str], said: str
) -> None:
    root = write_project({**FILES, "prod/README": "", **files})

    ran = await run(root, "run", select=(selector,), state=Path("prod"))

    assert ran.exit_code == 2
    assert said in str(ran.outcome.error)
    assert not (root / "shop.db").exists()
