"""--fail-fast: the first failure stops what is in flight, and nothing else is started."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from headrace import Status
from headrace.engine.core.events import NodeCancelled, NodeSkipped, NodeStarted, RunFinished

from ..building.support import PROJECT, relations, rows, run, run_results
from .support import ENDLESS, headrace

WriteProject = Callable[[Mapping[str, str]], Path]

TABLE = "{{ config(materialized='table') }}\n"

# It fails after a while, so that the endless query is under way by then.
A_WHILE = ENDLESS.replace("from counter)", "from counter where i < 200000)", 1)
SHOP = {
    "models/a_failing.sql": "{% if execute %}{% do run_query('" + A_WHILE + "') %}"
    "{{ exceptions.raise_compiler_error('this is why') }}{% endif %}",
    "models/below_failing.sql": "select * from {{ ref('a_failing') }}",
    "models/endless.sql": TABLE + ENDLESS,
    "models/below_endless.sql": "select * from {{ ref('endless') }}",
    "models/later.sql": "select 1 as id",
}


async def test_first_failure_cancels_what_is_in_flight_and_skips_the_rest(
    write_project: WriteProject,
) -> None:
    root = write_project({**SHOP, "models/endless.sql": TABLE + "select 1 as n"})
    await run(root, select=("endless",))
    write_project(SHOP)
    began = time.monotonic()

    ran = await run(root, fail_fast=True, threads=2)

    assert time.monotonic() - began < 10
    assert ran.exit_code == 1
    assert ran.statuses == {
        "a_failing": Status.ERROR,
        "endless": Status.CANCELLED,
        "below_failing": Status.SKIPPED,
        "below_endless": Status.SKIPPED,
        "later": Status.SKIPPED,
    }
    assert ran.result("endless").message == "Cancelled due to fail_fast"
    assert ran.result("later").message == "Skipping due to fail_fast"
    assert ran.result("below_endless").message == "Skipping due to fail_fast"
    assert run_results(root) == {
        result.node.unique_id: result.status for result in ran.outcome.results
    }
    assert rows(root, "select n from endless") == [(1,)]


async def test_each_node_has_one_last_event(write_project: WriteProject) -> None:
    root = write_project(SHOP)

    ran = await run(root, fail_fast=True, threads=2)

    started = [e.node.name for e in ran.events if isinstance(e, NodeStarted)]
    cancelled = [e.result.node.name for e in ran.events if isinstance(e, NodeCancelled)]
    skipped = [e.result.node.name for e in ran.events if isinstance(e, NodeSkipped)]
    (finished,) = (e for e in ran.events if isinstance(e, RunFinished))
    assert sorted(started) == ["a_failing", "endless"]
    assert (cancelled, sorted(skipped)) == (
        ["endless"],
        ["below_endless", "below_failing", "later"],
    )
    assert not finished.interrupted
    assert len(finished.results) == len(SHOP)


def test_end_of_the_log_says_that_the_first_failure_has_ended_the_run(
    write_project: WriteProject,
) -> None:
    root = write_project({"models/a_failing.sql": "select nonsense", "models/b.sql": "select 1"})

    stopped = headrace(root, "run", "--fail-fast", "--threads", "1")
    went_on = headrace(root, "run", "--threads", "1")

    block = (
        "\n\nEncountered an error:\n"
        "FailFast Error in model a_failing (models/a_failing.sql)\n"
        "  Failing early due to test failure or runtime error\n"
    )
    assert block in stopped.stdout
    assert "FailFast" not in went_on.stdout


async def test_next_run_finds_nothing_in_its_way(write_project: WriteProject) -> None:
    root = write_project(SHOP)
    await run(root, fail_fast=True, threads=2)
    write_project(dict.fromkeys(SHOP, TABLE + "select 1 as n"))

    ran = await run(root)

    assert ran.exit_code == 0
    assert relations(root) == {Path(name).stem: "table" for name in SHOP}


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
            "models/a_failing.sql": "select nonsense from nowhere",
            "models/later.sql": "select 1 as id",
        }
    )

    ran = await run(root, fail_fast=flag, environ=environ, threads=1)

    assert ran.statuses["later"] is (Status.SKIPPED if is_on else Status.SUCCESS)


async def test_templates_see_the_flag_as_it_was_decided(write_project: WriteProject) -> None:
    root = write_project({"models/flag.sql": "select '{{ flags.FAIL_FAST }}' as flag"})

    await run(root, environ={"DBT_FAIL_FAST": "yes"})

    assert rows(root, "select flag from flag") == [("True",)]


def test_command_line_says_what_was_stopped(write_project: WriteProject) -> None:
    root = write_project(SHOP)

    done = headrace(root, "run", "-x", "--threads", "2")

    assert done.exit_code == 1, done.output
    assert "CANCEL query model.shop.endless" in done.stdout
    assert "Completed with 2 errors, 0 partial successes, and 0 warnings:" in done.stdout
    assert "Done. PASS=0 WARN=0 ERROR=2 SKIP=3 NO-OP=0 TOTAL=5" in done.stdout
