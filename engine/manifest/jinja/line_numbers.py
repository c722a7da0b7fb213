"""On which line of a template something is named: for messages, where nobody has noted it."""

from __future__ import annotations

import re


def line_configuring(source: str, key: str) -> int | None:
    """The first line that sets a configuration, in a call of `config` or a mapping."""
    name = re.escape(key)
    return _first_line(source, rf"\b{name}\s*=|['\"]{name}['\"]\s*:")


def line_quoting(source: str, name: str) -> int | None:
    """The first line that has a name in quotes."""
    return _first_line(source, rf"(['\"]){re.escape(name)}\1")


def line_with_word(source: str, word: str) -> int | None:
    """The first line that has a word."""
    return _first_line(source, rf"\b{re.escape(word)}\b")


def _first_line(source: str, pattern: str) -> int | None:
    found = re.search(pattern, source)
    return None if found is None else source.count("\n", 0, found.start()) + 1
