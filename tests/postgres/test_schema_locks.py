"""Two runs into one schema: the second says who is there, and waits or gives up.

Nothing here is timed: the first run stands at a gate until the test opens it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from headrace import ExitCode, Status
from headrace.adapters.postgres.schema_locks import LOCK_CLASS

from ..building.support import Ran, Recorder
from .adding import lossy
from .support import Shop
from .test_faults import until_found

GATE = 17
AT_GATE = "select 1 from pg_stat_activity where query like '%gate%' and wait_event = 'advisory'"


class Gate:
    """What a model waits at. open() lets it through."""

    def __init__(self, driver: asyncpg.Connection[asyncpg.Record], key: str) -> None:
        self._driver = driver
        self._key = key

    async def close(self) -> None:
        await self._driver.execute(f"select pg_advisory_lock({self._key})")

    async def open(self) -> None:
        await self._driver.execute("select pg_advisory_unlock_all()")


def gated(shop: Shop) -> str:
    """SQL that waits at the gate."""
    return f"select 1 as id from (select pg_advisory_xact_lock_shared({key_of(shop)})) as gate"


def key_of(shop: Shop) -> str:
    return f"{GATE}, hashtext('{shop.schema}')"


@asynccontextmanager
async def under_way(
    shop: Shop, recorder: Recorder | None = None
) -> AsyncIterator[tuple[asyncio.Future[Ran], Gate]]:
    """A run that stands at the gate in a model, and holds its locks."""
    shop.table("orders", gated(shop))
    async with shop.server.connect() as driver:
        gate = Gate(driver, key_of(shop))
        await gate.close()
        first = asyncio.ensure_future(shop.run(select=("orders",), recorder=recorder))
        try:
            await until_found(shop, AT_GATE)
            yield first, gate
        finally:
            await gate.open()
            await asyncio.wait([first])


async def until_told(recorder: Recorder, run: asyncio.Future[Ran]) -> None:
    """Wait for the first warning of a run that is under way."""
    while not recorder.warnings:
        assert not run.done(), "it ended without a warning"
        await asyncio.sleep(0.02)


def held(schema: str) -> str:
    """The query for who holds a schema's lock: its pid."""
    return (
        f"select pid from pg_locks where locktype = 'advisory' and granted "
        f"and classid::bigint = {LOCK_CLASS} "
        f"and objid::bigint = (hashtext('{schema}')::bigint & 4294967295)"
    )


async def holder_of(shop: Shop, schema: str | None = None) -> int:
    ((pid,),) = await shop.fetch(held(schema or shop.schema))
    return int(pid)


async def test_second_run_names_the_first_and_waits_for_it(shop: Shop) -> None:
    async with under_way(shop) as (first, gate):
        shop.table("orders", "select 2 as id")
        recorder = Recorder()
        second = asyncio.ensure_future(shop.run(recorder=recorder))
        await until_told(recorder, second)
        assert not first.done()
        assert not second.done()
        await gate.open()
        ran = await second

        assert first.done()
    assert (ran.exit_code, first.result().exit_code) == (0, 0)
    (said,) = ran.warnings
    assert f"another run is building in schema '{shop.schema}': 'headrace " in said
    assert "Waiting for it." in said
    assert await shop.fetch("select id from {schema}.orders") == [(2,)]


async def test_second_run_gives_up_before_any_sql_when_the_time_is_over(shop: Shop) -> None:
    shop.profile(run_lock_timeout=0)
    async with under_way(shop) as (first, _):
        ran = await shop.run()

        assert not first.done()
    assert ran.exit_code == ExitCode.COULD_NOT_RUN
    assert "--no-lock" in str(ran.outcome.error)
    assert ran.outcome.results == ()
    assert first.result().exit_code == 0


async def test_no_lock_lets_both_run(shop: Shop) -> None:
    shop.table("quick", "select 1 as id")
    async with under_way(shop) as (first, _):
        ran = await shop.run(select=("quick",), lock=False)

        assert not first.done()
    assert (ran.statuses, ran.warnings) == ({"quick": Status.SUCCESS}, [])


async def test_what_builds_nothing_needs_no_lock(shop: Shop) -> None:
    async with under_way(shop) as (first, _):
        ran = await shop.run("compile")

        assert not first.done()
    assert (ran.statuses, ran.warnings) == ({"orders": Status.SUCCESS}, [])


async def test_runs_in_other_schemas_do_not_wait(shop: Shop) -> None:
    shop.write(
        "models/elsewhere.sql",
        "{{ config(materialized='table', schema='else') }} select 1 as id",
    )
    async with under_way(shop) as (first, _):
        ran = await shop.build(select=("elsewhere",))

        assert not first.done()
    assert ran.warnings == []


async def test_lock_of_a_run_that_was_cancelled_is_free(shop: Shop) -> None:
    shop.profile(run_lock_timeout=0)
    async with under_way(shop) as (first, _):
        first.cancel()
        await asyncio.wait([first])

        assert await shop.fetch(held(shop.schema)) == []
    ran = await shop.build()

    assert ran.warnings == []


async def test_schemas_are_locked_in_the_order_of_their_names(shop: Shop) -> None:
    shop.write(
        "models/elsewhere.sql",
        "{{ config(materialized='table', schema='else') }} select 1 as id",
    )
    shop.table("orders", "select 1 as id")
    first, last = shop.schema, f"{shop.schema}_else"
    async with shop.server.connect() as driver:
        await driver.execute(f"select pg_advisory_lock({LOCK_CLASS}, hashtext('{last}'))")
        recorder = Recorder()
        waiting = asyncio.ensure_future(shop.run(recorder=recorder))
        await until_told(recorder, waiting)
        assert f"'{last}'" in recorder.warnings[0]
        assert await shop.fetch(held(first)) != []
        await driver.execute("select pg_advisory_unlock_all()")
        await waiting

        await driver.execute(f"select pg_advisory_lock({LOCK_CLASS}, hashtext('{first}'))")
        recorder = Recorder()
        waiting = asyncio.ensure_future(shop.run(recorder=recorder))
        await until_told(recorder, waiting)

        assert await shop.fetch(held(last)) == []
        await driver.execute("select pg_advisory_unlock_all()")
        assert (await waiting).exit_code == 0


async def test_lock_is_taken_again_with_the_connection_that_held_it(shop: Shop) -> None:
    shop.profile(run_lock_timeout=0, run_lock_lease=2)
    async with under_way(shop) as (first, _):
        before = await holder_of(shop)
        await shop.fetch(f"select pg_terminate_backend({before}, 5000)")
        await until_found(shop, held(shop.schema))
        second = await shop.run()

        assert await holder_of(shop) != before
        assert not first.done()
        ((name,),) = await shop.fetch(
            f"select application_name from pg_stat_activity where pid = {await holder_of(shop)}"
        )
        assert "@" in name  # it says whose process it is, as the one before did
    assert second.exit_code == ExitCode.COULD_NOT_RUN
    assert "another run is building" in str(second.outcome.error)
    assert (first.result().exit_code, first.result().warnings) == (0, [])


async def test_session_of_which_the_server_does_not_know_that_it_is_lost_is_ended(
    shop: Shop,
) -> None:
    async with lossy(shop, run_lock_lease=2) as proxy, under_way(shop) as (first, gate):
        before = await holder_of(shop)
        proxy.lines[0].abandon()
        await until_found(shop, f"{held(shop.schema)} and pid <> {before}")

        assert await shop.fetch(f"select 1 from pg_stat_activity where pid = {before}") == []
        await gate.open()
        ran = await first
    assert (ran.exit_code, ran.warnings) == (0, [])


async def test_lock_that_another_run_took_meanwhile_is_told_of(shop: Shop) -> None:
    shop.profile(run_lock_lease=2)
    recorder = Recorder()
    async with under_way(shop, recorder) as (first, _), shop.server.connect() as driver:
        # It waits in the server's own queue, and so has the lock before it can be taken again.
        taking = asyncio.ensure_future(
            driver.execute(f"select pg_advisory_lock({LOCK_CLASS}, hashtext('{shop.schema}'))")
        )
        await until_found(
            shop,
            "select 1 from pg_locks where locktype = 'advisory' and not granted and classid = "
            f"{LOCK_CLASS}",
        )
        before = await holder_of(shop)
        await shop.fetch(f"select pg_terminate_backend({before}, 5000)")
        await taking
        await until_told(recorder, first)

        await driver.execute("select pg_advisory_unlock_all()")
        await until_found(shop, held(shop.schema))  # by the run, which still is under way
        assert not first.done()
    (said,) = recorder.warnings
    assert f"held the lock of schema '{shop.schema}' was lost, and another run has taken it" in said


@pytest.mark.parametrize("is_told", [True, False], ids=["terminated", "abandoned"])
async def test_lock_lost_while_another_is_waited_for_is_taken_again(
    shop: Shop, is_told: bool
) -> None:
    shop.write(
        "models/elsewhere.sql",
        "{{ config(materialized='table', schema='else') }} select 1 as id",
    )
    shop.table("orders", gated(shop))
    first, last = shop.schema, f"{shop.schema}_else"
    async with lossy(shop) as proxy, shop.server.connect() as driver:
        gate = Gate(driver, key_of(shop))
        await gate.close()
        async with shop.server.connect() as other:
            await other.execute(f"select pg_advisory_lock({LOCK_CLASS}, hashtext('{last}'))")
            waiting = asyncio.ensure_future(shop.run())
            await until_found(shop, held(first))
            before = await holder_of(shop)
            if is_told:
                await shop.fetch(f"select pg_terminate_backend({before}, 5000)")
            else:
                proxy.lines[0].abandon()
            await until_found(shop, f"{held(first)} and pid <> {before}")
            await other.execute("select pg_advisory_unlock_all()")
        await until_found(shop, AT_GATE)

        assert await holder_of(shop, first) == await holder_of(shop, last) != before
        await gate.open()
        assert (await waiting).exit_code == 0


async def test_lock_of_a_holder_that_is_no_longer_heard_of_is_free(shop: Shop) -> None:
    """A network that was cut: each end still has its socket open."""
    async with lossy(shop, run_lock_lease=2) as proxy:
        async with under_way(shop) as (first, gate):
            before = await holder_of(shop)
            proxy.goes_on.clear()
            began = asyncio.get_running_loop().time()
            await until_found(shop, f"select 1 where not exists ({held(shop.schema)})")
            seconds = asyncio.get_running_loop().time() - began
            shop.profile(run_lock_timeout=0)
            second = await shop.run("test")
            other = await shop.run(select=("other",))
            proxy.goes_on.set()
            await until_found(shop, f"{held(shop.schema)} and pid <> {before}")
            await gate.open()
            ran = await first

    # The bound is the lease; the rest is what a busy machine needs to ask.
    assert seconds < 5
    assert (second.exit_code, other.exit_code) == (0, 0)
    assert (ran.exit_code, ran.statuses) == (0, {"orders": Status.SUCCESS})


async def test_lock_of_a_holder_that_is_there_is_kept_beyond_the_lease(shop: Shop) -> None:
    shop.profile(run_lock_lease=1.5)
    async with under_way(shop) as (first, _):
        before = await holder_of(shop)
        await until_found(
            shop,
            f"select 1 from pg_stat_activity where pid = {before} "
            "and clock_timestamp() - backend_start > interval '3.5 s'",
        )

        assert await holder_of(shop) == before
    assert first.result().exit_code == 0
