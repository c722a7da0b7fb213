"""What goes between an adapter and its database, told to whoever wants to know as it happens."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from msgspec import Struct


class SessionBound(Struct, frozen=True):
    """A connection has a session of the database: a new one, or one that served another before.

    `adapter_type` is the type of the database, `connection_name` what the connection is for, and
    `formerly` what the last one was for that had the session.
    """

    adapter_type: str
    connection_name: str
    formerly: str = ""


class StatementSent(Struct, frozen=True):
    """Statements go to the database in one message, with their comment as it is sent."""

    adapter_type: str
    connection_name: str
    sql: str


class StatementAnswered(Struct, frozen=True):
    """The database has answered the message that was sent last, after `seconds`.

    `status` is its word on the last statement: `SELECT 4`.
    """

    connection_name: str
    status: str
    seconds: float


class SessionClosed(Struct, frozen=True):
    """A session has ended. `connection_name` is what the last connection was for that had it."""

    connection_name: str


Happening = SessionBound | StatementSent | StatementAnswered | SessionClosed

Watch = Callable[[Happening], None]
"""Takes what happens. Called in the event loop, and must not block."""


class Traffic:
    """Tells what one connection does, if there is a `watch` that takes it.

    Without one, each of its methods costs a call and no more.
    """

    def __init__(self, watch: Watch | None = None, adapter_type: str = "", name: str = "") -> None:
        self._watch = watch
        self._adapter_type = adapter_type
        self.name = name

    @property
    def is_watched(self) -> bool:
        return self._watch is not None

    def bound(self, formerly: str) -> None:
        """Tell that there is a session now."""
        if self._watch is not None:
            self._watch(SessionBound(self._adapter_type, self.name, formerly))

    def sent(self, sql: str) -> float:
        """Tell what is about to be sent; gives back when that was, for `answered`."""
        if self._watch is None:
            return 0.0
        self._watch(StatementSent(self._adapter_type, self.name, sql))
        return perf_counter()

    def answered(self, status: str, sent_at: float) -> None:
        """Tell what the database has answered."""
        if self._watch is not None:
            self._watch(StatementAnswered(self.name, status, perf_counter() - sent_at))

    def closed(self, name: str = "") -> None:
        """Tell that the session has ended."""
        if self._watch is not None:
            self._watch(SessionClosed(name or self.name))


CATALOG = "catalog"
"""What a connection is for that is no node's: it lists, and makes schemas."""

SILENT = Traffic()
"""That of a connection which nobody watches."""
