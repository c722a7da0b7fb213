"""A run with much in flight, whose queries take a while to end once they are cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import anyio
from headrace.engine.core.results import RunResult, Status

from .support import Parents, Rehearsal

# Three in flight at a time: `bad` fails after 2 seconds, when `quick` is through.
BUSY: Parents = {
    "bad": [],
    "quick": [],
    "slow": [],
    "below_bad": ["bad"],
    "below_quick": ["quick"],
    "below_slow": ["slow"],
    "late": ["below_quick"],
}
BUSY_SECONDS = {"bad": 2.0, "quick": 1.0, "slow": 60.0, "below_quick": 60.0}
CLEANUP_SECONDS = 3.0


def build_that_tidies_up(
    rehearsal: Callable[[], Rehearsal],
) -> Callable[[str, int], Awaitable[RunResult]]:
    """A build whose query takes a while to end at the database, once it is cancelled."""

    async def build(node: str, slot: int) -> RunResult:
        try:
            return await rehearsal().build(node, slot)
        except asyncio.CancelledError:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(CLEANUP_SECONDS)
            rehearsal().end_times[node] = asyncio.get_running_loop().time()
            raise

    return build


def busy_rehearsal(*, fail_fast: bool = False, **outcomes: Status | BaseException) -> Rehearsal:
    rehearsal: Rehearsal = Rehearsal(
        BUSY,
        threads=3,
        fail_fast=fail_fast,
        seconds=BUSY_SECONDS,
        outcomes=outcomes,
        build=build_that_tidies_up(lambda: rehearsal),
    )
    return rehearsal
