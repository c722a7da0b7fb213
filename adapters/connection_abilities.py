"""What a connection of some databases can do and that of others need not."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection

from msgspec import Struct, field

from .answers import Deferred
from .relation import Relation

IsOurs = Callable[[Relation], bool]
"""Whether a relation is one that this project builds."""


async def _nothing() -> None:
    pass


class Counting(ABC):
    """A database in which something else may have a say in what statements do to a table's rows.

    Triggers, rules and policies may keep rows from going, from coming or from changing. These
    verbs see to it that all rows do, in the connection's own transaction:

        DatabaseError: some didn't; names what may have kept them.
    """

    @abstractmethod
    async def empty_table(self, relation: Relation) -> None:
        """Delete all rows of a table, and of no other that belongs to it."""

    @abstractmethod
    async def obstacles(self, relation: Relation) -> list[str]:
        """What may keep rows of a table from going, coming or changing, in its own words."""

    @abstractmethod
    async def write_rows(self, relation: Relation, sql: str) -> Deferred:
        """Run statements that change a table's rows. What is returned is about the last one."""


Restore = Callable[[str], None]
"""Queues what makes again, on the relation of a name, what went with another one."""


class Keeping(ABC):
    """A database that keeps the texts of what goes with a relation when that is dropped.

    Indexes and triggers for example. Where a text doesn't fit any longer, the statement that
    comes next fails with a DatabaseError, which names it.
    """

    @abstractmethod
    def keep(self, relation: Relation) -> Restore:
        """Note what hangs on a relation that is going to be dropped, in the open transaction."""


class WriterLocking(ABC):
    """A database in which others may write to a table that an open transaction has read.

    What reads a table to decide what to write into it has to keep them out first. Where a
    transaction that is going to write keeps other writers out from its beginning, there is
    nothing to be done.
    """

    @abstractmethod
    async def keep_writers_out(self, table: Relation) -> None:
        """Be the only one who writes to a table, until the open transaction ends.

        Readers are let through, all the time. The lock is sent with the next statement, and so
        its error may come there:

            DatabaseLockedError: somebody else kept writing; says who.
        """


class ComparingQueries(ABC):
    """A database that can tell whether what it keeps of a view's query is what a text says.

    It keeps no text, but what it has understood: names resolved, `*` written out.
    """

    @abstractmethod
    async def has_query(self, view: Relation, sql: str, beside: Relation) -> bool:
        """Whether a view, or a materialized one, has a query, inside the open transaction.

        The query isn't run. `beside` is a name that nothing has, and that nothing has afterwards.

        Raises:
            DatabaseError: it can't be run.
        """


class ForeignKey(Struct, frozen=True, kw_only=True):
    """A foreign key of one table that leads to another."""

    child: Relation
    parent: str
    name: str
    columns: tuple[str, ...]

    @property
    def title(self) -> str:
        """What it is called in a message."""
        return f"the foreign key {self.name} of {self.child.display_name}"


ComesAnew = Callable[[ForeignKey], bool]
"""Whether a later node of this run makes a foreign key anew, or validates it."""


def nothing_comes(_: ForeignKey) -> bool:
    """Of no foreign key is it known that it comes anew."""
    return False


class KeepingKeys(ABC):
    """A database in which rows of one table have to be in another, by foreign keys.

    Neither can the other table be built anew then, nor its rows go. So the keys of tables that
    the project builds are taken away before that, and put back without looking at the rows:
    those that come later are held to them. `validate` looks at all of them.
    """

    @abstractmethod
    async def release_keys(self, table: Relation, is_ours: IsOurs) -> list[ForeignKey]:
        """Take away the keys that lead to a table, if all of them are the project's tables'."""

    @abstractmethod
    async def put_back_keys(self, keys: Collection[ForeignKey]) -> None:
        """Put back what was taken away."""

    @abstractmethod
    async def unvalidated_keys(self, table: Relation) -> list[ForeignKey]:
        """The keys of a table by which not all of its rows have been looked at."""

    @abstractmethod
    async def validate_key(self, key: ForeignKey) -> None:
        """Look at all rows.

        Raises:
            DatabaseError: rows have keys that aren't in the other table; names a few.
        """


class Swapped(Struct):
    """How a relation got its new contents: known once the transaction has been committed."""

    statements: list[str] = field(default_factory=list)
    dropped: list[Relation] = field(default_factory=list)
    """Views of the project that no longer fitted, and had to go."""
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    """Those that lead to the relation, and are yet to be validated."""
    settle: Callable[[], Awaitable[None]] = _nothing
    """Ends a swap after which hooks were to follow."""


class Swapping(ABC):
    """A database in which a view stays with the relation it was made on, and not with its name.

    To build a relation anew there takes more than a drop and a rename: what depends on the old
    one has to follow, and what somebody has given it has to be kept: its owner, grants, policies,
    indexes. What the project itself gives it is another matter: the new one has it, or isn't to.

    Whoever reads the name, or a view over it, sees the old relation until COMMIT and the new
    one from then on. A lock that readers keep is waited for in short attempts, so that no
    reader waits long behind us. What depends on the old relation and no longer fits is dropped
    if it is ours, and is an error otherwise. What is said here may be sent with COMMIT only,
    and so its errors may come there:

        DatabaseLockedError: the lock wasn't to be had before the deadline.
        DatabaseError: something depends on the relation that can't follow; names it.
    """

    @abstractmethod
    async def swap(
        self,
        existing: Relation,
        replacement: Relation,
        is_ours: IsOurs,
        *,
        gets_more: bool = False,
        hooks_follow: bool = False,
        comes_anew: ComesAnew = nothing_comes,
    ) -> Swapped:
        """Swap a relation for another one, which gets its name, inside the open transaction.

        With `gets_more` the project gives such a relation constraints, indexes or the like, so
        that it pays to look whose they are. With `hooks_follow` it may still do so: `settle` of
        the answer is called when it has. A foreign key that no longer fits is an error, unless it
        `comes_anew`.
        """

    @abstractmethod
    def noting_made(self, relation: Relation) -> str:
        """The SQL that notes what a relation has by now as the project's own, not to be kept."""

    @abstractmethod
    async def find_relation(self, relation: Relation) -> Relation | None:
        """What stands under a relation's name, as the connection's own open transaction sees it."""

    @abstractmethod
    async def swap_view(
        self,
        existing: Relation,
        sql: str,
        build_beside: Callable[[], Awaitable[Relation]],
        is_ours: IsOurs,
    ) -> Swapped:
        """Give a view the new text of a CREATE OR REPLACE VIEW.

        Where its columns don't allow that, the view is built beside it, and swapped in.
        """
