"""A large JSON object, written section by section."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Protocol

from msgspec import Struct

_BATCH = 200
"""How many entries are encoded at a time."""


class Sectioned(Protocol):
    """An object of objects: `head` is its beginning, and the others come entry by entry."""

    @property
    def head(self) -> Mapping[str, Any]: ...

    def sections(self) -> Iterable[tuple[str, Iterable[tuple[str, Any]]]]: ...


class JsonDocument(Struct, frozen=True):
    """A document, and how it is written.

    Attributes:
        document: what is written.
        encode: makes JSON of a value.
        is_clean: whether a text that was written before may be written again.
        origin: a digest of what all but its head is made from; None where that isn't known. Two
            documents of one origin are the same after their head.
    """

    document: Sectioned
    encode: Callable[[object], bytes]
    is_clean: Callable[[bytes], bool]
    origin: bytes | None = None

    def __repr__(self) -> str:
        return f"JsonDocument(origin={self.origin!r})"  # what it holds isn't redacted yet

    @property
    def head(self) -> bytes:
        """The text up to the end of the head."""
        return self.encode(self.document.head)[:-1]

    def tail(self) -> Iterator[bytes]:
        """The text after the head, in pieces."""
        for name, entries in self.document.sections():
            yield b"," + self.encode(name) + b":{"
            left, separator = iter(entries), b""
            while batch := dict(islice(left, _BATCH)):
                yield separator + self.encode(batch)[1:-1]
                separator = b","
            yield b"}"
        yield b"}"
