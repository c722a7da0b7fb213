"""Which line of a model a database's complaint is about.

A database knows the compiled SQL only, and SQLite doesn't even say a line of that. Where a line
of the SQL is named and stands in the model as well, that is it. Else most complaints quote the
word that they are about, and a word that stands on one line of the model points to it.
"""

from __future__ import annotations

import re

from ..core.errors import Location
from ..manifest.nodes.node import Node

_REMARKS = re.compile(r"^(?:LINE \d+|DETAIL|HINT|QUERY|CONTEXT): ", re.MULTILINE)
"""What follows the complaint itself: a hint names words that are right."""

_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}")
_QUOTED = re.compile(r"\"([^\"]+)\"|'([^']+)'|no such \w+: (\S+)")


def blamed_location(message: str, node: Node, sql_line: str | None = None) -> Location:
    """The place in a node's file that an error message speaks of; the file where none is.

    `sql_line` is the line of the SQL that the database names, where it does.
    """
    if node.is_embedded:
        return node.location
    lines = node.raw_code.splitlines()
    wanted = (sql_line or "").strip()
    for can_be in (str.__eq__, _renders_to):
        same = [n for n, line in enumerate(lines, 1) if wanted and can_be(line.strip(), wanted)]
        if len(same) == 1:
            return Location(node.original_file_path, same[0])
    for match in _QUOTED.finditer(_REMARKS.split(message, maxsplit=1)[0]):
        quoted = next(group for group in match.groups() if group is not None)
        word = quoted.rpartition(".")[2]
        pattern = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
        found = [number for number, line in enumerate(lines, 1) if pattern.search(line)]
        if len(found) == 1:
            return Location(node.original_file_path, found[0])
    return node.location


def _renders_to(line: str, wanted: str) -> bool:
    """Whether a line with expressions in it can have become a line of the SQL."""
    pieces = _JINJA.split(line)
    pattern = ".*".join(re.escape(piece) for piece in pieces)
    return re.search(r"\w", "".join(pieces)) is not None and bool(re.fullmatch(pattern, wanted))
