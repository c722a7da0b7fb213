"""One signal, whenever it comes to a run on PostgreSQL: nothing goes on at the server."""

from __future__ import annotations

import signal
import sys
import time
from collections import Counter

import anyio
import pytest

from ..building.support import run_results
from ..commands.signalling import (
    AT_EVENT,
    WHILE,
    Interrupted,
    check_ending,
    run_with_signal,
    signals_at_random_moments,
)
from .support import Shop

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

INT, TERM = signal.SIGINT, signal.SIGTERM
COMMANDS = (("build",), ("run",), ("test",), ("seed",), ("docs", "generate"), ("retry",))


async def whole(shop: Shop) -> Shop:
    """A project of which everything has been built once."""
    shop.write("seeds/codes.csv", "code\n" + "".join(f"{n}\n" for n in range(100)))
    shop.table("first", "select code from {{ ref('codes') }}")
    shop.table("second", "select code, 2 as n from {{ ref('first') }}, pg_sleep(0.1)")
    shop.view("third", "select count(*) as n from {{ ref('second') }}")
    shop.write(
        "models/schema.yml",
        "models: [{name: second, columns: [{name: code, data_tests: [unique, not_null]}]}]",
    )
    assert (await shop.run("build")).exit_code == 0
    return shop


async def check(shop: Shop, ended: Interrupted, command: tuple[str, ...]) -> None:
    """What one signal leaves behind, at the server too, and that `retry` makes the rest good."""
    over = time.monotonic()
    while await shop.server.backends():
        assert time.monotonic() - over < 2, await shop.server.backends()
        await anyio.sleep(0.02)
    check_ending(shop.root, ended, command)
    assert await shop.fetch("select n from {schema}.third") == [(100,)]
    if ended.was_interrupted and command[0] != "docs":
        assert set(run_results(shop.root).values()) <= {"success", "pass", "cancelled", "skipped"}
        again = await shop.run("retry")
        assert again.exit_code == 0, again.outcome
    assert await shop.fetch("select n from {schema}.third") == [(100,)]


MOMENTS = [
    (AT_EVENT, "socket.connect", 1, INT),
    (WHILE, "_connect_once", 1, TERM),
    (WHILE, "_connect_once", 2, INT),
    (WHILE, "lock_schemas", 3, INT),
    (WHILE, "_close_everything", 1, INT),
]
MORE_MOMENTS = [
    *((AT_EVENT, "socket.connect", count, TERM) for count in (1, 2, 3)),
    *((WHILE, "_connect_once", count, INT) for count in (1, 3, 4, 5, 6)),
    *((WHILE, "data_received", count, INT) for count in range(1, 25, 4)),
    *((WHILE, "lock_schemas", count, TERM) for count in (1, 2, 4, 6)),
    *((WHILE, "commit", count, INT) for count in (1, 2, 3, 6)),
    *((WHILE, "_close_everything", count, TERM) for count in (1, 2)),
    *((WHILE, name, 1, INT) for name in ("take", "exchange", "_finish", "_begin", "release")),
]


@pytest.mark.parametrize(
    ("program", "what", "count", "number"),
    [*MOMENTS, *(pytest.param(*moment, marks=pytest.mark.slow) for moment in MORE_MOMENTS)],
)
async def test_signal_at_a_chosen_moment(
    shop: Shop, program: str, what: str, count: int, number: signal.Signals
) -> None:
    await whole(shop)

    ended = run_with_signal(shop.root, program, what, count, number, "build")

    await check(shop, ended, ("build",))
    if (program, what, count, number) in MOMENTS[:4]:
        assert ended.was_interrupted, ended


async def signals(shop: Shop, count: int, seed: int = 23) -> Counter[str]:
    await whole(shop)

    async def check_one(ended: Interrupted, command: tuple[str, ...]) -> None:
        await check(shop, ended, command)

    return await signals_at_random_moments(shop.root, COMMANDS, count, seed, check_one)


async def test_signals_at_a_few_random_moments(shop: Shop) -> None:
    await signals(shop, 3)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [1, 2])
async def test_signals_at_very_many_random_moments(shop: Shop, seed: int) -> None:
    endings = await signals(shop, 60, seed)

    print(dict(endings))  # noqa: T201 # the figures
    assert endings["interrupted"] >= 10
