"""What happened at the simulated database, statement by statement."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Outcome(StrEnum):
    """How a statement ended."""

    RUNNING = "running"
    """It hasn't."""
    OK = "ok"
    """It was answered."""
    ERROR = "error"
    """Its rule made it fail."""
    CANCELLED = "cancelled"
    """The client cancelled it, and the database has ended it."""


class Statement(Struct, eq=False):
    """One statement. `started_at` and `ended_at` are seconds of the event loop's clock."""

    sql: str
    connection: str
    started_at: float
    ended_at: float | None = None
    outcome: Outcome = Outcome.RUNNING


class Recorder:
    """The log of a simulated database, and its list of sessions.

    Attributes:
        statements: all of them, in the order in which they started.
        running: those in flight now. A cancelled one is in it until the database has ended it.
        max_running: the most that were ever in flight at once.
    """

    def __init__(self) -> None:
        self.statements: list[Statement] = []
        self.running: set[Statement] = set()
        self.max_running = 0

    def start(self, sql: str, connection: str, now: float) -> Statement:
        statement = Statement(sql, connection, started_at=now)
        self.statements.append(statement)
        self.running.add(statement)
        self.max_running = max(self.max_running, len(self.running))
        return statement

    def end(self, statement: Statement, outcome: Outcome, now: float) -> None:
        statement.outcome = outcome
        statement.ended_at = now
        self.running.discard(statement)

    @property
    def texts(self) -> list[str]:
        """The statements' SQL, in the order in which they started."""
        return [statement.sql for statement in self.statements]
