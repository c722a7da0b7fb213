"""`{% snapshot … %}` blocks: a file of them, taken apart."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from ...core.errors import Location, ParseError

_TAG = re.compile(r"\{%-?\s*(?P<word>\w+)(?P<rest>(?:[^%]|%(?!\}))*?)-?%\}")
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_RAW = re.compile(r"(\{%-?\s*raw\s*-?%\})(.*?)(\{%-?\s*endraw\s*-?%\})", re.DOTALL)
_AROUND = frozenset({"if", "for"})
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
    shown = _RAW.sub(lambda raw: raw[1] + _blank(raw[2]) + raw[3], source)
    shown = _COMMENT.sub(lambda comment: _blank(comment[0]), shown)
    opening: re.Match[str] | None = None
    around: list[str] = []
    for tag in _TAG.finditer(shown):
        word, location = tag["word"], Location(path, _line(source, tag.start()))
        if opening is None and word in _AROUND:
            around.append(word)
        elif opening is None and around and word == f"end{around[-1]}":
            around.pop()
        elif word == "snapshot":
            if opening is not None:
                raise ParseError(
                    f"a snapshot begins here inside of '{opening['rest'].strip()}', which isn't "
                    "closed yet: {% endsnapshot %} is missing before it.",
                    location=location,
                )
            if around:
                raise ParseError(
                    f"a snapshot can't stand inside of {{% {around[-1]} %}}: put it around the "
                    "block's own lines, or use the configuration 'enabled'.",
                    location=location,
                )
            if not _NAME.match(tag["rest"].strip()):
                raise ParseError(
                    "a snapshot's block begins with its name: {% snapshot orders_snapshot %}.",
                    location=location,
                )
            opening = tag
        elif word == "endsnapshot":
            if opening is None:
                raise ParseError("no snapshot is open to be closed here.", location=location)
            code = source[opening.end() : tag.start()]
            yield SnapshotBlock(opening["rest"].strip(), code, _line(source, opening.end()))
            opening = None
    if opening is not None:
        raise ParseError(
            f"the snapshot '{opening['rest'].strip()}' is never closed: "
            "{% endsnapshot %} is missing.",
            location=Location(path, _line(source, opening.start())),
        )


def _blank(text: str) -> str:
    """As many characters that say nothing, on the same lines."""
    return re.sub(r"[^\n]", " ", text)


def _line(source: str, position: int) -> int:
    return source.count("\n", 0, position) + 1
