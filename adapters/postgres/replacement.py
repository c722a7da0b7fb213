"""The statements by which one relation takes another's place."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace as copy_of

from ..relation import Relation, RelationType, quote_identifier
from .dependents import Dependents
from .settings import literal

KINDS = {
    RelationType.VIEW: "VIEW",
    RelationType.MATERIALIZED_VIEW: "MATERIALIZED VIEW",
    RelationType.EXTERNAL: "FOREIGN TABLE",
}
"""What PostgreSQL calls what isn't a table."""


def exchange(
    old: Relation, new: Relation, dependents: Dependents, dropped: Sequence[Relation] = ()
) -> list[str]:
    """The statements by which one relation takes another's name, and what it has.

    Views come first, in the order in which readers lock them; so nobody who holds what we
    need waits for what we hold. `dropped` are views that go, those first that read others.
    """
    gone = {(view.schema, view.identifier) for view in dropped}
    gone_names = {view.display_name for view in dropped}
    name = quote_identifier(old.identifier or "")
    drops = [_drop(view) for view in dropped]
    locks = [
        lock
        for view, lock in zip(dependents.views, dependents.locks, strict=True)
        if view not in gone
    ]
    kept = [sql for view, sql in dependents.definitions.items() if view not in gone_names]
    rename = f"ALTER TABLE {new} RENAME TO {name}"
    if not kept:
        return [*locks, *drops, _drop(old), rename, *dependents.properties]
    aside = copy_of(old, identifier=f"{(new.identifier or '')[:50]}_old")
    return [
        *locks,
        *drops,
        f"ALTER TABLE {old} RENAME TO {quote_identifier(aside.identifier or '')}",
        rename,
        *kept,
        _drop(aside),
        *dependents.properties,
    ]


def refill(old: Relation, new: Relation, column_names: Sequence[str]) -> list[str]:
    """The statements that give a table the rows of another one, which goes."""
    names = ", ".join(map(quote_identifier, column_names))
    return [
        f"DELETE FROM {old}",
        f"INSERT INTO {old} ({names}) SELECT {names} FROM {new}",
        f"DROP TABLE {new}",
    ]


def literal_name(relation: Relation) -> str:
    """A relation's name as a literal that `to_regclass` reads."""
    return literal(str(relation.include(database=False).quote(True, True, True)))


def _drop(relation: Relation) -> str:
    kind = KINDS.get(relation.type or RelationType.TABLE, "TABLE")
    return f"DROP {kind} {relation}"
