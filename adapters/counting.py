"""How many rows a statement should change, asked before it does.

A DELETE without USING says what goes in the same words in which a SELECT counts it; the query of
an INSERT can be counted by itself. The forms are those of the built-in macros. Of another form,
which a project's own macro may have, nothing is known.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from .base import Response
from .errors import DatabaseError
from .relation import Relation

_COMMENTS = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*", re.DOTALL)
_DELETE = re.compile(r"delete\s+from\s+(?P<rest>.+)", re.IGNORECASE | re.DOTALL)
_INSERT = re.compile(
    r"insert\s+into\s+.+?\)\s*(?P<query>(?:select|with)\b.+)", re.IGNORECASE | re.DOTALL
)
_UPDATE = re.compile(
    r"update\s+(?P<target>.+?\sas\s+(?P<alias>\w+))\s+set\s.+?\sfrom\s+(?P<source>.+?)"
    r"\s+where\s+(?P<condition>.+)",
    re.IGNORECASE | re.DOTALL,
)
_MERGE = re.compile(r"merge\s+into\s.+?\susing\s+(?P<source>.+?)\s+on\s", re.IGNORECASE | re.DOTALL)
_UPDATES_MATCHES = re.compile(r"\bwhen\s+matched\s+then\s+update\b|\bon\s+\(false\)", re.IGNORECASE)
_UNKNOWN = re.compile(r"\busing\b|\breturning\b|\bon\s+conflict\b", re.IGNORECASE)
_VERB = re.compile(r"(?P<verb>delete\s+from|update|merge\s+into)\s+", re.IGNORECASE)


class Change(Struct, frozen=True):
    """A statement that changes rows of a table.

    Attributes:
        sql: the statement, which leaves out tables that inherit from it.
        counting: the query that counts what it should change; empty where nobody can tell.
        is_least: whether it may change more rows than that.
        reads: whether it looks for rows of the table, which row security might hide from it.
        what: what it is, for a message.
    """

    sql: str
    counting: str = ""
    is_least: bool = False
    reads: bool = False
    what: str = ""

    def check(
        self, relation: Relation, wanted: int, response: Response, causes: Sequence[str]
    ) -> None:
        """Hold what the statement has changed against what it should.

        Raises:
            DatabaseError: it has changed fewer rows, or others.
        """
        changed = response.rows_affected or 0
        if changed < wanted or (changed != wanted and not self.is_least):
            raise kept(relation, f"{self.what} changed {changed} rows, and not {wanted}", causes)


def change_of(statement: str, row: Sequence[str], *, only: bool = False) -> Change:
    """What a statement should do. `row` are the hidden columns that tell a row from all others.

    With `only` tables inherit from the one that it is about.
    """
    start = _COMMENTS.match(statement)
    sql = statement[start.end() if start else 0 :]
    if only:
        sql = _VERB.sub(lambda verb: f"{verb['verb']} only ", sql, count=1)
    if found := _DELETE.fullmatch(sql):
        rest = "" if _UNKNOWN.search(sql) else f"select count(*) from {found['rest']}"
        return Change(sql, rest, reads=True, what="DELETE")
    if found := _MERGE.match(sql):
        knows = _UPDATES_MATCHES.search(sql) is not None
        counting = f"select count(*) from {found['source']}" if knows else ""
        return Change(sql, counting, is_least=True, reads=True, what="MERGE")
    if found := _UPDATE.fullmatch(sql):
        identity = ", ".join(f"{found['alias']}.{column}" for column in row)
        # A row that several others match is changed once.
        counting = (
            f"select count(*) from (select distinct {identity} from {found['target']}, "
            f"{found['source']} where {found['condition']}) as changing"
        )
        return Change(sql, counting, reads=True, what="UPDATE")
    if (found := _INSERT.fullmatch(sql)) and not _UNKNOWN.search(sql):
        return Change(sql, f"select count(*) from ({found['query']}) as arriving", what="INSERT")
    return Change(sql)


def kept(relation: Relation, what: str, causes: Sequence[str]) -> DatabaseError:
    """An error that says what happened to the rows, and what may be the cause."""
    cause = f", because of {', '.join(causes)}" if causes else ""
    return DatabaseError(
        f"{relation.display_name} can't be given its rows: {what}{cause}. Nothing was "
        "changed. Drop or disable what keeps rows from going and coming, and run again."
    )
