"""A select as a part of another statement, and common table expressions in front of it."""

from __future__ import annotations

import re
from collections.abc import Sequence

_SKIPPED = re.compile(r"(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*", re.DOTALL)
_WITH = re.compile(r"with\b(?:\s+recursive\b)?\s*", re.IGNORECASE)


def inject_ctes(sql: str, ctes: Sequence[tuple[str, str]]) -> str:
    """A select with (name, SQL) pairs as its first common table expressions.

    They come before the select's own ones, in the order given, and under its own `with` where
    it has one. The whitespace is as dbt has it, so that compiled SQL can be compared.
    """
    if not ctes:
        return sql
    definitions = ", ".join(f" {name} as (\n{body}\n)" for name, body in ctes)
    own = _WITH.match(sql, _end_of(_SKIPPED, sql, 0))
    if own is None:
        start = len(sql) - len(sql.lstrip())
        return f"{sql[:start]}with{definitions} {sql[start:]}"
    return f"{sql[: own.end()]}{definitions}, {sql[own.end() :]}"


_TRAILING = re.compile(r"\s*(?:(?:--[^\n'\"`$]*(?:\n|\Z)|/\*[^'\"`$]*?\*/)\s*)*")
"""Comments. One with a quotation mark may be the end of a text, in which a semicolon is one."""


def without_last_semicolon(sql: str) -> str:
    """A select without the semicolon that ends it, if one does; comments behind it stay."""
    end = sql.rfind(";")
    while end >= 0 and _TRAILING.fullmatch(sql, end + 1):
        sql = sql[:end] + sql[end + 1 :]
        end = sql.rfind(";", 0, end)
    return sql


def _end_of(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position
