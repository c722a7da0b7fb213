"""What patterns aren't written with, since the oldest Pythons that we run on read it wrongly."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from .test_house import HOME, MODULES

POSSESSIVE_GROUP = re.compile(r"(?<!\\)\)(?:[*+?]|\{\d*,?\d*\})\+")


def texts(source: str) -> Iterator[tuple[int, str]]:
    """Each string of a module, one in pieces with a group in place of what is put in."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
        elif isinstance(node, ast.JoinedStr):
            pieces = (
                each.value if isinstance(each, ast.Constant) else "()" for each in node.values
            )
            yield node.lineno, "".join(map(str, pieces))


def test_groups_are_atomic_where_they_give_nothing_back() -> None:
    # Up to 3.11.4 possessive ones match too little: github.com/python/cpython/issues/106052.
    found = [
        f"{path.relative_to(HOME)}:{line}: {text}"
        for path in MODULES
        for line, text in texts(path.read_text("utf-8"))
        if POSSESSIVE_GROUP.search(text)
    ]

    assert found == []


@pytest.mark.parametrize(
    "source", ['r"(?:a|b)*+"', 'rf"{GAP}++x"', 'r"(a)?+"', 'r"(?:a|b){2,}+"', 'rf"(?:{GAP}|;)*+"']
)
def test_possessive_groups_are_seen(source: str) -> None:
    assert any(POSSESSIVE_GROUP.search(text) for _, text in texts(source))
