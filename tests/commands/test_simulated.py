"""What only a simulated database shows at will: a slow COMMIT, and many queries in flight."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import anyio
import pytest
from headrace import Options, Status, invoke
from headrace.adapters.testing import Recorder, Statement
from headrace.engine.core.events import NodeExecuted

from ..building.support import run, run_results

WriteProject = Callable[[Mapping[str, str]], Path]

TABLE = "{{ config(materialized='table') }} "


def simulated(rules: str, threads: int = 4) -> dict[str, str]:
    output = f"{{type: testing, schema: main, threads: {threads}, rules: [{rules}]}}"
    return {"profiles.yml": f"shop: {{target: dev, outputs: {{dev: {output}}}}}\n"}


async def test_commit_that_was_under_way_counts(
    write_project: WriteProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_project(
        {
            **simulated("{match: ^commit, latency: 0.2}"),
            "models/orders.sql": TABLE + "select 1 as id",
            "models/below.sql": "select id from {{ ref('orders') }}",
        }
    )
    committing = anyio.Event()
    start = Recorder.start

    def note_commit(recorder: Recorder, sql: str, connection: str, now: float) -> Statement:
        if sql == "commit":
            committing.set()
        return start(recorder, sql, connection, now)

    monkeypatch.setattr(Recorder, "start", note_commit)
    task = asyncio.create_task(invoke(Options(), environ={}, cwd=root))
    await committing.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task

    assert run_results(root) == {"model.shop.orders": "success", "model.shop.below": "skipped"}


async def test_failed_commit_is_a_failed_model(write_project: WriteProject) -> None:
    root = write_project(
        {
            **simulated("{match: ^commit, error: the disk is full}"),
            "models/orders.sql": TABLE + "select 1 as id",
            "models/below.sql": "select id from {{ ref('orders') }}",
        }
    )

    ran = await run(root)

    assert ran.statuses == {"orders": Status.ERROR, "below": Status.SKIPPED}
    assert "the disk is full" in ran.error("orders")


async def test_failed_statement_is_sent_once(write_project: WriteProject) -> None:
    root = write_project(
        {
            **simulated("{match: create table, error: permission denied}"),
            "models/orders.sql": TABLE + "select 1 as id",
        }
    )

    ran = await run(root)

    sent = [event.sql for event in ran.events if isinstance(event, NodeExecuted)]
    assert ran.statuses == {"orders": Status.ERROR}
    assert [sql.count("create table") for sql in sent] == [1]


async def test_hundreds_in_flight_are_cancelled_at_once(write_project: WriteProject) -> None:
    count = 300
    slow = {f"models/slow_{n}.sql": TABLE + "select 1 as id" for n in range(count)}
    root = write_project(
        {
            **simulated(
                "{match: bad, latency: 0.3, error: refused}, {match: create table, latency: 60}",
                threads=count + 1,
            ),
            **slow,
            "models/bad.sql": TABLE + "select 1 as id",
        }
    )
    began = time.monotonic()

    ran = await run(root, fail_fast=True)

    assert time.monotonic() - began < 10
    assert ran.statuses == {
        "bad": Status.ERROR,
        **{f"slow_{n}": Status.CANCELLED for n in range(count)},
    }
    assert run_results(root).keys() == {result.node.unique_id for result in ran.outcome.results}
