"""`modules.itertools` in a template: iterators that never end are stopped.

What runs in Python's own machinery, such as `list(itertools.count())`, can't be interrupted and
lets nobody else run. So each endless iterator, and each that makes much out of little, counts.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any

from .access import SHOWN, checked
from .allowed_names import Names
from .budget import MAX_ITEMS, Budget, TemplateLimitError, current_budget, require_items
from .callables import template_call
from .operators import add

_FINITE = "chain compress islice pairwise zip_longest".split()
_CALLING = "dropwhile filterfalse starmap takewhile".split()
_LONG = (
    "combinations combinations_with_replacement count cycle permutations product repeat"
).split()
_LOOK = 256


def counted(items: Iterable[Any]) -> Iterator[Any]:
    """The same items, up to the number that a list may have.

    Raises:
        TemplateLimitError: there are more, or the render has used what it may.
    """
    budget = current_budget() or Budget()
    position = size = 0
    for position, item in enumerate(items, 1):
        if position % _LOOK == 0:
            budget.step(_LOOK)
        size += len(item) if type(item) is tuple else 1
        if size > MAX_ITEMS:
            raise TemplateLimitError(
                f"the template goes through more than {MAX_ITEMS:,} items, which is the limit."
            )
        yield item if type(item) in SHOWN else checked(item)
    budget.step(position % _LOOK)


def _counting(make: Callable[..., Iterable[Any]]) -> Callable[..., Iterator[Any]]:
    @wraps(make)
    def call(*arguments: Any, **named: Any) -> Iterator[Any]:
        return counted(make(*arguments, **named))

    return call


def accumulate(
    iterable: Iterable[Any], func: Callable[[Any, Any], Any] = add, *, initial: Any = None
) -> Iterator[Any]:
    """`itertools.accumulate`, whose sums have the limits of `+`."""
    return counted(itertools.accumulate(iterable, template_call(func), initial=initial))


def groupby(iterable: Iterable[Any], key: Callable[[Any], Any] | None = None) -> Iterator[Any]:
    """`itertools.groupby`, by what a template may call."""
    return itertools.groupby(iterable, key and template_call(key))


def tee(iterable: Iterable[Any], n: int = 2) -> tuple[Iterator[Any], ...]:
    """`itertools.tee`, of as many iterators as a list may have items."""
    require_items(n)
    return itertools.tee(iterable, n)


def _calling(make: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    """An iterator that calls a function, of which a template may have called each."""

    @wraps(make)
    def call(function: Callable[..., Any] | None, iterable: Iterable[Any]) -> Iterator[Any]:
        return make(None if function is None else template_call(function), iterable)

    return call


ITERTOOLS = Names(
    {
        **{name: getattr(itertools, name) for name in _FINITE},
        **{name: _counting(getattr(itertools, name)) for name in _LONG},
        **{name: _calling(getattr(itertools, name)) for name in _CALLING},
        "accumulate": accumulate,
        "groupby": groupby,
        "tee": tee,
    }
)
"""The module as templates see it."""
