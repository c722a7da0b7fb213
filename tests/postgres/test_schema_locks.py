"""Two runs into one schema: the second says who is there, and waits or gives up."""

from __future__ import annotations

import asyncio

import anyio
from headrace import ExitCode

from ..building.support import Ran
from .support import Shop

SLOW = "select 1 as id, pg_sleep(0.6)::text as pause"


async def beside_another_run(shop: Shop, command: str = "run", **options: object) -> Ran:
    """Run a command while another run is under way. Both must end."""
    first = asyncio.ensure_future(shop.run("run"))
    await anyio.sleep(0.3)
    second = await shop.run(command, **options)
    assert (await first).exit_code == 0
    return second


async def test_second_run_names_the_first_and_waits_for_it(shop: Shop) -> None:
    shop.table("orders", SLOW)

    ran = await beside_another_run(shop)

    assert ran.exit_code == 0
    (said,) = ran.warnings
    assert f"another run is building in schema '{shop.schema}': 'headrace " in said
    assert "Waiting for it." in said


async def test_second_run_gives_up_before_any_sql_when_the_time_is_over(shop: Shop) -> None:
    shop.profile(run_lock_timeout=0)
    shop.table("orders", SLOW)

    ran = await beside_another_run(shop)

    assert ran.exit_code == ExitCode.COULD_NOT_RUN
    assert "--no-lock" in str(ran.outcome.error)
    assert ran.outcome.results == ()


async def test_no_lock_lets_both_run(shop: Shop) -> None:
    shop.table("orders", SLOW)
    shop.table("quick", "select 1 as id")

    ran = await beside_another_run(shop, select=("quick",), lock=False)

    assert (ran.exit_code, ran.warnings) == (0, [])


async def test_what_builds_nothing_needs_no_lock(shop: Shop) -> None:
    shop.table("orders", SLOW)

    ran = await beside_another_run(shop, "compile")

    assert (ran.exit_code, ran.warnings) == (0, [])


async def test_runs_in_other_schemas_do_not_wait(shop: Shop) -> None:
    shop.table("orders", SLOW)
    shop.write(
        "models/elsewhere.sql",
        "{{ config(materialized='table', schema='else') }} select 1 as id",
    )
    first = asyncio.ensure_future(shop.run("run", select=("orders",)))
    await anyio.sleep(0.3)

    ran = await shop.build(select=("elsewhere",))

    assert ran.warnings == []
    assert not first.done()
    assert (await first).exit_code == 0


async def test_lock_of_a_run_that_was_cancelled_is_free(shop: Shop) -> None:
    shop.profile(run_lock_timeout=0.5)
    shop.table("orders", SLOW)
    first = asyncio.ensure_future(shop.run("run"))
    await anyio.sleep(0.3)
    first.cancel()
    await asyncio.wait([first])

    await shop.build()
