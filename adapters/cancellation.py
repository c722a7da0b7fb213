"""Tidying up after a cancellation, whatever else comes meanwhile.

A shielded scope holds off other scopes, and not the `task.cancel()` of a host's own, which may
come twice. What is here waits on, and hands the cancellation back for afterwards.
"""

from __future__ import annotations

from collections.abc import Callable

from anyio import CancelScope, current_time, get_cancelled_exc_class, sleep

_POLL_SECONDS = 0.001


async def sleep_through(seconds: float) -> BaseException | None:
    """Sleep to the end. A cancellation that came meanwhile is returned, to be raised later."""
    deadline = current_time() + seconds
    cancellation: BaseException | None = None
    while (left := deadline - current_time()) > 0:
        try:
            with CancelScope(shield=True):
                await sleep(left)
        except get_cancelled_exc_class() as error:
            cancellation = error
    return cancellation


async def outlast(
    is_over: Callable[[], bool], seconds: float, hasten: Callable[[], None] | None = None
) -> None:
    """Wait for the end of something, at most `seconds`, and `hasten` it again and again.

    A cancellation that comes meanwhile travels on afterwards.
    """
    deadline = current_time() + seconds
    cancellation: BaseException | None = None
    while not is_over() and current_time() < deadline:
        if hasten is not None:
            hasten()
        cancellation = await sleep_through(_POLL_SECONDS) or cancellation
    if cancellation is not None:
        raise cancellation
