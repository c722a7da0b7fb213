"""`'…'.format(…)` in a template: Jinja's safe one, with a limit to what it makes."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import BuiltinMethodType, MethodType
from typing import Any

from jinja2 import Environment
from jinja2.sandbox import SandboxedEscapeFormatter, SandboxedFormatter
from markupsafe import Markup

from .access import checked
from .budget import require_text, require_text_of
from .sizes import require_printable

_METHODS = (MethodType, BuiltinMethodType)
_NUMBER = re.compile(r"\d+")


class _Limits(SandboxedFormatter):
    def __init__(self, environment: Environment, **more: Any) -> None:
        super().__init__(environment, **more)
        self._length = 0

    def get_value(self, key: Any, args: Any, kwargs: Any) -> Any:
        return checked(super().get_value(key, args, kwargs))

    def format_field(self, value: Any, format_spec: str) -> str:
        require_printable(value)
        width = sum(int(number[:12]) for number in _NUMBER.findall(format_spec))
        require_text_of(self._length + width)
        text: str = super().format_field(value, format_spec)
        self._length += len(text)
        require_text(self._length)
        return text

    def convert_field(self, value: Any, conversion: Any) -> Any:
        require_printable(value)
        return super().convert_field(value, conversion)


class _EscapingLimits(_Limits, SandboxedEscapeFormatter):
    pass


def limited_format(environment: Environment, method: Any) -> Callable[..., str] | None:
    """A text's `format` or `format_map`, which looks into values as a template may; else None."""
    if not isinstance(method, _METHODS):
        return None
    name, text = method.__name__, method.__self__
    if name not in ("format", "format_map") or not isinstance(text, str):
        return None

    def call(*arguments: Any, **named: Any) -> str:
        if name == "format_map":
            if named or len(arguments) != 1:
                raise TypeError("format_map() takes exactly one argument")
            named, arguments = arguments[0], ()
        formatter = (
            _EscapingLimits(environment, escape=text.escape)
            if isinstance(text, Markup)
            else _Limits(environment)
        )
        filled = formatter.vformat(text, arguments, named)
        return Markup(filled) if isinstance(text, Markup) else filled

    return call
