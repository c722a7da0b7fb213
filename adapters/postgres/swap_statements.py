"""The statements by which one relation takes another's place."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace as copy_of

from ..relation import Relation, RelationType, quote_identifier
from .belongings import Carrying
from .dependents import Dependents

KINDS = {
    RelationType.VIEW: "VIEW",
    RelationType.MATERIALIZED_VIEW: "MATERIALIZED VIEW",
    RelationType.EXTERNAL: "FOREIGN TABLE",
}
"""What PostgreSQL calls what isn't a table."""


def swap_statements(
    old: Relation,
    new: Relation,
    dependents: Dependents,
    carrying: Carrying,
    dropped: Sequence[Relation] = (),
) -> list[str]:
    """The statements by which one relation takes another's name, and what it has.

    `dropped` are views that go, those first that read others. What is carried over comes when
    the old relation is gone, and with it the names of its indexes.
    """
    gone_names = {view.display_name for view in dropped}
    name = quote_identifier(old.identifier or "")
    kept = [sql for view, sql in dependents.definitions.items() if view not in gone_names]
    rename = f"ALTER TABLE {new} RENAME TO {name}"
    begin = [*(sql for _, sql in carrying.before), *map(_drop, dropped)]
    end = [
        *(sql for _, sql in carrying.renames),
        *(sql for _, sql in carrying.after),
        *dependents.properties,
        *(sql for _, sql in carrying.last),
    ]
    if not kept:
        return [*begin, _drop(old), rename, *end]
    aside = copy_of(old, identifier=f"{(new.identifier or '')[:50]}_old")
    return [
        *begin,
        f"ALTER TABLE {old} RENAME TO {quote_identifier(aside.identifier or '')}",
        rename,
        *kept,
        _drop(aside),
        *end,
    ]


def _drop(relation: Relation) -> str:
    kind = KINDS.get(relation.type or RelationType.TABLE, "TABLE")
    return f"DROP {kind} {relation}"
