"""`{% snapshot … %}` blocks: a file of them, taken apart."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from ...core.errors import Location, ParseError
from .blocks import Block, find_blocks

SNAPSHOT_WORDS = frozenset({"snapshot"})
_NAME = re.compile(r"[A-Za-z_]\w*\Z")


class SnapshotBlock(Struct, frozen=True):
    """One block: its name, what stands between its tags, and the line where that begins."""

    name: str
    code: str
    line: int

    @property
    def placed_code(self) -> str:
        """The code behind as many empty lines as are before it in its file: lines count alike."""
        return "\n" * (self.line - 1) + self.code


def snapshot_blocks(source: str, path: str) -> Iterator[SnapshotBlock]:
    """The snapshots of a file, in their order. What stands between them counts for nothing.

    Raises:
        ParseError: a block isn't closed, has no name, or stands inside of another one.
    """
    for block in find_blocks(source, SNAPSHOT_WORDS):
        if block.opening is None:
            continue  # an end too many, which is warned of
        _check(block, path)
        assert block.opening is not None  # checked
        name = block.opening.rest.strip()
        yield SnapshotBlock(name, block.content, block.line_of(block.opening.end))


def _check(block: Block, path: str) -> None:
    opening, closing, nested = block.opening, block.closing, block.nested

    def at(position: int) -> Location:
        return Location(path, block.line_of(position))

    assert opening is not None, "an end alone is no block"
    name = opening.rest.strip()
    if block.around:
        raise ParseError(
            f"a snapshot can't stand inside of {{% {block.around[-1]} %}}: put it around the "
            "block's own lines, or use the configuration 'enabled'.",
            location=at(opening.start),
        )
    if not _NAME.match(name):
        raise ParseError(
            "a snapshot's block begins with its name: {% snapshot orders_snapshot %}.",
            location=at(opening.start),
        )
    if nested is not None:
        raise ParseError(
            f"a snapshot begins here inside of '{name}', which isn't "
            "closed yet: {% endsnapshot %} is missing before it.",
            location=at(nested.start),
        )
    if closing is None:
        raise ParseError(
            f"the snapshot '{name}' is never closed: {{% endsnapshot %}} is missing.",
            location=at(opening.start),
        )
