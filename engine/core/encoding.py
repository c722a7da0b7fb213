"""JSON of any value that a run brings along."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import msgspec

from .checkpoints import checkpoint
from .plain_text import Scrub, cut


def encode(document: object) -> bytes:
    """The document as JSON in UTF-8. What JSON has no form for goes in as its `str()`.

    A lone surrogate (half of a character, from a file name or a broken driver) has no UTF-8
    either, and goes in as its escape.
    """
    try:
        return _encoder.encode(document)
    except UnicodeEncodeError:
        return _encoder.encode(mapped(document, _without_surrogates))


def scrubbed(text: str, scrub: Scrub | None, limit: int) -> str:
    """The text without secrets, and then, not before, cut."""
    return cut(scrub(text) if scrub else text, limit)


def utc_text(moment: datetime) -> str:
    """`2026-11-23T02:10:37.113047Z`, as dbt's artifacts have it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def mapped(value: object, change: Callable[[str], str]) -> object:
    """A copy of nested mappings and lists with every text changed, keys included.

    What is neither text nor number becomes its `str()`, changed as well.
    """
    if isinstance(value, str):
        return change(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        checkpoint()
        return {mapped(key, change): mapped(each, change) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [mapped(each, change) for each in value]
    return change(str(value))


def _without_surrogates(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


_encoder = msgspec.json.Encoder(enc_hook=lambda value: _without_surrogates(str(value)))
