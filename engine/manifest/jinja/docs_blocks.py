"""`{% docs … %}` blocks of Markdown files, and the calls of `doc` that put them in place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from msgspec import Struct

from ...core.errors import Location, ParseError
from .blocks import find_blocks

_WORDS = frozenset({"docs"})
_NAME = re.compile(r"\w+\Z")
_CALL = re.compile(
    r"\{\{-?\s*doc\(\s*(['\"])(?P<first>[^'\"]+)\1\s*"
    r"(?:,\s*(['\"])(?P<second>[^'\"]+)\3\s*)?\)\s*-?\}\}"
)


class DocsBlock(Struct, frozen=True):
    """One block: its name, what stands between its tags, and its line."""

    name: str
    text: str
    line: int


class DocCall(Struct, frozen=True):
    """One `doc('name')`, or `doc('package', 'name')`."""

    first: str
    second: str | None

    @property
    def name(self) -> str:
        """The block's own name."""
        return self.second or self.first


def docs_blocks(source: str, path: str) -> Iterator[DocsBlock]:
    """The docs blocks of a file, in their order.

    Raises:
        ParseError: a block has no end.
    """
    for block in find_blocks(source, _WORDS):
        opening = block.opening
        if opening is None or not _NAME.match(name := opening.rest.strip()):
            continue
        line = block.line_of(opening.start)
        # Docs don't stand in docs: where they seem to, the first has no end.
        if block.closing is None or block.nested is not None:
            raise ParseError(
                f"the docs block '{name}' has no end. Close it with {{% enddocs %}}.",
                location=Location(path, line),
            )
        yield DocsBlock(name, block.content, line)


def doc_calls(text: str) -> list[DocCall]:
    """The calls of `doc` by literals in a description."""
    if "doc(" not in text:
        return []
    return [DocCall(found["first"], found["second"]) for found in _CALL.finditer(text)]


def fill_doc_calls(text: str, fill: Callable[[DocCall], str]) -> str:
    """A description with something in the place of each such call."""
    return _CALL.sub(lambda found: fill(DocCall(found["first"], found["second"])), text)
