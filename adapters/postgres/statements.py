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
# Words without which neither this pattern nor `_MAYBE_SETTING` finds anything. To look for a
# pattern at every place of a long statement takes far longer than to look for each of these.
_SESSION_WORDS = ("set", "temp", "prepare", "declare", "listen", "load", "lock")
_ALTERING_FUNCTION = re.compile(
    r"\b(?:set_config|temp|temporary|pg_temp\w*|pg_\w*advisory\w*)\b"
    # A text that is a statement, which some function may run.
    r"|['$]\s*(?:set|prepare|declare|listen|load|lock)\s",
    re.IGNORECASE,
)

# White space and comments, atomic: up to 3.11.4 Python gets possessive groups wrong
# (https://github.com/python/cpython/issues/106052).
_GAP = r"(?:\s|--[^\n]*+(?:\n|\Z)|/\*.*?\*/)"
_GAPS = rf"(?>{_GAP}*)"
_BETWEEN = rf"(?>{_GAP}+)"
_COMMIT = re.compile(
    rf"{_GAPS}(?:commit|end)(?>(?:{_BETWEEN}(?:work|transaction))?){_GAPS}",
    re.IGNORECASE | re.DOTALL,
)
_END = re.compile(rf"{_GAPS}end\b", re.IGNORECASE | re.DOTALL)
_BODY = re.compile(rf"\bbegin{_BETWEEN}atomic\b", re.IGNORECASE | re.DOTALL)
_MAYBE_COMMIT = re.compile(rf"(?:\A|;){_GAPS}(?:commit|end)\b", re.IGNORECASE | re.DOTALL)
_BEGIN = re.compile(
    rf"(?>(?:{_GAP}|;)*)(?:begin|start{_BETWEEN}transaction)\b", re.IGNORECASE | re.DOTALL
)
_SETTING = re.compile(rf"{_GAPS}(?:set|reset|discard|load)\b", re.IGNORECASE | re.DOTALL)
_MAYBE_SETTING = re.compile(
    rf"(?:\A|;){_GAPS}(?:set|reset|load|listen|prepare)\b|\bset_config\b",
    re.IGNORECASE | re.DOTALL,
)
_PASSING = re.compile(
    rf"{_GAPS}(?:set|reset|discard|load|begin|start|rollback|abort)\b"
    rf"|{_GAPS}(?:create{_BETWEEN}temp(?:orary)?\b|drop{_BETWEEN}view{_BETWEEN}\"headrace_tmp_columns\")",
    re.IGNORECASE | re.DOTALL,
)
"""What leaves nothing behind when its session has ended."""
_DATA_STATEMENT = re.compile(
    rf"{_GAPS}(?:select|with|insert|update|delete|merge"
    rf"|create{_BETWEEN}(?:or{_BETWEEN}replace{_BETWEEN})?(?:unlogged{_BETWEEN})?"
    rf"(?:materialized{_BETWEEN})?(?:table|view))\b",
    re.IGNORECASE | re.DOTALL,
)
"""What does something to a session by the functions that it calls, or with what is temporary."""
_ROLLBACK = re.compile(r"\b(?:rollback|abort)\b", re.IGNORECASE)

# Words without which a statement changes nothing that lasts, but for what a function does.
_WRITING = re.compile(
    r"\b(?:insert|update|delete|merge|truncate|copy|create|drop|alter|comment|grant|revoke|refresh"
    r"|call|do|into|vacuum|analyze|cluster|reindex|import|security|nextval|setval)\b",
    re.IGNORECASE,
)


def may_write(sql: str, *, is_query: bool) -> bool:
    """Whether SQL may change something that lasts. It may say so of more than does.

    What a function does that a query calls isn't known. SQL whose rows nobody wants is run for
    what it does, whatever it looks like.
    """
    if is_query:
        # A COMMIT stands at the beginning of a statement, and the END of a CASE doesn't.
        return (_WRITING.search(sql) or _MAYBE_COMMIT.search(sql)) is not None
    return not all(map(_PASSING.match, split(sql)))


def sets_session(sql: str) -> bool:
    """Whether all statements are about the session alone."""
    return all(map(_SETTING.match, split(sql)))


def may_set(sql: str) -> bool:
    """Whether SQL may set something that what comes later in the session goes by."""
    return _MAYBE_SETTING.search(sql) is not None


def opens_transaction(sql: str) -> bool:
    """Whether the first statement is a BEGIN."""
    return _BEGIN.match(sql) is not None


def says_rollback(sql: str) -> bool:
    """Whether SQL may ask for a transaction to be rolled back."""
    return _ROLLBACK.search(sql) is not None


def split_at_commits(sql: str) -> list[str]:
    """What stands before each COMMIT, and what stands behind the last: all of it without one."""
    if _MAYBE_COMMIT.search(sql) is None:
        return [sql]
    # END also closes the body of a function, which holds semicolons of its own then.
    has_bodies = _BODY.search(sql) is not None
    parts: list[list[str]] = [[]]
    for statement in split(sql):
        if _COMMIT.fullmatch(statement) and not (has_bodies and _END.match(statement)):
            parts.append([])
        else:
            parts[-1].append(statement)
    if len(parts) == 1:
        return [sql]
    return [";\n".join(part) for part in parts]


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
    if _ALTERING.search(sql) is None:
        return False
    # To make a session new takes two messages: an UPDATE's SET is no reason, nor is a text 'load'.
    is_alone = ";" not in sql.rstrip().removesuffix(";")
    is_of_data = is_alone and _DATA_STATEMENT.match(sql) is not None
    return not is_of_data or _ALTERING_FUNCTION.search(sql) is not None


def names_session(sql: str) -> bool:
    """Whether SQL has a word that `alters_session` or `may_set` looks for: mostly it has none."""
    small = sql.lower()
    # What has "advisory" in its name without one of them takes no lock.
    return any(word in small for word in _SESSION_WORDS)


def _end_of_comment(sql: str, start: int) -> int:
    """Where a comment ends that may hold others."""
    depth = 0
    for mark in re.finditer(r"/\*|\*/", sql[start:]):
        depth += 1 if mark.group() == "/*" else -1
        if depth == 0:
            return start + mark.end()
    return len(sql)
