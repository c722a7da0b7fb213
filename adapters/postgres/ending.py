"""How a statement that was cancelled is brought to its end at the server."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import asyncpg

from ..cancellation import outlast
from .control import Control
from .problems import DRIVER_ERRORS

COMMIT_SECONDS = 10.0
"""How long a COMMIT may go on after a cancellation, before its backend is ended."""
CANCEL_SECONDS = 1.0
"""How long any other statement may take to end after it was cancelled, before its backend is."""
GRACE_SECONDS = 5.0
"""How long all of this may take on top, before the connection is cut from our side."""

_REPEAT_SECONDS = 0.25


class Ending:
    """The end of one statement and of the connection that it was sent on.

    Attributes:
        has_committed: whether the statement's transaction is durable: known afterwards.
    """

    def __init__(
        self,
        statement: asyncio.Future[Any],
        driver: asyncpg.Connection[Any],
        pid: int,
        control: Control,
        *,
        is_commit: bool,
    ) -> None:
        self._statement = statement
        self._driver = driver
        self._pid = pid
        self._control = control
        self._patience = COMMIT_SECONDS if is_commit else 0.0
        self._transaction: int | None = None
        self.has_committed = False

    async def run(self) -> None:
        """Wait for the statement's end, and hasten it unless it is a COMMIT.

        Further cancellations don't shorten it; they travel on afterwards.
        """
        task = asyncio.ensure_future(self._run())
        try:
            await outlast(task.done, self._patience + GRACE_SECONDS)
            if task.done():
                task.result()
        finally:
            task.cancel()
            self._driver.terminate()

    async def _run(self) -> None:
        if self._patience and not await self._is_over(self._patience):
            # It hangs, and what became of it can only be asked for by its number.
            self._transaction = await self._control.transaction_of(self._pid)
        waited = 0.0
        while not self._statement.done() and waited < CANCEL_SECONDS:
            await self._control.cancel(self._pid)
            await self._is_over(_REPEAT_SECONDS)
            waited += _REPEAT_SECONDS
        if not self._statement.done():
            await self._control.terminate(self._pid)
            await self._is_over(CANCEL_SECONDS)
        await self._note_outcome()
        with suppress(*DRIVER_ERRORS):
            await self._driver.close(timeout=CANCEL_SECONDS)

    async def _is_over(self, seconds: float) -> bool:
        await asyncio.wait([self._statement], timeout=seconds)
        return self._statement.done()

    async def _note_outcome(self) -> None:
        done = self._statement.done()
        if done and not self._statement.cancelled() and self._statement.exception() is None:
            self.has_committed = self._statement.result() == "COMMIT"
        elif self._transaction is not None:
            self.has_committed = bool(await self._control.has_committed(self._transaction))
