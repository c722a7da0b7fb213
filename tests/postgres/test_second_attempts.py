"""What a second attempt at a node is built on: the database as it is now, not as it was listed."""

from __future__ import annotations

import anyio
from headrace import Status

from .support import Shop
from .test_faults import until_found

LOCK = 4_242
WAITING = (
    "select pid from pg_locks where locktype = 'advisory' and not granted "
    f"and classid = 0 and objid = {LOCK}"
)
EVENTS = (
    "{{ config(materialized='incremental', pre_hook='select pg_advisory_xact_lock(LOCK)') }} "
    "select 1 as id, {{ is_incremental() }} as adds"
).replace("LOCK", str(LOCK))


async def lose_first_attempt(shop: Shop, meanwhile: str) -> None:
    """Run a statement while the first attempt waits in its hook, and cut its connection then."""
    async with shop.holding(f"select pg_advisory_xact_lock({LOCK})"):
        await until_found(shop, WAITING)
        await shop.execute(meanwhile)
        await shop.fetch(WAITING.replace("pid", "pg_terminate_backend(pid)", 1))


async def test_table_that_came_meanwhile_is_added_to(shop: Shop) -> None:
    shop.write("models/events.sql", EVENTS)
    shop.write("models/other.sql", "select 1 as id")
    await shop.build(select=("other",))  # the schema is there, and so is listed

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(
            lose_first_attempt,
            shop,
            "create table {schema}.events as select 100 as id, false as adds",
        )
        ran = await shop.run(select=("events",))

    assert ran.statuses == {"events": Status.SUCCESS}
    assert ran.result("events").adapter_response["attempts"] == 2
    found = await shop.fetch("select id, adds from {schema}.events order by id")
    assert found == [(1, True), (100, False)]


async def test_table_that_went_meanwhile_is_built_anew(shop: Shop) -> None:
    shop.write("models/events.sql", EVENTS)
    await shop.build()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lose_first_attempt, shop, "drop table {schema}.events")
        ran = await shop.run()

    assert ran.statuses == {"events": Status.SUCCESS}
    assert ran.result("events").adapter_response["attempts"] == 2
    assert await shop.fetch("select id, adds from {schema}.events") == [(1, False)]


async def test_view_that_came_in_the_tables_place_meanwhile_is_replaced(shop: Shop) -> None:
    shop.write("models/events.sql", EVENTS)
    await shop.build()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(
            lose_first_attempt,
            shop,
            "drop table {schema}.events; create view {schema}.events as select 100 as id",
        )
        ran = await shop.run()

    assert ran.statuses == {"events": Status.SUCCESS}
    assert await shop.relations() == {"events": "r"}
    assert await shop.fetch("select id, adds from {schema}.events") == [(1, False)]
