"""Calls of a template's functions that Python makes: they are as guarded as the template's own."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from jinja2.exceptions import SecurityError

from .access import ACCESS, SHOWN, checked
from .sizes import require_printable


def require_callable(function: Any) -> None:
    """Whether a template may call a thing.

    Raises:
        SecurityError: it may not.
    """
    checked(function)
    if not ACCESS[type(function)].is_called:
        raise SecurityError(f"a template can't call a {type(function).__name__}")


def require_arguments(arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
    """Whether a template may hand all of these over.

    Raises:
        SecurityError: one is nothing that templates have.
    """
    for value in arguments:
        if type(value) not in SHOWN:
            checked(value)
    for value in named.values():
        if type(value) not in SHOWN:
            checked(value)


def template_call(function: Callable[..., Any]) -> Callable[..., Any]:
    """A template's function, to be called by Python.

    Raises:
        SecurityError: a template may not call it.
    """
    require_callable(function)

    def call(*arguments: Any, **named: Any) -> Any:
        require_arguments(arguments, named)
        require_printable(*arguments, *named.values())
        return checked(function(*arguments, **named))

    return call if isinstance(function, type) else wraps(function)(call)
