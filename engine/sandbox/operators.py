"""The operators of a template that could make much out of little, with their limits."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from .access import checked
from .budget import MAX_DIGITS, TemplateLimitError, require_items, require_text
from .sizes import require_printable, require_room, text_length

_MAX_BITS = int(MAX_DIGITS * 3.33)
_SHORT = 1024
_NAMED = re.compile(r"%\(([^)]*)\)")
_WIDTH = re.compile(r"%(?:\([^)]*\))?[#0\- +]*(\*|\d+)?(?:\.(\*|\d+))?")

_TEXTS = (str, bytes, bytearray)
_LISTS = (list, tuple)


def add(left: Any, right: Any) -> Any:
    """`left + right`."""
    if type(left) is int or type(left) is float:
        return left + right
    if isinstance(left, _TEXTS) and isinstance(right, _TEXTS):
        require_text(len(left) + len(right))
    elif isinstance(left, _LISTS) and isinstance(right, _LISTS):
        require_items(len(left) + len(right))
    return operator.add(left, right)


def multiply(left: Any, right: Any) -> Any:
    """`left * right`."""
    for value, times in ((left, right), (right, left)):
        if isinstance(times, int) and isinstance(value, _TEXTS):
            require_text(len(value) * max(times, 0))
        elif isinstance(times, int) and isinstance(value, _LISTS):
            require_items(len(value) * max(times, 0))
    if isinstance(left, int) and isinstance(right, int):
        _require_bits(left.bit_length() + right.bit_length())
    return operator.mul(left, right)


def power(left: Any, right: Any) -> Any:
    """`left ** right`."""
    if isinstance(left, int) and isinstance(right, int) and right > 0 and abs(left) > 1:
        _require_bits(left.bit_length() * right)
    return operator.pow(left, right)


def modulo(left: Any, right: Any) -> Any:
    """`left % right`: the rest of a division, or a text with its places filled."""
    if isinstance(left, _TEXTS):
        require_fillable(left, right)
    return operator.mod(left, right)


def cut(value: Any, start: Any, stop: Any, step: Any) -> Any:
    """`value[start:stop:step]`: no more than there is, but a copy of it."""
    found = value[start:stop:step]
    require_room(found)
    return found


def require_fillable(pattern: str | bytes | bytearray, values: Any) -> None:
    """Whether a %-pattern may be filled with values.

    Raises:
        TemplateLimitError: its widths, or the values, are too long.
    """
    text = pattern if isinstance(pattern, str) else pattern.decode("latin-1")
    require_printable(values)
    widths = 0
    starred = False
    for width, precision in _WIDTH.findall(text):
        starred = starred or "*" in (width, precision)
        widths += sum(int(number[:12]) for number in (width, precision) if number.isdigit())
    if starred:
        given = values if isinstance(values, tuple) else (values,)
        widths += sum(abs(value) for value in given if isinstance(value, int))
    filling = list(values) if isinstance(values, tuple) else [values]
    if len(filling) == 1 and isinstance(filling[0], Mapping):
        filling += [filling[0][name] for name in _NAMED.findall(text) if name in filling[0]]
    lengths = max(map(_written_length, filling), default=0)
    require_text(len(text) + widths + lengths * text.count("%"))


def _written_length(value: Any) -> int:
    """How many characters a value takes where it is filled in, or more."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, int | float | None):
        return 0
    length = text_length(value)
    return length if length > 1 else len(str(value))


def join_text(parts: Iterable[Any]) -> str:
    """`a ~ b ~ c`."""
    texts = [part if type(part) is str else text_of(part) for part in parts]
    return concatenate(texts)


def concatenate(parts: Iterable[str]) -> str:
    """The parts of a block, a macro or a template, as one text."""
    texts = parts if isinstance(parts, list | tuple) else list(parts)
    if len(texts) > 1:
        size = sum(map(len, texts))
        if size > _SHORT:
            require_text(size)
    return "".join(texts)


def text_of(value: Any) -> str:
    """A value as it is written into the template's text."""
    if type(value) is str:
        return value
    require_printable(checked(value))
    return str(value)


def _require_bits(bits: int) -> None:
    if bits > _MAX_BITS:
        raise TemplateLimitError(
            f"the template makes a number of more than {MAX_DIGITS:,} digits, which is the limit."
        )


OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = MappingProxyType(
    {"+": add, "*": multiply, "**": power, "%": modulo}
)
"""The operators that are watched, by how they are written."""
