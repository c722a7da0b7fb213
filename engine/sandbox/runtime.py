"""What a compiled template calls while it runs, with the budget counted.

Jinja's generated code takes its loops, its text and its awaiting from names of its module. These
take their place there, at about the cost of Jinja's own.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Iterable, Iterator
from types import AsyncGeneratorType, CoroutineType
from typing import Any

from jinja2 import Template
from jinja2.runtime import AsyncLoopContext, Macro, markup_join
from markupsafe import Markup, escape

from .access import SHOWN, checked
from .budget import Budget, current_budget, rest
from .operators import join_text, text_of
from .sizes import require_printable

_PLAIN = frozenset((int, float, bool, str, list, dict, tuple, type(None)))
_ITERATIONS_PER_COUNT = 64


class CountedIterator:
    """Goes through what a template loops over."""

    __slots__ = ("_budget", "_iterator", "_left")

    def __init__(self, iterator: Iterator[Any], budget: Budget) -> None:
        self._iterator = iterator
        self._budget = budget
        self._left = _ITERATIONS_PER_COUNT

    def __aiter__(self) -> CountedIterator:
        return self

    async def __anext__(self) -> Any:
        self._left -= 1
        if not self._left:
            self._left = _ITERATIONS_PER_COUNT
            self._budget.step(_ITERATIONS_PER_COUNT)
            if self._budget.tired:
                await rest()
        try:
            item = next(self._iterator)
            return item if type(item) in SHOWN else checked(item)
        except StopIteration:
            self._budget.step(_ITERATIONS_PER_COUNT - self._left)
            self._left = _ITERATIONS_PER_COUNT
            raise StopAsyncIteration from None


def counted_aiter(items: AsyncIterable[Any] | Iterable[Any]) -> AsyncIterator[Any]:
    """What a `for` goes through."""
    # Jinja's own, in front of a loop with a condition or of one that goes down into itself.
    if isinstance(items, AsyncGeneratorType | CountedIterator | AsyncLoopContext):
        return aiter(items)
    return CountedIterator(iter(checked(items)), current_budget() or Budget())


class CountedLoop(AsyncLoopContext):
    """`loop`, for a `for` that uses it."""

    @staticmethod
    def _to_iterator(iterable: Any) -> AsyncIterator[Any]:  # type: ignore[override] # as in Jinja's own
        return counted_aiter(iterable)


class AwaitedMacro(Macro):
    """A macro of a template, whose text is awaited without a coroutine of Jinja's around it."""

    def _invoke(self, arguments: list[Any], autoescape: bool) -> Any:
        return super()._invoke(arguments, autoescape) if autoescape else self._func(*arguments)


async def watched_await(value: Any) -> Any:
    """What a call, a filter or an attribute gave, awaited if it is to be.

    Raises:
        SecurityError: it is something that no template has.
    """
    kind = type(value)
    if kind in _PLAIN:
        return value
    budget = current_budget()
    if budget is not None and budget.tired:
        await rest()
    if kind is CoroutineType or (kind not in SHOWN and isinstance(value, Awaitable)):
        value = await value
        kind = type(value)
    return value if kind in SHOWN else checked(value)


def escaped(value: Any) -> Markup:
    """A value as it is written into the template's text where HTML is escaped."""
    require_printable(checked(value))
    return escape(value)


def join_markup(parts: Iterable[Any]) -> str:
    """`a ~ b ~ c`, where HTML is escaped if one of them is HTML."""
    parts = list(parts)
    require_printable(*map(checked, parts))
    return markup_join(parts)


_REPLACED = {
    "escape": escaped,
    "markup_join": join_markup,
    "auto_aiter": counted_aiter,
    "auto_await": watched_await,
    "AsyncLoopContext": CountedLoop,
    "Macro": AwaitedMacro,
    "str_join": join_text,
    "str": text_of,
}


def watch(template: Template) -> Template:
    """Let a template that was just loaded run under a budget."""
    template.root_render_func.__globals__.update(_REPLACED)
    return template
