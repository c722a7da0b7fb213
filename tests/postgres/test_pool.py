"""The pool: never more sessions than threads, and one beside them."""

from __future__ import annotations

import anyio
import pytest
from headrace.adapters.errors import ConnectionFailedError, TooManyConnectionsError
from headrace.adapters.postgres.pool import Pool
from headrace.adapters.postgres.server_session import Session

from .support import Shop


@pytest.mark.parametrize(
    ("nodes", "threads"), [(60, 6), pytest.param(1000, 20, marks=pytest.mark.slow)]
)
async def test_never_more_backends_than_threads_and_one(
    shop: Shop, nodes: int, threads: int
) -> None:
    shop.profile(threads=threads)
    for number in range(nodes):
        shop.table(f"t{number}", "select 1 as id from (select pg_sleep(0.02)) as pause")
    most = 0

    async with anyio.create_task_group() as tasks:

        async def count() -> None:
            nonlocal most
            async with shop.server.connect() as driver:
                while True:
                    found = await driver.fetchval(
                        "select count(*) from pg_stat_activity "
                        "where application_name like 'headrace%'"
                    )
                    most = max(most, found)
                    await anyio.sleep(0.005)

        tasks.start_soon(count)
        ran = await shop.build()
        tasks.cancel_scope.cancel()

    assert set(ran.statuses.values()) == {"success"}
    assert most == threads + 1


async def test_waiter_is_woken_when_the_opener_is_cancelled() -> None:
    opened = 0

    async def connect() -> Session:
        nonlocal opened
        opened += 1
        if opened == 1:
            await anyio.sleep_forever()
        raise TooManyConnectionsError("no room")

    pool = Pool(2, connect, patience=0.05)
    failed = 0

    async def take() -> None:
        nonlocal failed
        async with pool.lease():
            try:
                await pool.take()
            except ConnectionFailedError:
                failed += 1

    with anyio.fail_after(2):
        async with anyio.create_task_group() as tasks:
            opener = anyio.CancelScope()

            async def open_first() -> None:
                with opener:
                    await take()

            tasks.start_soon(open_first)
            await anyio.sleep(0.01)
            tasks.start_soon(take)
            await anyio.sleep(0.01)
            opener.cancel()

    assert failed == 1
