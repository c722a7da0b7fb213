"""What templates hand to us: plain values of our own, and texts, of a bounded size.

A list that holds the same list twice, level by level, is small until somebody writes it out or
copies it. So what goes into a configuration, a message or a statement is measured first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .budget import MAX_TEXT, TemplateLimitError, too_long
from .sizes import text_length

MAX_VALUES = 100_000
"""Values of one configuration, or another thing that we keep, with those in lists and mappings."""

MAX_KEPT_TEXT = 16 * 1024 * 1024
"""Characters of all texts in it."""

MAX_LEVELS = 100
"""Lists and mappings in each other."""


def printed(value: object) -> str:
    """A template's value as a text, for a statement or a message.

    Raises:
        TemplateLimitError: the text would be too long.
    """
    if isinstance(value, str):
        return str(value)
    size = text_length(value)
    if size > MAX_TEXT:
        raise too_long(size)
    return str(value)


def received(value: Any, what: str) -> Any:
    """A template's value as one of our own: what the template does with its own changes nothing.

    `what` is what messages call it.

    Raises:
        TemplateLimitError: it is too much.
    """
    return _Copy(what).of(value, 0)


class _Copy:
    """Copies one value, and counts what it is made of."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._values = 0
        self._text = 0

    def of(self, value: Any, level: int) -> Any:
        self._values += 1
        if self._values > MAX_VALUES:
            raise self._too_much(f"more than {MAX_VALUES:,} values, which is the limit")
        if isinstance(value, str | bytes):
            self._text += len(value)
            if self._text > MAX_KEPT_TEXT:
                raise self._too_much(f"more than {MAX_KEPT_TEXT:,} characters, which is the limit")
            return value
        if isinstance(value, dict):
            inner = self._deeper(level)
            return {self.of(key, inner): self.of(item, inner) for key, item in value.items()}
        make = _MAKERS.get(type(value))
        if make is None:
            return value
        inner = self._deeper(level)
        return make([self.of(item, inner) for item in value])

    def _deeper(self, level: int) -> int:
        if level >= MAX_LEVELS:
            raise self._too_much(
                f"lists or mappings in each other, more than {MAX_LEVELS} levels of them, "
                "which is the limit"
            )
        return level + 1

    def _too_much(self, problem: str) -> TemplateLimitError:
        return TemplateLimitError(
            f"{self._what} holds {problem}. Check whether it holds itself, or the same list many "
            "times over."
        )


_MAKERS: dict[type, Callable[[list[Any]], Any]] = {
    list: list,
    tuple: tuple,
    set: set,
    frozenset: frozenset,
}
