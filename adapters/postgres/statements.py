"""As much of PostgreSQL's syntax as it takes to know where a statement ends."""

from __future__ import annotations

import re

# https://www.postgresql.org/docs/current/sql-syntax-lexical.html
_TOKEN = re.compile(
    r"""
      --[^\n]*
    | /\*
    | [eE]'(?:[^'\\]|''|\\.)*'
    | '(?:[^']|'')*'
    | "(?:[^"]|"")*"
    | \$(?P<tag>[A-Za-z_\x80-\uffff]?[\w\x80-\uffff]*)\$
    | (?P<end>;)
    | \w+ | \s+ | .
    """,
    re.VERBOSE | re.DOTALL,
)
_ALTERING = re.compile(
    r"\b(?:set|set_config|temp|temporary|pg_temp\w*|prepare|declare|listen|load|lock|pg_\w*advisory\w*)\b",
    re.IGNORECASE,
)


def split_last(sql: str) -> tuple[str, str]:
    """What stands before the last statement, and that statement without its semicolon."""
    stripped = sql.strip()
    if ";" not in stripped.rstrip(";"):
        return "", stripped.rstrip(";") if stripped.endswith(";") else sql
    statements = split(sql)
    if not statements:
        return "", sql
    return ";\n".join(statements[:-1]), statements[-1]


def split(sql: str) -> list[str]:
    """The statements of a script, without their semicolons and without empty ones."""
    statements: list[str] = []
    start = place = 0
    has_content = False
    while place < len(sql):
        token = _TOKEN.match(sql, place)
        assert token is not None  # the last alternative takes any character
        text = token.group()
        if text == "/*":
            place = _end_of_comment(sql, place)
            continue
        if token.lastgroup == "end":
            if has_content:
                statements.append(sql[start:place].strip())
            start, has_content = token.end(), False
        elif text.startswith("$") and len(text) > 1:
            has_content = True
            closing = sql.find(text, token.end())
            place = len(sql) if closing < 0 else closing + len(text)
            continue
        elif not (text.isspace() or text.startswith("--")):
            has_content = True
        place = token.end()
    if has_content:
        statements.append(sql[start:].strip())
    return statements


def alters_session(sql: str) -> bool:
    """Whether SQL may leave something behind in its session. It may say so of more than does."""
    return _ALTERING.search(sql) is not None


def _end_of_comment(sql: str, start: int) -> int:
    """Where a comment ends that may hold others."""
    depth = 0
    for mark in re.finditer(r"/\*|\*/", sql[start:]):
        depth += 1 if mark.group() == "/*" else -1
        if depth == 0:
            return start + mark.end()
    return len(sql)
