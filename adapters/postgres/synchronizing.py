"""A table that stays, and what the project makes with it: now, and when it was built before."""

from __future__ import annotations

from ..relation import Relation, quote_identifier
from .belongings import DEFAULT, NOT_NULL, Belonging, Belongings, final_names, table_name

_ON_TABLES = ("trigger", "policy", "rule")
_MADE_ANEW = ("index", "constraint", NOT_NULL, DEFAULT, "statistics", *_ON_TABLES)


def synchronizing(belongings: Belongings, old: Relation, new: Relation) -> list[str]:
    """How a table that stays gets what the project makes now, and loses what it made before.

    The statements come when the new one is gone, and with it the names of its indexes.
    """
    finals = final_names(belongings.new, new, old)
    wanted = [thing for thing in belongings.new if thing.kind in _MADE_ANEW]
    there = [thing for thing in belongings.old if thing.kind in _MADE_ANEW]
    signatures = {_signature(thing) for thing in wanted}
    names = {f"{thing.kind} {finals.get(thing.name, thing.name)}" for thing in wanted}
    going = [
        thing
        for thing in there
        if _signature(thing) not in signatures and (thing.is_ours or thing.key in names)
    ]
    staying = {_signature(thing) for thing in there if thing not in going}
    coming = [thing for thing in wanted if _signature(thing) not in staying]
    return [
        *(_dropping(thing, old) for thing in sorted(going, key=lambda thing: -thing.rank)),
        *(
            thing.statement(old, finals.get(thing.name))
            for thing in sorted(coming, key=lambda thing: thing.rank)
        ),
    ]


def made_by_hand(belongings: Belongings) -> list[str]:
    """The keys of what a relation has that isn't the project's work, nor is to become it."""
    signatures = {_signature(thing) for thing in belongings.new if thing.kind in _MADE_ANEW}
    return [
        thing.key
        for thing in belongings.old
        if not thing.is_ours and _signature(thing) not in signatures
    ]


def _signature(thing: Belonging) -> tuple[str, str, str]:
    """What two things have in common that do the same; the names of indexes don't matter."""
    is_named = thing.kind not in ("index", "constraint")
    return (thing.kind, thing.name if is_named else "", thing.definition)


def _dropping(thing: Belonging, relation: Relation) -> str:
    name, table = quote_identifier(thing.name), table_name(relation)
    match thing.kind:
        case "index":
            return f"DROP INDEX {table_name(relation.with_identifier(thing.name))}"
        case "constraint":
            return f"ALTER TABLE {table} DROP CONSTRAINT {name}"
        case "statistics":
            return f"DROP STATISTICS {thing.definition}"
        case kind if kind in _ON_TABLES:
            return f"DROP {kind.upper()} {name} ON {table}"
        case _:
            what = "NOT NULL" if thing.kind == NOT_NULL else "DEFAULT"
            return f"ALTER TABLE {table} ALTER COLUMN {name} DROP {what}"
