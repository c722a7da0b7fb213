"""--fail-fast: the first failure stops what is in flight, and nothing else is started."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from headrace import Status
from headrace.engine.events import NodeCancelled, NodeSkipped, NodeStarted, RunFinished

from ..building.support import PROJECT, relations, rows, run, run_results
from .support import ENDLESS, headrace

WriteProject = Callable[[Mapping[str, str]], Path]

TABLE = "{{ config(materialized='table') }}\n"

# The test takes a while before it fails, so that the endless query is under way by then.
SHOP = {
    "models/endless.sql": TABLE + ENDLESS,
    "models/below.sql": "select * from {{ ref('endless') }}",
    "tests/failing.sql": ENDLESS.replace("from counter)", "from counter where i < 300000)"),
    "models/later_1.sql": "select 1 as id",
    "models/later_2.sql": "select 1 as id",
}


async def test_first_failure_cancels_what_is_in_flight_and_skips_the_rest(
    write_project: WriteProject,
) -> None:
    root = write_project({**SHOP, "models/endless.sql": TABLE + "select 1 as n"})
    await run(root, select=("endless",))
    write_project(SHOP)
    began = time.monotonic()

    ran = await run(root, "build", fail_fast=True, threads=2)

    assert time.monotonic() - began < 10
    assert ran.exit_code == 1
    assert ran.statuses == {
        "failing": Status.FAIL,
        "endless": Status.CANCELLED,
        "below": Status.SKIPPED,
        "later_1": Status.SKIPPED,
        "later_2": Status.SKIPPED,
    }
    assert ran.result("endless").message == "Cancelled due to fail_fast"
    assert {ran.result(name).message for name in ("below", "later_1", "later_2")} == {
        "Skipping due to fail_fast"
    }
    assert run_results(root) == {
        "test.shop.failing": "fail",
        "model.shop.endless": "cancelled",
        "model.shop.below": "skipped",
        "model.shop.later_1": "skipped",
        "model.shop.later_2": "skipped",
    }
    assert rows(root, "select n from endless") == [(1,)]


async def test_each_node_has_one_last_event(write_project: WriteProject) -> None:
    root = write_project(SHOP)

    ran = await run(root, "build", fail_fast=True, threads=2)

    started = [e.node.name for e in ran.events if isinstance(e, NodeStarted)]
    cancelled = [e.result.node.name for e in ran.events if isinstance(e, NodeCancelled)]
    skipped = [e.result.node.name for e in ran.events if isinstance(e, NodeSkipped)]
    (finished,) = (e for e in ran.events if isinstance(e, RunFinished))
    assert sorted(started) == ["endless", "failing"]
    assert (cancelled, sorted(skipped)) == (["endless"], ["below", "later_1", "later_2"])
    assert not finished.interrupted
    assert len(finished.results) == len(SHOP)


async def test_next_run_finds_nothing_in_its_way(write_project: WriteProject) -> None:
    root = write_project(SHOP)
    await run(root, "build", fail_fast=True, threads=2)
    write_project({"models/endless.sql": TABLE + "select 1 as n"})
    (root / "tests" / "failing.sql").unlink()

    ran = await run(root, "build")

    assert ran.exit_code == 0
    assert relations(root) == {
        "below": "view",
        "endless": "table",
        "later_1": "view",
        "later_2": "view",
    }


@pytest.mark.parametrize(
    ("flag", "environ", "project", "is_on"),
    [
        (None, {}, "", False),
        (True, {}, "", True),
        (None, {"DBT_FAIL_FAST": "1"}, "", True),
        (None, {"HEADRACE_FAIL_FAST": "true", "DBT_FAIL_FAST": "0"}, "", True),
        (None, {}, "flags: {fail_fast: true}\n", True),
        (False, {"DBT_FAIL_FAST": "1"}, "flags: {fail_fast: true}\n", False),
        (None, {"DBT_FAIL_FAST": "0"}, "flags: {fail_fast: true}\n", False),
    ],
)
async def test_flag_beats_environment_beats_project(
    write_project: WriteProject,
    flag: bool | None,
    environ: Mapping[str, str],
    project: str,
    is_on: bool,
) -> None:
    root = write_project(
        {
            "dbt_project.yml": PROJECT + project,
            "models/a_failing.sql": "{{ exceptions.raise_compiler_error('no') }}",
            "models/later.sql": "select 1 as id",
        }
    )

    ran = await run(root, fail_fast=flag, environ=environ, threads=1)

    assert ran.statuses["later"] is (Status.SKIPPED if is_on else Status.SUCCESS)


def test_command_line_says_what_was_stopped(write_project: WriteProject) -> None:
    root = write_project(SHOP)

    done = headrace(root, "build", "-x", "--threads", "2")

    assert done.exit_code == 1, done.output
    assert "CANCEL query model.shop.endless" in done.stdout
    assert "Completed with 2 errors, 0 partial successes, and 0 warnings:" in done.stdout
    assert "Done. PASS=0 WARN=0 ERROR=2 SKIP=3 NO-OP=0 TOTAL=5" in done.stdout
