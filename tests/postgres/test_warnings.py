"""The warnings that need a server, or a second run: as warnings, and as errors."""

from __future__ import annotations

import asyncio
from typing import Any

from headrace import ExitCode, Status

from ..building.support import Ran, Recorder, warnings_of
from .support import Shop
from .test_faults import FAILING
from .test_schema_locks import under_way, until_told
from .test_snapshots import TIMESTAMP
from .test_snapshots import write as write_snapshot


def names(ran: Ran) -> list[str]:
    return [warning.name for warning in warnings_of(ran.events)]


async def dropped_view(shop: Shop, **options: Any) -> Ran:
    """A run that has to drop a view of ours."""
    shop.table("orders", "select 1 as id, 'a' as kind")
    shop.view("kinds", "select kind from {{ ref('orders') }}")
    await shop.build()
    shop.table("orders", "select 2 as id")
    return await shop.run(select=("orders",), **options)


async def test_view_that_was_dropped_is_warned_of(shop: Shop) -> None:
    ran = await dropped_view(shop)

    assert (ran.exit_code, names(ran)) == (0, ["DependentViewDropped"])


async def test_view_that_was_dropped_fails_its_node_when_its_work_is_done(shop: Shop) -> None:
    ran = await dropped_view(shop, warn_error=True)

    assert (ran.exit_code, names(ran)) == (1, [])
    assert ran.result("orders").status is Status.ERROR
    assert f"the view {shop.schema}.kinds no longer fitted orders" in ran.error("orders")
    assert await shop.fetch("select id from {schema}.orders") == [(2,)]


async def test_node_that_fails_behind_a_dropped_view_says_what_failed(shop: Shop) -> None:
    shop.table("orders", "select 1 as id, 'a' as kind")
    shop.view("kinds", "select kind from {{ ref('orders') }}")
    await shop.build()
    hook = "{{ config(post_hook={'sql': 'select * from nowhere', 'transaction': false}) }}"
    shop.table("orders", hook + "select 2 as id")

    ran = await shop.run(select=("orders",), warn_error=True)

    assert ran.result("orders").status is Status.ERROR
    assert 'relation "nowhere" does not exist' in ran.error("orders")
    assert await shop.fetch("select id from {schema}.orders") == [(2,)]


async def test_second_attempt_is_warned_of_and_as_an_error_there_is_none(shop: Shop) -> None:
    await shop.execute(FAILING)
    shop.table("orders", f"select {shop.schema}.fails(1, '40001') as id")

    shown = await shop.run()
    await shop.execute("drop sequence {schema}.tries; create sequence {schema}.tries")
    failed = await shop.run(warn_error_options={"error": ["NodeRetried"]})

    assert (shown.exit_code, names(shown)) == (0, ["NodeRetried"])
    assert (failed.exit_code, names(failed)) == (1, [])
    assert "attempt 1 at model orders failed (as told" in failed.error("orders")
    assert await shop.fetch("select last_value from {schema}.tries") == [(1,)]


async def test_times_of_another_type_fail_the_snapshot_before_it_is_made(shop: Shop) -> None:
    write_snapshot(shop, TIMESTAMP, "select 1 as id, timestamptz '2020-01-02 00:00+00' as at")

    failed = await shop.run("snapshot", warn_error=True)
    before = await shop.relations()
    shown = await shop.run("snapshot")

    assert (failed.exit_code, before) == (1, {})
    assert (shown.exit_code, names(shown)) == (0, ["SnapshotTimestampWarning"])


async def test_run_that_would_wait_for_another_ends_at_once(shop: Shop) -> None:
    async with under_way(shop) as (first, gate):
        failed = await shop.run(warn_error=True)
        assert not first.done()
        recorder = Recorder()
        waits = asyncio.ensure_future(shop.run(recorder=recorder))
        await until_told(recorder, waits)
        await gate.open()
        waited = await waits

    assert failed.exit_code == ExitCode.COULD_NOT_RUN
    assert "[WaitingForAnotherRun]" in str(failed.outcome.error)
    assert first.result().exit_code == 0
    assert (waited.exit_code, names(waited)) == (0, ["WaitingForAnotherRun"])
