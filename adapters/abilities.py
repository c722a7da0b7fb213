"""What some databases can do and others need not: each ability with methods of its own.

What belongs to one session of a database, and not to it as a whole, is in `connection_abilities`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from enum import Enum

from msgspec import Struct

from .relation import Namespace


class Locking(ABC):
    """A database that keeps two runs out of one schema, with a lock that dies with its holder."""

    @abstractmethod
    async def lock_schemas(
        self, namespaces: Collection[Namespace], tell: Callable[[str], None]
    ) -> None:
        """Be alone in some schemas until the adapter is closed.

        Waits while another run is in one of them, and `tell`s who that is.

        Raises:
            SchemaLockedError: it still was when the time was over.
        """


class Fate(Enum):
    """What has become of a transaction."""

    COMMITTED = "committed"
    """It is durable."""
    ROLLED_BACK = "rolled back"
    """Nothing of it is left."""
    IN_PROGRESS = "in progress"
    """It may still become either."""
    UNKNOWN = "unknown"
    """The database can't be asked, or no longer knows."""

    @property
    def is_final(self) -> bool:
        return self in (Fate.COMMITTED, Fate.ROLLED_BACK)


class Tracing(ABC):
    """A database that can be asked later what has become of a transaction."""

    @abstractmethod
    async def fate_of(self, transaction: str) -> Fate:
        """What has become of a transaction of this run or an earlier one, by its name.

        One that is in progress is waited for, within a bound. Nothing is raised: a database that
        can't be asked, or isn't the one that gave the name, doesn't know.
        """

    @abstractmethod
    def question_for(self, transaction: str) -> str:
        """The SQL by which somebody can ask for it."""


class CatalogColumn(Struct, frozen=True):
    """A column as the database's own catalog describes it. `index` counts from 1."""

    name: str
    type: str
    index: int
    comment: str | None = None


class CatalogTable(Struct, frozen=True):
    """A table or view as the database's own catalog describes it.

    `type` is what the SQL standard calls it: "BASE TABLE", "VIEW".
    """

    schema: str
    name: str
    type: str
    columns: tuple[CatalogColumn, ...]
    database: str | None = None
    owner: str | None = None
    comment: str | None = None


class Describing(ABC):
    """A database that can be asked for all tables of a schema with their columns, in one go."""

    @abstractmethod
    async def describe_schema(self, namespace: Namespace) -> list[CatalogTable]:
        """Every table and view of a schema; none where there is no such schema.

        Raises:
            DatabaseError: the catalog can't be read.
        """
