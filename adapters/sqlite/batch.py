"""What a connection's thread does in one go: several statements, one answer.

Everything here runs in the thread, and only it: the event loop hands a batch over, and reads
its attributes afterwards. `is_cancelled` alone is set from outside while it runs.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from enum import StrEnum

from msgspec import Struct

from ..base import Deferred, Response, Rows
from ..comment import StatementComment
from .known_handiwork import KnownHandiwork
from .statements import Heading, read_heading, split_script


class Control(StrEnum):
    """The statements of a transaction. Those in somebody's SQL are mere texts."""

    BEGIN = "BEGIN IMMEDIATE"
    """Takes the lock for writing at once, so that nothing later in the transaction waits."""
    COMMIT = "COMMIT"
    ROLLBACK = "ROLLBACK"


class Insertion(Struct, frozen=True):
    """Rows to be bound to one INSERT, one after the other."""

    sql: str
    rows: Sequence[Sequence[object]]


class Work(Struct, frozen=True):
    """Something to do with the database that takes more than a statement. `sql` is for messages."""

    sql: str
    run: Callable[[sqlite3.Connection, KnownHandiwork], None]


Step = str | Deferred | Insertion | Work
"""One thing to run. A `Control` is a str as well."""


class Batch:
    """Statements to be run in order, up to the first that fails.

    After a failure `run` may be called again: it goes on with the statement that failed.

    Attributes:
        position: the index of the step that runs, or that failed.
        inserted: how many rows an insertion has brought.
        answer: what the last statement brought, once all have run.
        is_cancelled: no further statement is begun.
        is_committing: COMMIT is under way, and not to be interrupted.
        has_committed: the database has said that the transaction is durable.
        made_temporary: something was made that lives as long as the connection.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        *,
        wants_rows: bool = False,
        comment: StatementComment | None = None,
    ) -> None:
        self.steps: list[Step] = list(steps)
        self.position = 0
        self.inserted = 0
        self.answer = Rows((), ())
        self.is_cancelled = False
        self.is_committing = False
        self.has_committed = False
        self.made_temporary = False
        self._wants_rows = wants_rows
        self._comment = comment

    @property
    def current_sql(self) -> str | None:
        """The statement at which a failure happened."""
        if self.position >= len(self.steps):
            return None
        step = self.steps[self.position]
        return step if isinstance(step, str) else step.sql

    @property
    def sql(self) -> str:
        """All of its statements, each with its comment as it is run."""
        return "\n;\n".join(
            _commented(step if isinstance(step, str) else step.sql, self._comment)
            if isinstance(step, str | Deferred) and not isinstance(step, Control)
            else str(step if isinstance(step, str) else step.sql)
            for step in self.steps
        )

    @property
    def status(self) -> str:
        """The answer to its last statement, once all have run."""
        if self.has_committed:
            return Control.COMMIT.value
        match self.steps[-1:]:
            case [Insertion()]:
                return f"INSERT {self.inserted}"
            case [Deferred(response=Response() as response)]:
                return response.message
        return self.answer.response.message

    def run(self, database: sqlite3.Connection, known: KnownHandiwork) -> None:
        """Run what hasn't run yet. `known` is the connection's own.

        Raises:
            sqlite3.Error: a statement failed, or the batch was cancelled.
        """
        try:
            self._run_rest(database, known)
        except BaseException:
            known.forget()
            raise

    def _run_rest(self, database: sqlite3.Connection, known: KnownHandiwork) -> None:
        while self.position < len(self.steps):
            if self.is_cancelled:
                raise sqlite3.OperationalError("interrupted")
            match self.steps[self.position]:
                case Insertion(sql, rows):
                    # A trigger may let rows be passed over.
                    self.inserted = database.executemany(sql, rows).rowcount
                case Work() as work:
                    work.run(database, known)
                case Control() as control:
                    self._control(database, control, known)
                case str() | Deferred() as statement:
                    if self._split_if_script(database, statement, known):
                        continue
            self.position += 1

    def _control(
        self, database: sqlite3.Connection, control: Control, known: KnownHandiwork
    ) -> None:
        if control is not Control.COMMIT:
            database.execute(control.value)
            if control is Control.ROLLBACK:
                known.forget()
            return
        versions = known.note_commit(database)
        self.is_committing = True
        try:
            database.execute(control.value)
            self.has_committed = True
        finally:
            self.is_committing = False
        known.committed(versions)

    def _split_if_script(
        self, database: sqlite3.Connection, step: str | Deferred, known: KnownHandiwork
    ) -> bool:
        """Run a statement; or put those of a script in its place, to be run one by one."""
        sql = step if isinstance(step, str) else step.sql
        try:
            cursor = database.execute(_commented(sql, self._comment))
        except (sqlite3.Warning, sqlite3.ProgrammingError):
            # Nothing of the script has run. sqlite3's own executescript is of no use: it
            # commits the open transaction first.
            statements = list(split_script(sql))
            if not statements or statements == [sql]:
                raise
            if isinstance(step, Deferred):  # a script's answer is that of its last statement
                step.sql = statements.pop()
                self.steps[self.position : self.position] = statements
            else:
                self.steps[self.position : self.position + 1] = statements
            return True
        heading = read_heading(sql)
        known.note(heading)
        self._finish(database, cursor, step, heading)
        return False

    def _finish(
        self,
        database: sqlite3.Connection,
        cursor: sqlite3.Cursor,
        step: str | Deferred,
        heading: Heading,
    ) -> None:
        """Step a statement to its end, since it isn't over before, and note its answer."""
        self.made_temporary |= heading.is_temporary
        is_last = self.position == len(self.steps) - 1
        if self._wants_rows and is_last:
            self.answer = _rows(cursor)
        else:
            count = sum(1 for _ in cursor) if cursor.description else 0
            if isinstance(step, Deferred):
                step.response = _response(database, cursor, heading, count)
            elif is_last:
                self.answer = Rows((), (), _response(database, cursor, heading, count))
        if heading.kind == "view":
            # SQLite compiles a view's query when it is read, not when it is made. EXPLAIN
            # compiles it and doesn't run it, so that a broken view fails here.
            database.execute(f"EXPLAIN SELECT * FROM {heading.created}").close()


def _rows(cursor: sqlite3.Cursor) -> Rows:
    rows = cursor.fetchall()
    names = tuple(column[0] for column in cursor.description or ())
    return Rows(names, rows, Response(f"SELECT {len(rows)}", rows_affected=len(rows)))


def _response(
    database: sqlite3.Connection, cursor: sqlite3.Cursor, heading: Heading, row_count: int
) -> Response:
    match heading.verb:
        case "insert" | "replace" | "update" | "delete":
            verb = "INSERT" if heading.verb == "replace" else heading.verb.upper()
            count = cursor.rowcount
            if count < 0:  # a statement that starts with WITH
                count = _number(database, "SELECT changes()")
            return Response(f"{verb} {count}", rows_affected=count)
        case "create" if heading.is_filled:
            # The rows of CREATE TABLE … AS are numbered from 1, so this counts them at no cost.
            count = _number(database, f"SELECT max(_rowid_) FROM {heading.created}")
            return Response(f"SELECT {count}", rows_affected=count)
        case "select" | "values":
            return Response(f"SELECT {row_count}", rows_affected=row_count)
        case _:
            return Response("OK")


def _commented(sql: str, comment: StatementComment | None) -> str:
    """A statement with its comment, which mustn't become part of what the statement makes.

    SQLite keeps the text of a CREATE up to its semicolon, and to the very end without one.
    """
    if comment is None:
        return sql
    if not comment.is_appended or read_heading(sql).verb != "create":
        return comment.on(sql)
    end = "" if sql.rstrip().endswith(";") else "\n;"
    return f"{sql}{end}{comment.after}"


def _number(database: sqlite3.Connection, sql: str) -> int:
    (value,) = database.execute(sql).fetchone()
    return value if isinstance(value, int) else 0
