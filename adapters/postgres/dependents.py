"""What hangs on a relation that is swapped: the answer of `sql/dependents.sql`."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct, field


class Tie(StrEnum):
    """How something is tied to a relation that is swapped."""

    VIEW = "view"
    """Reads it, directly or through another view, and may be changed by us."""
    LOCK = "lock"
    """The relation itself: what locks it, and what stands for its own rows in a statement."""
    FIXED = "fixed"
    """Refers to it, and can't be pointed to another relation by us."""
    REFERENCE = "reference"
    """A foreign key of another table: not even the rows may go."""
    PROPERTY = "property"
    """The relation's own: its owner, a grant, a comment."""


class Dependents(Struct, frozen=True):
    """What hangs on one relation.

    Attributes:
        locks: statements that lock the views and change nothing, in the order in which
            readers take their locks: a view before what it reads.
        own_lock: the statement that locks the relation itself; of a table without the mode.
        own_rows: what stands for the rows of the relation itself: ONLY, unless it is partitioned.
        definitions: the views that read the relation itself, by name, as the statements that
            point them to whatever has its name then; a view before those that read it.
        views: the names of all views, those that read others first.
        fixed, references: what can't be pointed elsewhere, in PostgreSQL's words.
        materialized: schema and name of what is a materialized view of those fixed.
        properties: statements that give a new relation the old one's owner, grants and comments.
    """

    locks: tuple[str, ...] = ()
    own_lock: str = ""
    own_rows: str = ""
    definitions: dict[str, str] = field(default_factory=dict)
    views: tuple[tuple[str, str], ...] = ()
    fixed: tuple[str, ...] = ()
    materialized: tuple[tuple[str, str], ...] = ()
    references: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()

    @classmethod
    def from_rows(cls, rows: Iterable[Iterable[object]]) -> Dependents:
        """The rows of the query, in its order: views first that read others."""
        ties = [_Row(*("" if value is None else str(value) for value in row)) for row in rows]
        views = [tie for tie in ties if tie.kind == Tie.VIEW]
        return cls(
            locks=tuple(view.lock for view in views),
            own_lock="".join(tie.lock for tie in ties if tie.kind == Tie.LOCK),
            own_rows="".join(tie.sql for tie in ties if tie.kind == Tie.LOCK),
            definitions={view.display_name: view.sql for view in reversed(views) if view.sql},
            views=tuple((view.schema, view.name) for view in views),
            fixed=tuple(tie.lock for tie in ties if tie.kind == Tie.FIXED),
            materialized=tuple(
                (tie.schema, tie.name) for tie in ties if tie.kind == Tie.FIXED and tie.sql == "m"
            ),
            references=tuple(tie.lock for tie in ties if tie.kind == Tie.REFERENCE),
            properties=tuple(tie.sql for tie in ties if tie.kind == Tie.PROPERTY),
        )


class _Row(NamedTuple):
    kind: str
    schema: str
    name: str
    lock: str
    sql: str

    @property
    def display_name(self) -> str:
        return f"{self.schema}.{self.name}"
