"""How a statement that was cancelled is brought to its end at the server."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import asyncpg

from ..abilities import Fate
from ..cancellation import outlast
from .control import Control
from .policy import ErrorClass, classify
from .problems import DRIVER_ERRORS
from .tracing import Tracer

COMMIT_SECONDS = 10.0
"""How long a COMMIT may go on after a cancellation, before its backend is ended."""
CANCEL_SECONDS = 1.0
"""How long any other statement may take to end after it was cancelled, before its backend is."""
GRACE_SECONDS = 5.0
"""How long all of this may take on top, before the connection is cut from our side."""

_REPEAT_SECONDS = 0.25


class Ending:
    """The end of one statement and of the connection that it was sent on."""

    patience = 0.0
    """Seconds for which the statement may go on, before anything is done about it."""

    def __init__(
        self,
        statement: asyncio.Future[Any],
        driver: asyncpg.Connection[Any],
        pid: int,
        control: Control,
    ) -> None:
        self._statement = statement
        self._driver = driver
        self._pid = pid
        self._control = control

    async def run(self) -> None:
        """Wait for the statement's end, and hasten it once the patience is over.

        Further cancellations don't shorten it; they travel on afterwards.
        """
        task = asyncio.ensure_future(self._run())
        try:
            await outlast(task.done, self.patience + GRACE_SECONDS)
            if task.done():
                task.result()
        finally:
            task.cancel()
            self._driver.terminate()

    async def _run(self) -> None:
        await self._begin()
        waited = 0.0
        while not self._statement.done() and waited < CANCEL_SECONDS:
            await self._control.cancel(self._pid)
            await self._is_over(_REPEAT_SECONDS)
            waited += _REPEAT_SECONDS
        if not self._statement.done():
            await self._control.terminate(self._pid)
            await self._is_over(CANCEL_SECONDS)
        await self._finish()
        with suppress(*DRIVER_ERRORS):
            await self._driver.close(timeout=CANCEL_SECONDS)

    async def _begin(self) -> None:
        """Do what comes before the statement is cancelled."""

    async def _finish(self) -> None:
        """Take note of how it has ended."""
        if self._statement.done() and not self._statement.cancelled():
            self._statement.exception()  # or asyncio complains that nobody did

    async def _is_over(self, seconds: float) -> bool:
        await asyncio.wait([self._statement], timeout=seconds)
        return self._statement.done()


class CommitEnding(Ending):
    """The end of a COMMIT: it is waited for, and asked for where it doesn't answer.

    Attributes:
        name: the transaction's, known before or found out.
        fate: what has become of it: known afterwards.
    """

    patience = COMMIT_SECONDS

    def __init__(
        self,
        statement: asyncio.Future[Any],
        driver: asyncpg.Connection[Any],
        pid: int,
        control: Control,
        tracer: Tracer,
        name: str | None,
    ) -> None:
        super().__init__(statement, driver, pid, control)
        self.name = name
        self.fate = Fate.UNKNOWN
        self._tracer = tracer

    async def _begin(self) -> None:
        if await self._is_over(_REPEAT_SECONDS):
            return
        if self.name is None:
            # Should its answer never come, it can only be asked for by its number.
            self.name = await self._tracer.name_at(self._pid)
        await self._is_over(self.patience)

    async def _finish(self) -> None:
        statement = self._statement
        if statement.done() and not statement.cancelled():
            error = statement.exception()
            if error is None:
                self.fate = Fate.COMMITTED if statement.result() == "COMMIT" else Fate.ROLLED_BACK
                return
            if classify(error) is not ErrorClass.LOST:
                self.fate = Fate.ROLLED_BACK
                return
        if self.name is not None:
            self.fate = await self._tracer.final_fate_of(self.name, CANCEL_SECONDS)
