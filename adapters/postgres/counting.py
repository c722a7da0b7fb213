"""How many rows a statement should change, asked before it does.

A DELETE without USING says what goes in the same words in which a SELECT counts it; the query of
an INSERT can be counted by itself. The forms are those of the built-in macros. Of another form,
which a project's own macro may have, nothing is known.
"""

from __future__ import annotations

import re

from msgspec import Struct

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


def change_of(statement: str, *, only: bool) -> Change:
    """What a statement should do. With `only` tables inherit from the one that it is about."""
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
        # A row that several others match is changed once.
        counting = (
            f"select count(*) from (select distinct {found['alias']}.tableoid, "
            f"{found['alias']}.ctid from {found['target']}, {found['source']} "
            f"where {found['condition']}) as changing"
        )
        return Change(sql, counting, reads=True, what="UPDATE")
    if (found := _INSERT.fullmatch(sql)) and not _UNKNOWN.search(sql):
        return Change(sql, f"select count(*) from ({found['query']}) as arriving", what="INSERT")
    return Change(sql)
