"""The control connection is lost, at each of its messages: it is opened anew, as any other."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest
from headrace import Status
from headrace.adapters.postgres.connecting import connect
from headrace.adapters.postgres.control import Control
from headrace.adapters.postgres.keys import read_keys

from .adding import lossy
from .proxy import Blow
from .support import Shop
from .test_faults import until_found
from .test_lost_statements import target_of


@pytest.fixture
def small_shop(shop: Shop) -> Shop:
    """A project that reads the catalog in several ways, and has two schemas."""
    shop.table("orders", "select 1 as id")
    shop.view("recent", "select id from {{ ref('orders') }}")
    shop.write(
        "models/elsewhere.sql",
        "{{ config(materialized='incremental', schema='else') }} select id from {{ ref('recent') }}"
        "{% do adapter.list_relations_without_caching(this) %}{% do adapter.list_schemas() %}",
    )
    return shop


def control_of(shop: Shop) -> Control:
    """A control connection to the shop's server, which isn't open yet."""
    keys = read_keys(target_of(shop.server))
    return Control(lambda: connect(keys, "an-invocation"), retries=2)


async def survives(shop: Shop, place: int, terminates: bool) -> bool:
    """Run with a blow at a message, and see that all is well. False if it has no such message."""
    async with lossy(shop, retry_backoff=0.01) as proxy:
        proxy.blow = Blow(place, terminates)
        ran = await shop.run()
        had = proxy.blow.has_fallen

    assert ran.exit_code == 0, (place, terminates, ran.outcome.error, ran.outcome.results)
    assert set(ran.statuses.values()) == {Status.SUCCESS}, (place, terminates)
    assert await shop.server.backends() == [], (place, terminates)
    return had


@pytest.mark.parametrize("terminates", [False, True], ids=["cut", "terminated"])
async def test_control_connection_lost_at_a_message_is_opened_anew(
    small_shop: Shop, terminates: bool
) -> None:
    place = 4 if terminates else 1  # nobody has a session before it is let in
    while await survives(small_shop, place, terminates):
        place += 4

    assert place > 12


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("terminates", [False, True], ids=["cut", "terminated"])
async def test_control_connection_lost_at_any_message_is_opened_anew(
    small_shop: Shop, terminates: bool
) -> None:
    place = trials = 0
    first = 4 if terminates else 1
    for _ in range(2):  # into empty schemas, and over what is there
        place = first
        while await survives(small_shop, place, terminates):
            place, trials = place + 1, trials + 1

    assert trials > 25


async def test_control_connection_that_never_comes_back_is_a_clear_error(
    private_shop: Shop,
) -> None:
    private_shop.table("orders", "select 1 as id")
    async with lossy(private_shop, retries=1) as proxy:
        proxy.blow = Blow(12, terminates=False)
        proxy.refuses_more = True
        ran = await private_shop.run()

    assert ran.exit_code == 2
    assert "closed the connection before it was ready" in str(ran.outcome.error)


async def test_connection_that_is_refused_what_it_is_told_first_is_closed(shop: Shop) -> None:
    opened: list[int] = []

    async def refused(driver: asyncpg.Connection[Any]) -> None:
        opened.append(driver.get_server_pid())
        await driver.execute("select 1 / 0")

    control = control_of(shop)
    control.after_opening = refused
    with pytest.raises(asyncpg.DivisionByZeroError):
        await control.fetch("select 1")

    (pid,) = opened
    gone = f"select 1 where not exists (select 1 from pg_stat_activity where pid = {pid})"
    await until_found(shop, gone)
    control.after_opening = None
    assert [tuple(row) for row in await control.fetch("select 1")] == [(1,)]
    await control.aclose()


async def test_look_at_a_connection_that_is_gone_opens_another(shop: Shop) -> None:
    control = control_of(shop)
    await control.open()
    first = control.pid
    await shop.execute(f"select pg_terminate_backend({first}, 60000)")

    await control.look(60)

    assert control.pid not in (None, first)
    await control.aclose()


async def test_what_is_refused_is_asked_once(shop: Shop) -> None:
    await shop.execute("create sequence {schema}.tries")
    control = control_of(shop)

    with pytest.raises(asyncpg.DivisionByZeroError):
        await control.fetch(f"select 1 / (nextval('{shop.schema}.tries') * 0)")

    assert await shop.fetch("select last_value from {schema}.tries") == [(1,)]
    await control.aclose()


async def test_connection_that_was_never_opened_can_be_closed(shop: Shop) -> None:
    control = control_of(shop)

    await control.aclose()

    assert control.pid is None
