"""Generic tests of before dbt 0.20: their query gave a number, that of the failures.

Since then the rows are counted, so that such a query would always have found one. Only a macro
called `test_…` can be one of those; a `{% test %}` block has always been about rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..manifest.nodes.node import Node
from ..manifest.nodes.test_nodes import GenericTest

_TOKEN = re.compile(
    r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[A-Za-z_]\w*|[(),]", re.DOTALL
)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_NUMBER = re.compile(r"\s*select\s+[-+]?\d+(\s+(as\s+)?\w+)?\s*", re.IGNORECASE)
"""What a macro says that has counted by itself: `select 0 as success`."""
_AGGREGATES = frozenset("count sum min max avg".split())
_MANY_ROWS = frozenset("union intersect except group having over".split())


def gives_a_number(node: Node, sql: str) -> bool:
    """Whether a test's query is one of old: an aggregate without groups, or a number alone."""
    is_of_old = isinstance(node, GenericTest) and node.is_of_macro
    return is_of_old and node.config.fail_calc == "count(*)" and _is_one_number(sql)


def _is_one_number(sql: str) -> bool:
    if _NUMBER.fullmatch(_COMMENT.sub(" ", sql)):
        return True
    tokens = list(_tokens(sql))
    outer = [position for position, (word, depth) in enumerate(tokens) if (word, depth) == _SELECT]
    if not outer:
        return False
    last = tokens[outer[-1] + 1 :]
    end = next((at for at, (word, depth) in enumerate(last) if (word, depth) == _FROM), len(last))
    listed = last[:end]
    words = {word for word, _ in listed}
    return (
        not any(word in _MANY_ROWS for word, depth in tokens[outer[0] :] if depth == 0)
        and (",", 0) not in listed
        and "select" not in words
        and bool(words & _AGGREGATES)
    )


_SELECT, _FROM = ("select", 0), ("from", 0)


def _tokens(sql: str) -> Iterator[tuple[str, int]]:
    """The words, brackets and commas of a query, with how many brackets they stand in."""
    depth = 0
    for match in _TOKEN.finditer(sql):
        text = match[0].lower()
        depth -= text == ")"
        if text[0] not in "-/'\"":
            yield text, depth
        depth += text == "("
