"""What has become of a transaction: asked by its number, which a name of ours holds.

A name says of which server the number is, of which of its timelines, and since which crash: after
a failover, or a crash that lost what was not yet on disk, the same number may be another's.
"""

from __future__ import annotations

import anyio

from ..abilities import Fate
from ..errors import AdapterError, CommitInDoubtError, ConnectionLostError, DatabaseError
from .control import Control
from .problems import DRIVER_ERRORS
from .statements import may_write

_PAUSE_SECONDS = 0.2
_PATIENCE_SECONDS = 5.0

# https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT
NUMBER = "SELECT pg_catalog.txid_current()"
_STATUS = "SELECT pg_catalog.txid_status($1::bigint)"
_FATES = {
    "committed": Fate.COMMITTED,
    "aborted": Fate.ROLLED_BACK,
    "in progress": Fate.IN_PROGRESS,
    None: Fate.UNKNOWN,  # too long ago
}

# The list of sessions has the lower 32 bits of a number. The rest, the epoch, is that of today's
# numbers, or the one beside it: those that are alive are less than 2^31 apart.
_OF_BACKEND = """
SELECT CASE
    WHEN number - today > 2147483648 THEN number - 4294967296
    WHEN today - number > 2147483648 THEN number + 4294967296
    ELSE number
END
FROM (
    SELECT s.today, (s.today >> 32 << 32) + a.backend_xid::text::bigint AS number
    FROM pg_catalog.pg_stat_activity AS a,
         (SELECT pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot()) AS today) AS s
    WHERE a.pid = $1 AND a.backend_xid IS NOT NULL
) AS numbered
"""
# A crash begins the statistics anew, and a restart in good order doesn't.
_ORIGIN = """
SELECT system.system_identifier, checkpoint.timeline_id,
  extract(epoch FROM writer.stats_reset)::text AS since
FROM pg_catalog.pg_control_system() AS system, pg_catalog.pg_control_checkpoint() AS checkpoint,
  pg_catalog.pg_stat_bgwriter AS writer
"""
_OF_THE_FUTURE = "22023"


class Tracer:
    """Names transactions, and asks for them by these names, over the control connection."""

    def __init__(self, control: Control, patience: float) -> None:
        """Ask for `patience` seconds what became of a COMMIT, before that is in doubt."""
        self.patience = patience
        self._control = control
        self._origin: str | None = None

    async def name_of(self, number: int) -> str:
        """The name of a transaction of the server that we are connected to."""
        if self._origin is None:
            self._origin = await self._ask_origin()
        return f"{self._origin}/{number}"

    async def name_at(self, pid: int) -> str | None:
        """The name of the transaction that a backend has open, if that writes."""
        found = await self._control.ask(_OF_BACKEND, pid)
        return None if found is None else await self.name_of(int(found[0]))

    async def fate_of(self, name: str) -> Fate:
        """What has become of a transaction, as far as the server says now."""
        origin, _, number = name.rpartition("/")
        if not number.isdecimal():
            return Fate.UNKNOWN
        now = await self._ask_origin()
        if not origin or origin == now:
            return await self._status(int(number))
        if origin.rpartition("/")[0] != now.rpartition("/")[0]:
            return Fate.UNKNOWN
        # The server has crashed since. A number that isn't there, or was rolled back, was so
        # then. One that is committed, or in progress, may be that of somebody who came later.
        fate = await self._status(int(number), of_future=Fate.ROLLED_BACK)
        return fate if fate is Fate.ROLLED_BACK else Fate.UNKNOWN

    async def _status(self, number: int, *, of_future: Fate = Fate.UNKNOWN) -> Fate:
        try:
            ((status,),) = await self._control.fetch(_STATUS, number)
        except (*DRIVER_ERRORS, AdapterError) as error:
            is_of_future = getattr(error, "sqlstate", None) == _OF_THE_FUTURE
            return of_future if is_of_future else Fate.UNKNOWN
        return _FATES.get(status, Fate.UNKNOWN)

    async def final_fate_of(self, name: str, seconds: float | None = None) -> Fate:
        """What has become of a transaction, once that is known: asked again for some seconds."""
        fate = Fate.UNKNOWN
        seconds = self.patience if seconds is None else seconds
        deadline = anyio.current_time() + seconds
        # To cut a question short costs the connection, and the locks that it holds.
        with anyio.move_on_after(seconds + _PATIENCE_SECONDS):
            while True:
                fate = await self.fate_of(name)
                if fate.is_final or anyio.current_time() >= deadline:
                    break
                await anyio.sleep(_PAUSE_SECONDS)
        return fate

    async def _ask_origin(self) -> str:
        found = await self._control.ask(_ORIGIN)
        # Not everybody may ask that everywhere: then the number alone has to do.
        return "" if found is None else "/".join(map(str, found))


def question_for(name: str) -> str:
    """The SQL by which somebody can ask for a transaction."""
    return f"select txid_status({name.rpartition('/')[2]})"


def in_doubt(name: str, fate: Fate) -> str:
    """What is said of a COMMIT of which nobody knows, and how to look."""
    why = (
        "the server is still at it"
        if fate is Fate.IN_PROGRESS
        else "the server didn't say whether it went through"
    )
    return (
        f"its transaction is in doubt: the connection was lost during COMMIT, and {why}. It isn't "
        "done again by itself, since its rows might come twice.\n"
        f"Ask the server with: {question_for(name)}\n"
        "`headrace retry` asks it first, and goes on once it knows."
    )


def doubted(
    error: DatabaseError, sql: str, *, was_open: bool, is_query: bool = False
) -> DatabaseError:
    """An error, as one of doubt if what was sent may be durable although there is no answer.

    Outside of a transaction a statement that writes is one of its own. A server that says itself
    why it breaks off has rolled it back.
    """
    # The driver gives its own errors a code of this class.
    is_unsaid = error.code is None or error.code.startswith("08")
    lost = isinstance(error, ConnectionLostError) and is_unsaid
    if not lost or was_open or isinstance(error, CommitInDoubtError):
        return error
    if not may_write(sql, is_query=is_query):
        return error
    return CommitInDoubtError(
        f"{error}. It is in doubt whether what was under way, outside of a transaction, went "
        "through: look at what it writes before you run it again.",
        sql=sql,
    )
