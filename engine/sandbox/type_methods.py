"""The methods of plain values that could make much out of little, with their limits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from types import BuiltinMethodType, MappingProxyType
from typing import Any

from .budget import require_items, require_text, require_text_of
from .callables import template_call

Check = Callable[..., tuple[Any, ...] | None]
"""Raises if a call would make too much; what it gives takes the place of the arguments."""


def guarded_method(value: Any) -> Callable[..., Any] | None:
    """A method of a plain value with its limit, if it has one that isn't its own."""
    if not isinstance(value, BuiltinMethodType):
        return None
    owner = value.__self__
    if isinstance(owner, list) and value.__name__ == "sort":
        return _sorting(value)
    for kind, checks in _CHECKS.items():
        if isinstance(owner, kind):
            check = checks.get(value.__name__)
            return None if check is None else _checked(value, owner, check)
    return None


def _sorting(method: Callable[..., None]) -> Callable[..., None]:
    """`list.sort`, by what a template may call."""

    @wraps(method)
    def call(*, key: Any = None, reverse: Any = False) -> None:
        method(key=key and template_call(key), reverse=reverse)

    return call


def _checked(method: Callable[..., Any], owner: Any, check: Check) -> Callable[..., Any]:
    @wraps(method)
    def call(*arguments: Any, **named: Any) -> Any:
        changed = check(owner, *arguments, **named)
        return method(*arguments, **named) if changed is None else method(*changed)

    return call


def _width(text: Any, width: int, *fill: Any) -> None:
    require_text(max(len(text), width))


def _tabs(text: Any, tabsize: int = 8) -> None:
    tab = "\t" if isinstance(text, str) else b"\t"
    require_text(len(text) + text.count(tab) * max(tabsize, 0))


def _replace(text: Any, old: Any, new: Any, count: int = -1) -> None:
    found = text.count(old) if count < 0 else min(text.count(old), count)
    require_text(len(text) + found * max(len(new) - len(old), 0))


def _join(separator: Any, parts: Iterable[Any]) -> tuple[Any, ...]:
    parts = list(parts)
    require_text(sum(map(len, parts)) + len(separator) * max(len(parts) - 1, 0))
    return (parts,)


def _translate(text: str, table: Any, *more: Any) -> None:
    if isinstance(table, Mapping):
        longest = max((len(new) for new in table.values() if isinstance(new, str)), default=1)
        require_text(len(text) * max(longest, 1))


def _number_bytes(number: int, length: int = 1, *more: Any, **named: Any) -> None:
    require_text(length)


def _extend(items: list[Any], more: Any) -> None:
    if hasattr(more, "__len__"):
        require_items(len(items) + len(more))


def _expand(match: re.Match[str], template: str) -> None:
    groups = [group for group in (match.group(), *match.groups()) if group is not None]
    require_text(len(template) * max(1, *map(len, groups)))


def _substitute(
    pattern: re.Pattern[str], repl: Any, string: str, count: int = 0
) -> tuple[Any, ...]:
    return limited_replacement(pattern, repl, string), string, count


def limited_replacement(pattern: re.Pattern[str], new: Any, text: str) -> Any:
    """What to put for each thing found, which stops when the text would be too long.

    Raises:
        TemplateLimitError: a text, put for all that is found, makes too long a text.
    """
    if callable(new):
        return _counted(template_call(new))
    if len(new) * (len(text) + 1) > _HARMLESS:
        size = len(text)
        groups = new.count("\\")
        for match in pattern.finditer(text):
            size += len(new) + groups * len(match.group())
            if size > _HARMLESS:
                require_text_of(size)
        require_text(size)
    return new


def _counted(function: Callable[..., Any]) -> Callable[..., Any]:
    size = 0

    def call(match: re.Match[str]) -> Any:
        nonlocal size
        new = function(match)
        size += len(new)
        require_text_of(size)
        return new

    return call


_HARMLESS = 1024 * 1024

_TEXT_CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        "center": _width,
        "ljust": _width,
        "rjust": _width,
        "zfill": _width,
        "expandtabs": _tabs,
        "replace": _replace,
        "join": _join,
        "translate": _translate,
    }
)

_CHECKS: Mapping[type, Mapping[str, Check]] = MappingProxyType(
    {
        str: _TEXT_CHECKS,
        bytes: _TEXT_CHECKS,
        int: {"to_bytes": _number_bytes},
        list: {"extend": _extend},
        re.Pattern: {"sub": _substitute, "subn": _substitute},
        re.Match: {"expand": _expand},
    }
)
