"""What goes between an adapter and its database, told to whoever wants to know as it happens."""

from __future__ import annotations

from collections.abc import Callable

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

CATALOG = "catalog"
"""What a connection is for that is no node's: it lists, and makes schemas."""
