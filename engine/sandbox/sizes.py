"""How long a value's text would be, without making it."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from jinja2.utils import Namespace

from .budget import MAX_TEXT, require_items, require_text

_CONTAINERS = (list, tuple, dict, set, frozenset)
_WRITTEN_OUT: tuple[type, ...] = (
    *_CONTAINERS,
    *(type({}.keys()), type({}.values()), type({}.items()), MappingProxyType, Namespace),
)
"""Types whose texts are those of all that they hold."""


def require_printable(*values: Any) -> None:
    """Whether values may be turned into text.

    A list that holds the same list many times over, level by level, is small, and its text is not.

    Raises:
        TemplateLimitError: the text would be too long.
    """
    for value in values:
        if isinstance(value, _WRITTEN_OUT):
            length = text_length(value)
            if length > _SHORT:
                require_text(length)


def require_room(value: Any) -> None:
    """Count a text or a collection that was made.

    Raises:
        TemplateLimitError: with all that the template has made and kept, it is too much.
    """
    kind = type(value)
    if kind is str or kind is bytes:
        if len(value) > _SHORT:
            require_text(len(value))
    elif kind in _CONTAINERS and len(value) > _SHORT:
        require_items(len(value))


def text_length(value: Any) -> int:
    """About how many characters the text of a value has; at most just above the limit."""
    return _length(value, {}, 0)


def _length(value: Any, known: dict[int, int], depth: int) -> int:
    if isinstance(value, str | bytes | bytearray):
        return len(value) + (2 if depth else 0)  # the quotes, within something else
    if not isinstance(value, _WRITTEN_OUT):
        return 1
    found = known.get(id(value))
    if found is not None:
        return found
    if depth > _DEPTH:
        return 1  # Python's own str() gives up on it
    known[id(value)] = 1  # a list within itself is written as [...]
    if isinstance(value, Namespace):
        value = object.__getattribute__(value, "_Namespace__attrs")
    elif isinstance(value, MappingProxyType):
        value = dict(value)
    if isinstance(value, dict):
        length = sum(
            _length(key, known, depth + 1) + _length(item, known, depth + 1)
            for key, item in dict.items(
                value
            )  # as it is: a mapping of its own copies what it gives
        )
    else:
        length = sum(_length(item, known, depth + 1) for item in value)
    length = min(length + 2 + 2 * len(value), MAX_TEXT + 1)
    known[id(value)] = length
    return length


_DEPTH = 200
_SHORT = 1024
