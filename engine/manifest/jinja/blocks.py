"""The block tags of a file, found in its text: `{% macro … %}…{% endmacro %}` and their like.

For what stands at the top of a file and may hold anything: macros, snapshots, docs. Comments and
raw text count for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_START = re.compile(r"\{[%#]")
# Up to 3.11.4 Python gets possessive groups of alternatives wrong
# (https://github.com/python/cpython/issues/106052). This needs none: no two of these begin alike.
_TAG = re.compile(
    r"\{%[-+]?\s*(?P<word>\w+)"
    r"(?P<rest>(?:'[^'\\]*+(?:\\.[^'\\]*+)*'|\"[^\"\\]*+(?:\\.[^\"\\]*+)*\"|[^%'\"]++|%(?!\}))*)%\}",
    re.DOTALL,
)
_RAW_END = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")
_AROUND = frozenset({"if", "for"})
_END = "end"


class Tag(Struct, frozen=True):
    """One `{% word rest %}`, and where it stands in its text."""

    word: str
    rest: str
    start: int
    end: int


class Block(Struct, frozen=True):
    """What stands from a tag to the one that ends it.

    `opening` is None of an end that nothing begins, `closing` of a beginning that nothing ends.
    `around` are the conditions and loops that it stands in, outermost first. `nested` is the
    first tag inside that begins another block of the kind.
    """

    source: str
    opening: Tag | None
    closing: Tag | None
    around: tuple[str, ...] = ()
    nested: Tag | None = None

    @property
    def text(self) -> str:
        """The block with its tags."""
        start = self.opening.start if self.opening else 0
        return self.source[start : self.closing.end if self.closing else None]

    @property
    def content(self) -> str:
        """What stands between its tags."""
        start = self.opening.end if self.opening else 0
        return self.source[start : self.closing.start if self.closing else None]

    def line_of(self, position: int) -> int:
        """The line that a position of the source is on, from 1."""
        return self.source.count("\n", 0, position) + 1


def find_blocks(source: str, words: frozenset[str]) -> Iterator[Block]:
    """The outermost blocks of a file that begin with one of some words, in their order."""
    opening: Tag | None = None
    nested: Tag | None = None
    depth = 0
    around: list[str] = []
    for tag in find_tags(source):
        if opening is None:
            if tag.word in words:
                opening, nested, depth = tag, None, 1
            elif tag.word in _AROUND:
                around.append(tag.word)
            elif around and tag.word == _END + around[-1]:
                around.pop()
            elif tag.word.startswith(_END) and tag.word.removeprefix(_END) in words:
                yield Block(source, None, tag)
        elif tag.word == opening.word:
            nested, depth = nested or tag, depth + 1
        elif tag.word == _END + opening.word:
            depth -= 1
            if depth == 0:
                yield Block(source, opening, tag, tuple(around), nested)
                opening = None
    if opening is not None:
        yield Block(source, opening, None, tuple(around), nested)


def blocks_alone(source: str, words: frozenset[str]) -> str:
    """A file's blocks, each where it was, and empty lines in the place of what is beside them.

    The whole file where a block isn't whole, or where it depends on a condition around it.
    """
    parts: list[str] = []
    position = 0
    for block in find_blocks(source, words):
        if block.opening is None:
            continue
        if block.closing is None or block.around:
            return source
        parts += ["\n" * source.count("\n", position, block.opening.start), block.text]
        position = block.closing.end
    return "".join(parts) + "\n" * source.count("\n", position)


def tags_beside(source: str, words: frozenset[str]) -> Iterator[tuple[str, int]]:
    """The tags that stand beside a file's blocks, each with its line."""
    within: str | None = None
    for tag in find_tags(source):
        if within is not None:
            within = None if tag.word == _END + within else within
        elif tag.word in words:
            within = tag.word
        else:
            yield tag.word, source.count("\n", 0, tag.start) + 1


def find_tags(source: str) -> Iterator[Tag]:
    """The tags of a text, but for those in comments and in raw text."""
    position, last, last_comment = 0, source.rfind("%}"), source.rfind("#}")
    while (start := _START.search(source, position)) is not None and start.start() < last:
        position = start.end()
        if start[0] == "{#":
            # One that never ends is for Jinja to refuse; in Markdown it may be none.
            if position <= last_comment:
                position = source.index("#}", position) + 2
            continue
        found = _TAG.match(source, start.start())
        if found is None:
            continue
        position = found.end()
        if found["word"] != "raw":
            rest = found["rest"]
            rest = rest[:-1] if rest.endswith(("-", "+")) else rest
            yield Tag(found["word"], rest, found.start(), position)
        elif (end_of_raw := _RAW_END.search(source, position)) is not None:
            position = end_of_raw.end()
        else:
            return


def without_comments(source: str) -> str:
    """A text whose comments are so many empty lines."""
    if "{#" not in source:
        return source
    return _COMMENT.sub(lambda found: "\n" * found.group().count("\n"), source)
