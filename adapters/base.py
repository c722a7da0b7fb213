"""The verbs that every database has. An adapter translates; it doesn't decide.

The rhythm of an adapter, and of one connection:

    open() -> (connection() -> (execute() | query() | transaction())*)* -> aclose()
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from enum import Enum
from pathlib import Path
from time import perf_counter
from typing import ClassVar, Self

from msgspec import Struct

from .answers import Deferred, Response, Rows, Transaction
from .column import Column
from .comment import StatementComment
from .errors import CommitInDoubtError, OtherDatabaseError
from .relation import Namespace, Parts, Relation, RelationType
from .relation import Path as RelationPath
from .target import Target
from .traffic import SessionBound, SessionClosed, StatementAnswered, StatementSent, Watch
from .value_kinds import STANDARD_TYPES, ValueKind

__all__ = [
    "Adapter",
    "Connection",
    "Deferred",
    "Response",
    "Rows",
    "SwapPolicy",
    "Target",
    "Traffic",
    "Transaction",
    "ValueKind",
]

_COLUMNS_VIEW = "headrace_tmp_columns"


class SwapPolicy(Enum):
    """How a relation is swapped for a new one while others read it."""

    IN_PLACE = "in place"
    """Dropped and built under its own name: a transaction's drops are hidden from readers."""
    EXCHANGE = "exchange"
    """Built beside, and exchanged with what depends on it: its connections are `Swapping`."""
    RENAME = "rename"
    """Built beside, and renamed when the old one has been dropped."""


class Traffic(Struct):
    """Tells what one connection does, if there is a `watch` that takes it.

    Without one, each of its methods costs a call and no more.
    """

    watch: Watch | None = None
    adapter_type: str = ""
    name: str = ""

    def bound(self, formerly: str) -> str:
        """Tell that there is a session now; gives back what the session serves from now on."""
        if self.watch is not None:
            self.watch(SessionBound(self.adapter_type, self.name, formerly))
        return self.name

    def sent(self, sql: str) -> float:
        """Tell what is about to be sent; gives back when that was, for `answered`."""
        if self.watch is None:
            return 0.0
        self.watch(StatementSent(self.adapter_type, self.name, sql))
        return perf_counter()

    def answered(self, status: str, sent_at: float) -> None:
        """Tell what the database has answered."""
        if self.watch is not None:
            self.watch(StatementAnswered(self.name, status, perf_counter() - sent_at))

    def closed(self, name: str = "") -> None:
        """Tell that the session has ended."""
        if self.watch is not None:
            self.watch(SessionClosed(name or self.name))


SILENT = Traffic()
"""That of a connection which nobody watches."""


class Connection(ABC):
    """One session of the database. Used by one task at a time.

    A cancellation in any verb ends the statement at the database before it travels on, and
    the connection is closed afterwards: it is never used again.

    Attributes:
        comment: what is sent with every statement of a node's.
        has_kept: whether SQL outside of `transaction()`, or a COMMIT in somebody's own SQL, has
            made something durable that would be done again. A query that calls a function isn't
            known to.
        doubt: why nobody can say whether the last COMMIT in somebody's own SQL is durable, where
            that is so.
        traffic: tells what goes between it and the database.
    """

    comment: StatementComment | None = None
    has_kept: bool = False
    doubt: CommitInDoubtError | None = None
    traffic: Traffic = SILENT

    @property
    def carries_state(self) -> bool:
        """Whether what was done so far, such as a setting or a BEGIN, counts for what comes next.

        Another connection wouldn't have it.
        """
        return False

    @abstractmethod
    async def execute(self, sql: str) -> Response:
        """Run one or more statements, and answer for the last of them.

        What was deferred before is sent first, in the same message where the database can.

        Raises:
            DatabaseError: the database refused a statement.
        """

    @abstractmethod
    async def query(self, sql: str) -> Rows:
        """Run one statement and fetch all of its rows. What was deferred is sent first."""

    @abstractmethod
    def defer(self, sql: str, *, wants_response: bool = False) -> Deferred:
        """Queue statements of an open transaction, to be sent with the next ones or COMMIT.

        Two round trips become one. Errors surface where the statements are sent, and so does
        the response.
        """

    @abstractmethod
    def transaction(
        self, *, traceable: Callable[[str], None] | None = None
    ) -> AbstractAsyncContextManager[Transaction]:
        """A transaction that commits at the end of the block, and rolls back on an error.

        With `traceable`, the database can be asked what became of it, at the price of a round
        trip, where it can at all: `traceable` is called with its name before COMMIT is sent. Work
        that may be done twice needs no such.

        Raises:
            CommitInDoubtError: the connection was lost during COMMIT, and the database didn't
                say in time what became of it.
        """

    @abstractmethod
    async def insert_rows(
        self,
        relation: Relation,
        column_names: Sequence[str],
        batches: Iterable[Sequence[Sequence[object]]],
    ) -> int:
        """Load rows by the fastest way the database has, and count them.

        Values are str, int, float, bool or None; `batches` is read one at a time.
        """

    @abstractmethod
    async def columns(self, relation: Relation) -> list[Column]:
        """A relation's columns in their order, or none where it doesn't exist."""

    async def query_columns(self, sql: str) -> list[Column]:
        """The columns that a select gives, in their order, without running it.

        Raises:
            DatabaseError: it can't be run.
        """
        view = Relation(None, None, _COLUMNS_VIEW, RelationType.VIEW)
        had_kept = self.has_kept
        await self.execute(f"create temporary view {view} as\n{sql}")
        columns = await self.columns(view)
        await self.execute(f"drop view {view}")
        self.has_kept = had_kept
        return columns

    async def rename_statements(self, relation: Relation, identifier: str) -> list[str]:
        """The statements that give a relation another name in its schema."""
        return [f"alter table {relation.render()} rename to {relation.quoted(identifier)}"]


class Adapter(ABC):
    """A database as a whole: a pool of connections, its catalog and its dialect.

    Attributes:
        type: the name that a profile's `type:` gives it.
        dialect: the prefixes by which `adapter.dispatch` looks for a macro, best first;
            "default" comes after them by itself.
        macro_directory: where the dialect's own macros are, or None.
        quote_character: what surrounds an identifier.
        max_identifier_bytes: the longest identifier that the database keeps whole, or None.
        is_case_sensitive: whether two relations may differ by case alone.
        swap_policy: how a relation is swapped under the name that readers keep using.
        retries: how often a node is tried again after an error that may pass.
        incremental_strategies: the strategies of its own that `incremental` may be told.
        ignored_configs: configuration for which the database has nothing, such as grants.
        names_databases: whether a relation's name says in which database it is, also where a
            connection reaches only its own. Where it doesn't, the database is no part of a name.
        has_materialized_views: whether a view can keep its rows.
        has_views_across_schemas: whether a view may read what is in another schema.
        has_fixed_types: whether a column holds values of its own type only.
        retry_backoff: seconds before the first of these attempts; each waits longer.
        column_types: the type that a seed's column gets for what its values are.
        version: the release of what brings the adapter, where that isn't this package.
        watch: takes what goes between its connections and the database, where somebody wants to
            know.
    """

    type: ClassVar[str]
    dialect: ClassVar[tuple[str, ...]]
    macro_directory: ClassVar[Path | None] = None
    quote_character: ClassVar[str] = '"'
    max_identifier_bytes: ClassVar[int | None] = None
    is_case_sensitive: ClassVar[bool] = False
    swap_policy: ClassVar[SwapPolicy] = SwapPolicy.RENAME
    incremental_strategies: ClassVar[tuple[str, ...]] = ("append", "delete+insert")
    ignored_configs: ClassVar[frozenset[str]] = frozenset()
    names_databases: ClassVar[bool] = False
    has_materialized_views: ClassVar[bool] = False
    has_views_across_schemas: ClassVar[bool] = True
    has_fixed_types: ClassVar[bool] = True
    column_types: ClassVar[Mapping[ValueKind, str]] = STANDARD_TYPES

    target: Target
    retries: int = 0
    retry_backoff: float = 0.2
    version: str = ""
    watch: Watch | None = None

    def traffic(self, name: str) -> Traffic:
        """Tells what the connection of this name does."""
        return SILENT if self.watch is None else Traffic(self.watch, self.type, name)

    @abstractmethod
    async def open(self) -> None:
        """Check that the database can be reached, and get ready.

        Raises:
            ConnectionFailedError: it can't; the message says what to do.
        """

    @abstractmethod
    async def aclose(self) -> None:
        """Close every connection. Statements still running are ended at the database first."""

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()

    @abstractmethod
    def connection(self, name: str) -> AbstractAsyncContextManager[Connection]:
        """A connection from the pool, for the length of the block.

        `name` says what for, in the database's own list of sessions where it has one.
        """

    @abstractmethod
    async def list_schemas(self, database: str | None = None) -> frozenset[str]:
        """The schemas that exist in a database, which is the target's unless it is named."""

    @abstractmethod
    async def create_schema(self, namespace: Namespace) -> None:
        """Create a schema if it doesn't exist."""

    @abstractmethod
    async def drop_schema(self, namespace: Namespace) -> None:
        """Drop a schema and all that is in it, if it exists."""

    async def missing_rights(self) -> list[str]:
        """What the target's user may not do and will have to: a sentence each, with a remedy."""
        return []

    @abstractmethod
    async def list_relations(self, namespace: Namespace) -> list[Relation]:
        """Every relation of a schema, by one query. An absent schema has none."""

    def time_condition(self, expression: str, start: datetime, end: datetime) -> str:
        """The condition that a column's time is in a window: from `start`, before `end` (UTC)."""
        return f"{expression} >= '{start}' and {expression} < '{end}'"

    def are_same_type(self, one: str, other: str) -> bool:
        """Whether two types of columns hold the same kind of values, whatever their size."""
        return one.partition("(")[0].strip().lower() == other.partition("(")[0].strip().lower()

    def plain_table(self, relation: Relation, sql: str, config: Mapping[str, object]) -> str | None:
        """What the adapter's own macro `create_table_as` says of a table without a contract.

        To render that takes a sixth of what a small table costs in this process. None where the
        macro is to be asked: so it is where the configuration has a word of its own for it.
        """
        return None

    def folded(self, name: str | None) -> str | None:
        """What the database makes of a name that isn't quoted: the same, as far as is known."""
        return name

    def spelled_unquoted(self, text: str) -> str:
        """What the database calls a name that stands in SQL as a text has it: quoted or not."""
        quote = self.quote_character
        text = text.strip()
        if len(text) > 2 * len(quote) and text.startswith(quote) and text.endswith(quote):
            return text.removeprefix(quote).removesuffix(quote).replace(quote * 2, quote)
        return self.folded(text) or ""

    def reaches(self, database: str | None) -> bool:
        """Whether a connection can build and find relations in a database; in its own for None."""
        return True

    def require_reachable(self, database: str | None) -> None:
        """See that a database is one that a connection reaches.

        Raises:
            OtherDatabaseError: it isn't.
        """
        if database is not None and not self.reaches(database):
            raise OtherDatabaseError(self.type, database, self.target.database)

    def sets_session(self, sql: str) -> bool:
        """Whether SQL does nothing but set the session that it runs in."""
        return False

    @property
    @abstractmethod
    def public_keys(self) -> Mapping[str, object]:
        """The profile's keys that may be shown: what `target.<key>` answers. Never a secret."""

    def is_elsewhere(self, one: Relation, other: Relation) -> bool:
        """Whether two names stand for relations of their own, as the database compares them."""
        return self.key_of(one.namespace) != self.key_of(other.namespace) or (
            self.spelled(one.identifier or "") != self.spelled(other.identifier or "")
        )

    def key_of(self, namespace: Namespace) -> Namespace:
        """A namespace in the one spelling that all of its spellings have in common."""
        database = namespace.database or self.target.database or ""
        return Namespace(
            database.casefold() if self.names_databases else "",
            self.spelled(namespace.schema),
        )

    def spelled(self, name: str) -> str:
        """A quoted name as the database compares it with others."""
        return name if self.is_case_sensitive else name.casefold()

    def relation(
        self,
        schema: str | None,
        identifier: str | None,
        type: RelationType | None = None,
        *,
        database: str | None = None,
        quote_policy: Parts | None = None,
    ) -> Relation:
        """A relation in this database's way of naming.

        A part that isn't quoted is spelled as the database will call it.
        """
        quoted = quote_policy or Parts()
        given = RelationPath(database or self.target.database, schema, identifier)
        spelled = RelationPath(
            given.database,
            schema if quoted.schema else self.folded(schema),
            identifier if quoted.identifier else self.folded(identifier),
        )
        return Relation(
            database=spelled.database,
            schema=spelled.schema,
            identifier=spelled.identifier,
            type=type,
            quote_policy=quoted,
            quote_character=self.quote_character,
            written=None if spelled == given else given,
            max_identifier_bytes=self.max_identifier_bytes,
        )
