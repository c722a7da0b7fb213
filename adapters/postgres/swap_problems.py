"""Why a relation can't be swapped, said so that somebody can do something about it."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import DatabaseError
from ..relation import Relation, RelationType
from .attempts import PASSING
from .belongings import Carrying
from .swap_statements import KINDS

NEEDED_BY_OTHERS = "2BP01"


def explained(error: DatabaseError, existing: Relation, carrying: Carrying) -> DatabaseError:
    """An error of the swap, with what it means for what was to be carried over."""
    for carried in (*carrying.renames, *carrying.after, *carrying.last):
        if carried.sql == error.sql:
            return unfit(carried.title, existing, error)
    if error.code != NEEDED_BY_OTHERS:
        return error
    return DatabaseError(
        f"{existing.display_name} can't be built anew: {error}", code=error.code, sql=error.sql
    )


def unfit(title: str, existing: Relation, error: DatabaseError) -> DatabaseError:
    """An error of what was made by hand on the relation that is there."""
    if isinstance(error, PASSING):
        return error
    return DatabaseError(
        f"{title} of {existing.display_name}, which this project didn't make, no longer "
        f"fits: {error}\nChange or drop it, and run again.",
        code=error.code,
        sql=error.sql,
    )


def cannot_become(
    existing: Relation, kind: RelationType | None, names: Iterable[str]
) -> DatabaseError:
    """An error of what a relation of another kind can't have."""
    named = KINDS.get(kind or RelationType.TABLE, "TABLE").lower()
    return DatabaseError(
        f"{existing.display_name} can't become a {named} with {listed(names)}, "
        f"which a {named} can't have. Drop it, and run again."
    )


def cannot_change(existing: Relation, names: Iterable[str]) -> DatabaseError:
    """An error of what can't be pointed to a relation with other columns, or of another type."""
    return DatabaseError(
        f"{existing.display_name} can't be built anew with other columns or as another type, "
        f"because of {listed(names)}, which can't go with another relation, or isn't "
        "this project's to change. Drop it, or have its owner do so, and run again."
    )


def view_no_longer_fits(
    name: str, existing: Relation, error: DatabaseError, foreign: Iterable[str]
) -> DatabaseError:
    """An error of a view that may not be dropped, because of what the project doesn't build."""
    return DatabaseError(
        f"the view {name} no longer fits {existing.display_name} "
        f"({_first_line(error)}), and this project doesn't build {listed(foreign)}. "
        "Change or drop it, and run again.",
        code=error.code,
        sql=error.sql,
    )


def listed(names: Iterable[str]) -> str:
    """Names in a row, each once."""
    return ", ".join(dict.fromkeys(names))


def _first_line(error: DatabaseError) -> str:
    return str(error).split("\n", 1)[0]
