"""The keys of a snapshot's rows: each stands for one row, or its history can't be told."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ...adapters.relation import Relation
from ..core.errors import CompilationError
from .node_build import NodeBuild

UniqueKey = str | Sequence[str]
"""A column or an expression, or several of them."""


class _Unusable(Struct, frozen=True):
    """A key that doesn't stand for one row, among how many such keys and rows."""

    key: Sequence[object]
    problem: str
    row_count: int
    key_count: int
    total: int

    @classmethod
    def of_row(cls, row: Sequence[object]) -> _Unusable:
        *key, problem, row_count, key_count, total = row
        counts = (int(str(count)) for count in (row_count, key_count, total))
        return cls(key, str(problem), *counts)


async def check_keys(
    build: NodeBuild, unique_key: UniqueKey, sql: str, staging: Relation | None = None
) -> None:
    """See that each row of a query has a key, and no two of them the same one.

    All of its rows are asked, not only those that differ from the table: of two rows of one key
    one may be the current version, and then the other becomes it, by turns, for ever. With the
    staging table it is also asked whether a key is to get two versions at once.

    Raises:
        CompilationError: not so; names keys.
    """
    found = await build.connection.query(
        await build.macro("snapshot_unusable_keys", unique_key, sql, staging)
    )
    if not found.rows:
        return
    unusable = [_Unusable.of_row(row) for row in found.rows]
    named = unique_key if isinstance(unique_key, str) else ", ".join(unique_key)
    raise CompilationError(" ".join(_problems(unusable, named)), location=build.node.location)


def _problems(unusable: Sequence[_Unusable], named: str) -> list[str]:
    """What is the matter, and what to do; each kind of problem once."""
    lacking = [each for each in unusable if each.problem == "lacking"]
    repeated = [each for each in unusable if each.problem == "repeated"]
    added = [each for each in unusable if each.problem == "added"]
    said = []
    if repeated:
        said.append(
            f"the unique_key ({named}) isn't unique in the query's rows: {_listed(repeated)}. "
            "Which of them is the current one can't be told. Make the query give each key once, "
            "or add columns to unique_key."
        )
    if lacking:
        total, is_list = lacking[0].total, len(lacking[0].key) > 1
        said.append(
            f"the unique_key ({named}) is NULL in {_counted(total, 'row')} of the query"
            f"{f': {_listed(lacking)}' if is_list else ''}. Such a row can't be found again, and "
            "each run would add it anew. Leave it out, or choose a key that every row has."
        )
    if added and not repeated:
        said.append(
            f"the unique_key ({named}) has several current rows in the table, from earlier on: "
            f"{_listed(added)} would be added. End all of a key's rows but one (dbt_valid_to), and "
            "run again."
        )
    return said


def _listed(unusable: Sequence[_Unusable]) -> str:
    """A few keys, with their rows, and how many more there are."""
    shown = ", ".join(
        f"{_shown(each.key)} ({_counted(each.row_count, 'row')})" for each in unusable
    )
    more = unusable[0].key_count - len(unusable)
    return f"{shown} and {_counted(more, 'more key')}" if more else shown


def _shown(key: Sequence[object]) -> str:
    return " | ".join("NULL" if part is None else str(part) for part in key)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
