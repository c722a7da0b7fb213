"""What can go wrong at a database, as types that a caller handles differently."""

from __future__ import annotations


class AdapterError(Exception):
    """The root of every error that an adapter raises.

    Attributes:
        may_pass: whether the same work may succeed when it is simply done again.
    """

    may_pass = False


class ProfileKeyError(AdapterError):
    """A connection key of the profile is missing, unknown or of the wrong type.

    The message names the key and never its value.
    """

    def __init__(self, key: str, problem: str) -> None:
        self.key = key
        self.problem = problem
        super().__init__(f"'{key}' {problem}")


class ConnectionFailedError(AdapterError):
    """The database could not be reached or opened. The message says what to do."""


class ApproximateMatchError(AdapterError):
    """A relation is looked for, and there is one whose name differs from it in case alone."""

    def __init__(self, wanted: str, found: str) -> None:
        super().__init__(
            "When searching for a relation, headrace found an approximate match. Instead of "
            "guessing \nwhich relation to use, headrace will move on. "
            f"Please delete {found}, or rename it to be less ambiguous.\n"
            f"Searched for: {wanted}\nFound: {found}"
        )


class DatabaseError(AdapterError):
    """The database refused a statement.

    `code` is its own code (an SQLSTATE, an SQLite name), `line` the text of the line of `sql`
    that it complains of, where it says so.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        sql: str | None = None,
        line: str | None = None,
    ) -> None:
        self.code = code
        self.sql = sql
        self.line = line
        super().__init__(message)


class OtherDatabaseError(DatabaseError):
    """Something is said to be in another database than the one that a connection reaches."""

    def __init__(self, adapter_type: str, database: str, own: str | None) -> None:
        super().__init__(
            f"Cross-db references not allowed in {adapter_type} ({database} vs {own})."
        )


class RelationChangedError(DatabaseError):
    """A relation is there already, or is of another kind than the statement takes it for.

    Somebody else may have made it since the schema was listed.
    """


class DatabaseLockedError(DatabaseError):
    """Another process held a lock for longer than we wait for one."""


class DatabaseReadOnlyError(DatabaseError):
    """The database, or the file that it lives in, may not be written to."""


class ConnectionLostError(DatabaseError):
    """The connection broke while a statement was under way, or before.

    What its transaction did is undone, unless the error says that this isn't known.
    """

    may_pass = True


class CommitInDoubtError(ConnectionLostError):
    """The connection broke, and nobody can say whether what was under way is durable.

    `transaction` is what the database calls it, for `Tracing.fate_of`; None where it isn't known.
    """

    may_pass = False

    def __init__(
        self, message: str, *, transaction: str | None = None, sql: str | None = None
    ) -> None:
        self.transaction = transaction
        super().__init__(message, sql=sql)


class TransientDatabaseError(DatabaseError):
    """Another transaction was in the way. The same work may succeed when it is done again."""

    may_pass = True


class TooManyConnectionsError(ConnectionFailedError):
    """The server has no connection left for us."""

    def __init__(self, message: str, *, code: str | None = None) -> None:
        self.code = code
        super().__init__(message)


class SchemaLockedError(AdapterError):
    """Another run is building in a schema. The message says whose it is."""


class NotSupportedError(AdapterError):
    """This database has no such ability. The message names what to use instead."""
