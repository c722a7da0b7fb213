"""A project's own macros for what the methods of `adapter` do: where there is one, it counts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from ..scope import Scope

_asking: ContextVar[frozenset[str]] = ContextVar("headrace_asking_macros", default=frozenset())


class OwnMacros:
    """The macros of a scope that do a method's work, each asked but once on the way.

    What a macro asks of `adapter` in its turn is done without asking it again: it may call the
    built-in one for the greater part.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def is_asking(self, name: str) -> bool:
        """Whether it is the project's own macro that calls just now."""
        return name in _asking.get()

    def has(self, name: str) -> bool:
        """Whether a macro of a project's own is to do it: not from inside of that very macro."""
        return not self.is_asking(name) and self._scope.is_overridden(name)

    @contextmanager
    def asked(self, name: str) -> Iterator[None]:
        """While a macro is asked, `adapter` doesn't ask it again."""
        token = _asking.set(_asking.get() | {name})
        try:
            yield
        finally:
            _asking.reset(token)

    async def do(self, name: str, *arguments: Any) -> bool:
        """Whether there is a macro of a project's own to do it, which has done it."""
        if not self.has(name):
            return False
        with self.asked(name):
            await self._scope.call_macro(name, *arguments)
        return True
