"""kill -9: nothing of the old is lost, nothing of ours goes on, and the next run is like any."""

from __future__ import annotations

import random
import signal
import sys
import time
from hashlib import sha256

import anyio
import pytest

from ..commands.support import environment
from .support import Shop
from .test_cancel import started


def write_round(shop: Shop, number: int) -> None:
    """Twenty tables, each with as many rows as the round's number, and a view over each."""
    for table in range(20):
        shop.table(f"t{table}", f"select {number} as round from generate_series(1, {number})")
        shop.view(f"v{table}", f"select round, {number} as text from {{{{ ref('t{table}') }}}}")


async def rounds(shop: Shop) -> set[tuple[int, ...]]:
    """What the tables and views hold: rows, and the rounds that these are of."""
    found = set()
    for table in range(20):
        for name in (f"t{table}", f"v{table}"):
            found.add(
                (
                    await shop.fetch(
                        f"select count(*), min(round), max(round) from {{schema}}.{name}"
                    )
                )[0]
            )
    return found


async def kill_at_random_moments(shop: Shop, times: int) -> None:
    chance = random.Random(7)
    write_round(shop, 1)
    began = time.monotonic()
    with started(shop) as process:
        await anyio.to_thread.run_sync(process.wait)
    duration = time.monotonic() - began
    assert await rounds(shop) == {(1, 1, 1)}

    for number in range(2, times + 2):
        write_round(shop, number)
        with started(shop) as process:
            await anyio.sleep(duration * chance.uniform(0.4, 1.05))
            process.kill()
        killed = time.monotonic()
        while await shop.server.backends():
            assert time.monotonic() - killed < 2
            await anyio.sleep(0.02)
        # Each is wholly of an earlier round or wholly of this one.
        held = await rounds(shop)
        assert {(count, low) for count, low, high in held if low == high} == {
            (count, count) for count, _, _ in held
        }
        assert len(held) <= 2
        await shop.build()
        assert await rounds(shop) == {(number, number, number)}


async def test_killed_at_random_moments(shop: Shop) -> None:
    await kill_at_random_moments(shop, 4)


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_killed_at_very_many_random_moments(shop: Shop) -> None:
    await kill_at_random_moments(shop, 60)


DIES_AT = """
import asyncio, os, signal, sys
import asyncpg
from headrace.cli import main

part, moment = sys.argv.pop(1), sys.argv.pop(1)
send = asyncpg.Connection.execute

async def execute(self, query, *args, **kwargs):
    def die():
        if part in query:
            os.kill(os.getpid(), signal.SIGKILL)

    if moment == "before":
        die()
    sending = asyncio.ensure_future(send(self, query, *args, **kwargs))
    await asyncio.sleep(0)
    if moment == "sent":
        die()
    answer = await sending
    if moment == "answered":
        die()
    return answer

asyncpg.Connection.execute = execute
main()
"""


@pytest.mark.parametrize("moment", ["before", "sent", "answered"])
@pytest.mark.parametrize("part", ["BEGIN", "SAVEPOINT", "ROLLBACK TO", "DROP TABLE", "COMMIT"])
async def test_killed_at_each_message_of_a_swap(shop: Shop, part: str, moment: str) -> None:
    shop.table("orders", "select 1 as id")
    await shop.build()
    await shop.execute("create view {schema}.theirs as select id from {schema}.orders")
    shop.table("orders", "select 2 as id")

    done = await anyio.run_process(
        [sys.executable, "-c", DIES_AT, part, moment, "run"],
        cwd=shop.root,
        env=environment(),
        check=False,
    )

    assert done.returncode == -signal.SIGKILL, done.stdout
    killed = time.monotonic()
    while await shop.server.backends():
        assert time.monotonic() - killed < 2
        await anyio.sleep(0.02)
    (held,) = await shop.fetch("select id from {schema}.orders")
    assert held in ((1,), (2,))
    assert await shop.fetch("select id from {schema}.theirs") == [held]
    assert await shop.relations() == {"orders": "r", "theirs": "v"}
    await shop.build()
    assert await shop.fetch("select id from {schema}.theirs") == [(2,)]


async def test_leftovers_of_ours_go_and_lookalikes_stay(shop: Shop) -> None:
    ours = "headrace_tmp_" + sha256(b"model.shop.orders").hexdigest()[:12]
    theirs = [
        "headrace_tmp_orders",
        f"{ours}_kept",
        f"{ours}_0123456789",
        "headrace_tmp_" + sha256(b"model.shop.other").hexdigest()[:12] + "_01234567",
    ]
    for name in (f"{ours}_01234567", *theirs):
        await shop.execute(f'create table {{schema}}."{name}" as select 1 as id')
    await shop.execute(f"create view {{schema}}.{ours}_89abcdef as select 1 as id")
    shop.table("orders", "select 1 as id")

    await shop.build()

    assert set(await shop.relations()) == {"orders", *theirs}
    for name in theirs:
        await shop.execute(f'drop table {{schema}}."{name}"')
