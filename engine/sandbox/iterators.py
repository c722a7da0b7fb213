"""`modules.itertools` in a template: iterators that never end are stopped.

What runs in Python's own machinery, such as `list(itertools.count())`, can't be interrupted and
lets nobody else run. So each endless iterator, and each that makes much out of little, counts.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from types import SimpleNamespace
from typing import Any

from .budget import MAX_ITEMS, Budget, TemplateLimitError, current_budget
from .operators import add

_FINITE = (
    "chain compress dropwhile filterfalse groupby islice pairwise starmap takewhile tee zip_longest"
).split()
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
        yield item
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
    return counted(itertools.accumulate(iterable, func, initial=initial))


ITERTOOLS = SimpleNamespace(
    **{name: getattr(itertools, name) for name in _FINITE},
    **{name: _counting(getattr(itertools, name)) for name in _LONG},
    accumulate=accumulate,
)
"""The module as templates see it."""
