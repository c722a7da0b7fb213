"""What is cancelled has ended at the server when the command returns."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import anyio
import pytest
from headrace import Status
from headrace.engine.core.leftovers import sweep_below

from ..building.support import check_invariants, run_results
from ..commands.support import SECONDS, environment
from .support import TABLE, Shop

SLOW = "select 1 as id from (select pg_sleep(60)) as pause"


@pytest.fixture
async def slow_shop(shop: Shop) -> AsyncIterator[Shop]:
    """Tables that are there with a 0, and take a minute from now on; a child of theirs."""
    for number in range(4):
        shop.table(f"slow_{number}", "select 0 as id")
    shop.table("below", "select id from {{ ref('slow_0') }}")
    await shop.build()
    for number in range(4):
        shop.table(f"slow_{number}", SLOW)
    yield shop
    assert await shop.fetch("select id from {schema}.slow_0") == [(0,)]
    check_invariants(shop.root)


@contextmanager
def started(shop: Shop) -> Iterator[subprocess.Popen[str]]:
    """The command line, running in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "headrace", "run"],
        cwd=shop.root,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


async def sleeping(shop: Shop) -> list[int]:
    """The backends that are in a model's query."""
    return [pid for pid, state, sql in await shop.server.backends() if _is_slow(state, sql)]


def _is_slow(state: str, sql: str) -> bool:
    return state == "active" and "pg_sleep" in sql


async def until_sleeping(shop: Shop, count: int) -> None:
    for _ in range(500):
        if len(await sleeping(shop)) >= count:
            return
        await anyio.sleep(0.02)
    pytest.fail("the queries were never under way")


async def test_fail_fast_ends_the_queries_in_flight(slow_shop: Shop) -> None:
    slow_shop.table("broken", "select 1 / n as id from (select 0 as n, pg_sleep(0.5)) as later")
    began = time.monotonic()

    ran = await slow_shop.run(fail_fast=True, threads=5)

    assert time.monotonic() - began < 2
    assert await sleeping(slow_shop) == []
    assert ran.exit_code == 1
    assert ran.statuses["broken"] is Status.ERROR
    assert [ran.statuses[f"slow_{n}"] for n in range(4)] == [Status.CANCELLED] * 4


async def test_hosts_cancel_ends_the_queries_and_travels_on(slow_shop: Shop) -> None:
    task = asyncio.ensure_future(slow_shop.run(threads=4))
    await until_sleeping(slow_shop, 4)
    others = asyncio.all_tasks() - {task}
    began = time.monotonic()

    task.cancel()
    await asyncio.wait([task])

    assert time.monotonic() - began < 1
    assert task.cancelled()
    assert await sleeping(slow_shop) == []
    assert asyncio.all_tasks() <= others
    assert run_results(slow_shop.root)["model.shop.below"] == "skipped"


async def test_session_that_has_taken_a_role_is_cancelled_as_well(shop: Shop) -> None:
    """Who has logged in owns the session: a role that was taken may not cancel what it does."""
    role = f"{shop.schema}_role"
    await shop.execute(f"create role {role}; grant all on schema {{schema}} to {role}")
    try:
        shop.profile(role=role)
        shop.table("slow", SLOW)
        task = asyncio.ensure_future(shop.run())
        await until_sleeping(shop, 1)
        began = time.monotonic()

        task.cancel()
        await asyncio.wait([task])

        assert time.monotonic() - began < 2
        assert await sleeping(shop) == []
        assert run_results(shop.root) == {"model.shop.slow": "cancelled"}
    finally:
        await shop.execute(f"drop owned by {role}; drop role {role}")


async def test_cancelling_at_any_moment_leaves_the_old_table_or_the_new(shop: Shop) -> None:
    shop.table("orders", "select {{ var('round', 0) }} as round")
    shop.view("recent", "select round, {{ var('round', 0) }} as now from {{ ref('orders') }}")
    began = time.monotonic()
    await shop.build()
    duration, chance, held = time.monotonic() - began, random.Random(17), 0

    for number in range(1, 40):
        (shop.root / "target" / "run_results.json").unlink(missing_ok=True)
        task = asyncio.ensure_future(shop.run(vars={"round": number}))
        await asyncio.sleep(chance.uniform(0.2, 1.3) * duration)
        task.cancel()
        await asyncio.wait([task])
        if status_of(shop, "model.shop.orders") == "success":
            held = number
        assert await shop.fetch("select round from {schema}.orders") == [(held,)]
    assert held > 0


def status_of(shop: Shop, unique_id: str) -> str | None:
    """A node's status in the results, if the run got as far as to write any."""
    written = (shop.root / "target" / "run_results.json").exists()
    return run_results(shop.root).get(unique_id) if written else None


@pytest.mark.parametrize(
    ("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"]
)
async def test_signal_ends_the_queries_before_the_process(
    slow_shop: Shop, number: signal.Signals, exit_code: int
) -> None:
    with started(slow_shop) as process:
        await until_sleeping(slow_shop, 4)
        sent = time.monotonic()
        process.send_signal(number)
        output, _ = await anyio.to_thread.run_sync(lambda: process.communicate(timeout=SECONDS))

    assert time.monotonic() - sent < 3
    assert process.returncode == exit_code, output
    assert await sleeping(slow_shop) == []
    assert "Traceback" not in output
    assert run_results(slow_shop.root) == {
        **{f"model.shop.slow_{n}": "cancelled" for n in range(4)},
        "model.shop.below": "skipped",
    }


async def test_second_signal_ends_the_process_at_once(slow_shop: Shop) -> None:
    with started(slow_shop) as process:
        await until_sleeping(slow_shop, 4)
        process.send_signal(signal.SIGINT)
        await anyio.sleep(0.02)
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        await anyio.to_thread.run_sync(lambda: process.communicate(timeout=SECONDS))

    assert time.monotonic() - sent < 1
    assert process.returncode in (130, -signal.SIGINT)
    # What it was just writing goes with the next run.
    sweep_below(slow_shop.root)


async def test_killed_process_leaves_no_query_and_the_next_run_works(slow_shop: Shop) -> None:
    with started(slow_shop) as process:
        await until_sleeping(slow_shop, 4)
        process.kill()
        killed = time.monotonic()
        while await sleeping(slow_shop):
            assert time.monotonic() - killed < 2
            await anyio.sleep(0.05)

    assert await slow_shop.fetch("select id from {schema}.slow_0") == [(0,)]
    for number in range(4):
        slow_shop.write(f"models/slow_{number}.sql", TABLE + "select 0 as id")
    await slow_shop.build()


async def test_query_cancelled_by_somebody_else_fails_its_node(shop: Shop) -> None:
    shop.table("slow", SLOW)
    shop.table("quick", "select 1 as id")

    async with anyio.create_task_group() as tasks:

        async def cancel() -> None:
            await until_sleeping(shop, 1)
            (pid,) = await sleeping(shop)
            await shop.execute(f"select pg_cancel_backend({pid})")

        tasks.start_soon(cancel)
        ran = await shop.run()

    assert ran.statuses == {"quick": Status.SUCCESS, "slow": Status.ERROR}
    assert "canceling statement due to user request" in ran.error("slow")


async def test_tests_in_flight_end_and_what_they_had_kept_stays(shop: Shop) -> None:
    kept = "{{ config(store_failures=true) }}"
    shop.table("orders", "select 0 as id")
    shop.write("tests/found.sql", f"{kept} select 1 as id")
    shop.write(
        "models/tests.yml",
        "unit_tests: [{name: slow, model: above, given: [], expect: {rows: [{id: 2}]}}]",
    )
    shop.view("above", "select 2 as id")
    await shop.run("build")
    shop.write("tests/found.sql", f"{kept} {SLOW}")
    shop.view("above", SLOW)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(shop.run, "test")
        await until_sleeping(shop, 2)
        tasks.cancel_scope.cancel()

    assert await sleeping(shop) == []
    assert await shop.fetch("select id from {schema}_dbt_test__audit.found") == [(1,)]
    assert run_results(shop.root) == {
        "test.shop.found": "cancelled",
        "unit_test.shop.above.slow": "cancelled",
    }
