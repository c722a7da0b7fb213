"""What a relation has of its own, and what of it another one gets that takes its place.

What the project makes anew with each build is its own affair: the new relation has it, or isn't
to have it any longer. The rest was made by hand, and is carried over.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from hashlib import sha256
from typing import NamedTuple

from msgspec import Struct

from ..relation import Relation, quote_identifier

_NAME, _RELATION = "\x01", "\x02"
"""What stands in a statement for the name of what it makes, and for the relation."""

_TEMPORARY_PREFIX = "headrace_tmp_"
_DIGEST = re.compile(r"_[0-9a-f]{20}\Z")
"""How indexes of the configuration are named, whose names are of this run alone."""
_KEPT_OF_A_NAME = 50

_COLUMN = "column"
NOT_NULL, DEFAULT, _SEQUENCE = "NOT NULL of column", "default of column", "sequence of column"
_OF_COLUMNS = " of column"
_OF_INDEXES = frozenset({"options of index", "tablespace of index", "statistics target of index"})
_NAMED_BY_INDEX = _OF_INDEXES | {"CLUSTER", "replica identity"}
_CONSTRAINTS = ("constraint", "constraint NOT NULL")

_BESIDE = frozenset({"index", "constraint", NOT_NULL, "tablespace", "access method"})
"""What takes as long as there are rows, and so is done before anybody has to wait for it."""

_ORDER = (
    *("access method", "tablespace", NOT_NULL, DEFAULT, "statistics target of column"),
    *("storage of column", "compression of column", "options of column", "option"),
    *("index", "constraint", "foreign key", "tablespace of index", "options of index"),
    *("statistics target of index", "CLUSTER", "replica identity", "statistics", "rule"),
    *("trigger", "policy", "row level security", "publication", "comment", "security label"),
    _SEQUENCE,
)
"""In which order a relation gets these: the filter of a publication needs a replica identity."""

_OF_VIEWS = frozenset({"option", "trigger", "rule", DEFAULT, "comment", "security label"})
_NOT_OF_MATERIALIZED_VIEWS = frozenset(
    {"constraint", "trigger", "rule", DEFAULT, NOT_NULL, "policy", "row level security"}
    | {"replica identity", "publication", _SEQUENCE}
)
_OF_STORAGE = frozenset({"tablespace", "access method"})
"""What a view has no use for, and nobody misses there."""


class Belonging(Struct, frozen=True):
    """One thing that a relation has: an index, a policy, a setting of a column.

    `definition` is there to be compared; `sql` makes it, where the definition doesn't.
    """

    kind: str
    name: str
    definition: str = ""
    sql: str = ""
    is_ours: bool = False

    @property
    def title(self) -> str:
        """What it is called in a message."""
        return self.kind if self.kind == "row level security" else self.key.strip()

    @property
    def key(self) -> str:
        return f"{self.kind} {self.name}"

    @property
    def is_foreign_key(self) -> bool:
        return self._is_constraint("FOREIGN KEY")

    @property
    def is_primary_key(self) -> bool:
        return self._is_constraint("PRIMARY KEY")

    @property
    def is_check(self) -> bool:
        return self._is_constraint("CHECK")

    @property
    def rank(self) -> int:
        return _ORDER.index("foreign key" if self.is_foreign_key else self.kind)

    @property
    def column(self) -> str | None:
        """The column whose it is, where it is one's."""
        return self.name if self.kind.endswith(_OF_COLUMNS) else None

    @property
    def index(self) -> str | None:
        """The index that it is about, where it is about one."""
        return self.definition or None if self.kind in _NAMED_BY_INDEX else None

    def statement(self, relation: Relation, name: str | None = None) -> str:
        """What makes it, for a relation and under a name."""
        sql = (self.sql or self.definition).replace(_NAME, quote_identifier(name or self.name))
        return sql.replace(_RELATION, table_name(relation))

    def _is_constraint(self, words: str) -> bool:
        return self.kind == "constraint" and f"{_NAME} {words}" in self.definition


class Belongings(Struct, frozen=True):
    """What the relation that goes has, and what the one has that takes its place."""

    old: tuple[Belonging, ...] = ()
    new: tuple[Belonging, ...] = ()

    @classmethod
    def from_rows(cls, rows: Iterable[Iterable[object]]) -> Belongings:
        """The rows of `sql/belongings.sql`."""
        sides: dict[str, list[Belonging]] = {"old": [], "new": []}
        for side, kind, name, definition, sql, is_ours in rows:
            thing = Belonging(
                str(kind), str(name or ""), str(definition or ""), str(sql or ""), bool(is_ours)
            )
            sides[str(side)].append(thing)
        return cls(tuple(sides["old"]), tuple(sides["new"]))


class Carried(NamedTuple):
    """A statement that carries something over, and what."""

    title: str
    sql: str


class Carrying(Struct):
    """How what was made by hand is carried over from one relation to another."""

    beside: dict[str, Carried] = {}
    """What is made on the new relation before the swap, some under another name: by its key."""
    before: list[Carried] = []
    """What comes first in the swap, so that nothing goes with the old relation."""
    renames: list[Carried] = []
    """What gets its own name once that is free."""
    after: list[Carried] = []
    """What the new relation is given when it has its name."""
    last: list[Carried] = []
    """What has to wait until it has its owner."""
    keys: list[str] = []
    """What is carried, whether it is there already or not."""
    unfit: list[str] = []
    """What can't belong to a relation of the new one's kind."""
    fixed: list[str] = []
    """What can't belong to another relation at all."""


def carrying(
    belongings: Belongings, old: Relation, new: Relation, made_beside: Collection[str] = ()
) -> Carrying:
    """How the new relation gets what of the old one's was made by hand.

    `made_beside` are the keys of what it has got already, for this swap. What the new one has
    under the same name is what holds from now on.
    """
    plan, there = Carrying(), _There(belongings, new, old, made_beside)
    for name, final in there.renamed.items():
        plan.renames.append(Carried(f"constraint {final}", _renamed_constraint(name, final, old)))
    for thing in sorted(there.wanted, key=lambda thing: thing.rank):
        if there.has_its_own(thing):
            continue
        if not _fits(thing, old, new):
            if thing.kind not in _OF_STORAGE:
                plan.unfit.append(thing.title)
            continue
        twin = there.twin_of(thing)
        if twin is None or thing.key in made_beside:
            plan.keys.append(thing.key)
        if twin is None:
            _plan(plan, thing, there, old, new)
        elif twin != thing.name and twin not in there.renamed:
            plan.renames.append(Carried(thing.title, _renamed(thing, twin, old)))
    plan.fixed += [thing.title for thing in there.identities]
    return plan


def _plan(plan: Carrying, thing: Belonging, there: _There, old: Relation, new: Relation) -> None:
    """Note what makes one thing on the new relation."""
    title = thing.title
    if thing.kind == _SEQUENCE:
        plan.before.append(Carried(title, thing.definition))
        plan.last.append(Carried(title, thing.sql))
        return
    name = thing.index and there.index_for(thing.index)
    plan.after.append(Carried(title, thing.statement(old, name)))
    if thing.kind in _BESIDE and not thing.is_foreign_key:
        name = thing.name if thing.is_check else temporary_name(thing, new)
        plan.beside[thing.key] = Carried(title, thing.statement(new, name))


class _There:
    """What the new relation has, as far as it bears on what it is to get."""

    def __init__(
        self, belongings: Belongings, new: Relation, old: Relation, made_beside: Collection[str]
    ) -> None:
        self._belongings = belongings
        self._new = new
        self._made_beside = made_beside
        self.renamed = final_names(belongings.new, new, old)
        """The final names of constraints that are still called after the new relation's."""
        self._keys = {f"{thing.kind} {self._final(thing.name)}" for thing in belongings.new}
        self._has_primary_key = any(thing.is_primary_key for thing in belongings.new)
        identities = [thing for thing in belongings.old if _is_identity(thing)]
        self.identities = [thing for thing in identities if thing.key not in self._keys]
        self.wanted = [
            thing
            for thing in belongings.old
            if not thing.is_ours and thing.kind in _ORDER and not _is_identity(thing)
        ]

    def _final(self, name: str) -> str:
        return self.renamed.get(name, name)

    def has_its_own(self, thing: Belonging) -> bool:
        """Whether the project's own takes a thing's place, or it has nothing to hang on."""
        if thing.key in self._made_beside:
            return False
        if thing.key in self._keys and not self._is_equal(thing):
            return True
        if thing.is_primary_key and self._has_primary_key and self.twin_of(thing) is None:
            return True
        column = thing.column
        if column is not None:
            if f"{_COLUMN} {column}" not in self._keys:
                return True
            filled = (f"{kind} {column}" for kind in (DEFAULT, *_IDENTITY_KINDS))
            return thing.kind in (DEFAULT, _SEQUENCE) and any(key in self._keys for key in filled)
        if thing.kind in _OF_INDEXES or thing.kind == "CLUSTER":
            return self.index_for(thing.definition) is None
        if thing.kind == "comment":
            return not self._gets(thing.name)
        return False

    def _is_equal(self, thing: Belonging) -> bool:
        return thing.kind in ("index", "constraint") and self.twin_of(thing) is not None

    def _gets(self, key: str) -> bool:
        return key in self._keys or any(thing.key == key for thing in self.wanted)

    def twin_of(self, thing: Belonging) -> str | None:
        """The name of the same index or constraint on the new relation."""
        if thing.kind == NOT_NULL:
            return thing.name if thing.key in self._keys else None
        if thing.kind not in ("index", "constraint"):
            return None
        made = temporary_name(thing, self._new)
        candidates = [
            other
            for other in self._belongings.new
            if other.kind == thing.kind
            and other.definition == thing.definition
            # An index of the configuration is one more beside that made by hand.
            and (thing.kind != "index" or not _DIGEST.search(other.name) or other.name == made)
        ]
        by_name = sorted(candidates, key=lambda other: other.name not in (made, thing.name))
        return by_name[0].name if by_name else None

    def index_for(self, name: str) -> str | None:
        """What the index of a name is called on the new relation, or one like it."""
        for kind in ("index", "constraint"):
            if self._gets(f"{kind} {name}"):
                return name
            for thing in self._belongings.old:
                if thing.kind == kind and thing.name == name:
                    like = [
                        o.name for o in self._belongings.new if o.definition == thing.definition
                    ]
                    if like:
                        return self._final(like[0])
        return None


_IDENTITY_KINDS = ("identity of column", "generated column")


def _is_identity(thing: Belonging) -> bool:
    return thing.kind in _IDENTITY_KINDS


def final_names(things: Iterable[Belonging], new: Relation, old: Relation) -> Mapping[str, str]:
    """Constraints that are called after the new relation's passing name, and what they become."""
    passing = new.identifier or ""
    if not passing.startswith(_TEMPORARY_PREFIX):
        return {}
    return {
        thing.name: (old.identifier or "")[:_KEPT_OF_A_NAME] + thing.name[len(passing) :]
        for thing in things
        if thing.kind in _CONSTRAINTS and thing.name.startswith(passing)
    }


def _fits(thing: Belonging, old: Relation, new: Relation) -> bool:
    """Whether a thing can belong to a relation of the new one's kind."""
    if new.is_view:
        return thing.kind in _OF_VIEWS and (old.is_view or thing.kind not in ("option", "trigger"))
    if new.is_materialized_view:
        return thing.kind not in _NOT_OF_MATERIALIZED_VIEWS and not old.is_view
    return not old.is_view or thing.kind not in ("option", "trigger")


def _renamed(thing: Belonging, name: str, relation: Relation) -> str:
    if thing.kind == "constraint":
        return _renamed_constraint(name, thing.name, relation)
    index = relation.with_identifier(name)
    return f"ALTER INDEX {table_name(index)} RENAME TO {quote_identifier(thing.name)}"


def _renamed_constraint(name: str, final: str, relation: Relation) -> str:
    names = f"{quote_identifier(name)} TO {quote_identifier(final)}"
    return f"ALTER TABLE {table_name(relation)} RENAME CONSTRAINT {names}"


def temporary_name(thing: Belonging, relation: Relation) -> str:
    """A name for what is made before its own is free: of this relation and thing alone."""
    text = f"{relation.schema}.{relation.identifier}.{thing.key}"
    return f"{_TEMPORARY_PREFIX}{sha256(text.encode()).hexdigest()[:20]}"


def table_name(relation: Relation) -> str:
    """A relation's name with all that it takes to find it, as PostgreSQL reads it."""
    included = relation.include_policy
    return Relation(None, relation.schema, relation.identifier, include_policy=included).render()
