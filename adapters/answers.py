"""What a database is told and what it answers: statements, responses, rows, transactions."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from .errors import CommitInDoubtError


class Response(Struct, frozen=True):
    """What a database said of a statement.

    `message` is for people (`SELECT 4`), `rows_affected` counts rows where the database does.
    """

    message: str
    code: str | None = None
    rows_affected: int | None = None

    @property
    def driver_count(self) -> int | None:
        """`rows_affected` as drivers have it: -1 of a statement with a code that counts none."""
        return -1 if self.rows_affected is None and self.code is not None else self.rows_affected


class Rows(Struct, frozen=True):
    """A result set, in memory."""

    column_names: tuple[str, ...]
    rows: Sequence[tuple[object, ...]]
    response: Response = Response("OK")


class Deferred(Struct):
    """SQL that waits to be sent with what comes next. `response` is None until it has been.

    With `wants_response` it is the database's own, also where that costs a message. Otherwise a
    database that answers for a message as a whole may say no more than what was done.
    """

    sql: str
    wants_response: bool = False
    response: Response | None = None


class Transaction(Struct):
    """The state of one transaction.

    A cancellation that arrives while COMMIT is under way waits for the answer, so that
    `committed` is what the database holds.

    Attributes:
        committed: the database has said that it is durable.
        name: what `Tracing.fate_of` is asked for: of one that is traceable, before its COMMIT.
        doubt: why nobody can say whether it is durable, where that is so.
    """

    committed: bool = False
    name: str | None = None
    doubt: CommitInDoubtError | None = None
