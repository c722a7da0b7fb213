"""What can be read off a statement's text. Pure functions, on the statement's first words only."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator

from msgspec import Struct

# White space and comments. What is possessive or atomic costs no backtracking where a text
# doesn't match. Groups are atomic: up to 3.11.4 Python gets possessive ones wrong
# (https://github.com/python/cpython/issues/106052).
_GAP = r"(?:\s++|--[^\n]*+|/\*[^*]*+(?:\*(?!/)[^*]*+)*\*/)"
_GAPS = rf"(?>{_GAP}*)"
_BETWEEN = rf"(?>{_GAP}+)"
_SKIPPED = rf"(?>(?:{_GAP}|;)*)"
_PART = (
    r"""(?:"[^"]*+(?:""[^"]*+)*"(?!")|`[^`]*+(?:``[^`]*+)*`(?!`)|\[[^\]]*+\]"""
    r"""|'[^']*+(?:''[^']*+)*'(?!')|[\w$]++)"""
)
_NAME = rf"{_PART}(?:{_GAPS}\.{_GAPS}{_PART})?"

_BLANK = re.compile(_SKIPPED)
_VERB = re.compile(rf"{_SKIPPED}(?P<verb>[a-z]++)", re.IGNORECASE)
_ENDING = re.compile(
    rf"{_SKIPPED}(?:commit|end|rollback)(?>(?:{_BETWEEN}transaction)?){_SKIPPED}", re.IGNORECASE
)
_CREATE = re.compile(
    rf"{_SKIPPED}create{_BETWEEN}(?>(?:(?P<temporary>temp(?>(?:orary)?)){_BETWEEN})?)"
    rf"(?P<kind>table|view)\b{_GAPS}(?>(?P<exists>if{_BETWEEN}not{_BETWEEN}exists\b{_GAPS})?)"
    rf"(?P<name>{_NAME}){_GAPS}(?P<is_as>as\b)?",
    re.IGNORECASE,
)
_READING_VERBS = frozenset({"select", "values", "explain", "pragma"})
_WRITING_WORD = re.compile(
    r"\b(?:(?P<verb>insert|replace)\b(?!\s*+\()|(?P<other>update|delete)\b)", re.IGNORECASE
)


class Heading(Struct, frozen=True):
    """A statement's first words.

    `verb` is in lower case. The rest is for CREATE TABLE and CREATE VIEW: `created` is the
    name as it stands in the text, quotes and all; `is_filled` says that a table is made of a
    query, and wasn't there before.
    """

    verb: str
    kind: str | None = None
    created: str | None = None
    is_temporary: bool = False
    is_filled: bool = False


def read_heading(sql: str) -> Heading:
    """The first words of one statement."""
    found = _VERB.match(sql)
    verb = found["verb"].lower() if found else ""
    if verb == "create" and (made := _CREATE.match(sql)):
        kind = made["kind"].lower()
        return Heading(
            verb,
            kind=kind,
            created=made["name"],
            is_temporary=bool(made["temporary"]),
            is_filled=kind == "table" and bool(made["is_as"]) and not made["exists"],
        )
    if verb == "with" and (writes := _WRITING_WORD.search(sql)):
        return Heading((writes["verb"] or writes["other"]).lower())
    return Heading("select" if verb == "with" else verb)


def is_reading(sql: str) -> bool:
    """Whether a text surely writes nothing, so that it need not queue with the writers.

    False where one can't be sure: a text that holds a semicolon may be two statements.
    """
    return read_heading(sql).verb in _READING_VERBS and ";" not in sql.rstrip("; \t\r\n")


def is_ending(sql: str) -> bool:
    """Whether a text does nothing but end a transaction."""
    return _ENDING.fullmatch(sql) is not None


def is_blank(sql: str) -> bool:
    """Whether there is nothing but white space, comments and semicolons."""
    return _BLANK.fullmatch(sql) is not None


def split_script(script: str) -> Iterator[str]:
    """The statements of a script, each with its semicolon.

    SQLite's own tokenizer says where one ends, so quotes, comments and the bodies of triggers
    are told apart as the database does.
    """
    start = 0
    end = script.find(";") + 1
    while end:
        if sqlite3.complete_statement(script[start:end]):
            if not is_blank(script[start:end]):
                yield script[start:end]
            start = end
        end = script.find(";", end) + 1
    if not is_blank(script[start:]):
        yield script[start:]


def literal(text: str) -> str:
    """A text as a statement has it."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
