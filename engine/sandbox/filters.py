"""The filters of a template that could make much out of little, with their limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps
from types import MappingProxyType
from typing import Any

from jinja2 import Environment, pass_environment, pass_eval_context
from jinja2.filters import make_attrgetter, sync_do_join
from jinja2.nodes import EvalContext
from jinja2.utils import generate_lorem_ipsum

from .access import checked
from .budget import current_budget, require_items, require_text, require_text_of
from .operators import add, require_fillable, text_of
from .sizes import require_printable, require_room

Filter = Callable[..., Any]
Check = Callable[..., None]

_MAX_PLACES = 1000
_SHORT = 1024
_LISTS = (list, tuple)
_COPIED_PER_STEP = 64


def limited_filters(filters: Mapping[str, Filter]) -> dict[str, Filter]:
    """Those of the filters that have a limit, with it."""
    limited = {name: _limited(filters[name], check) for name, check in _CHECKS.items()}
    limited |= {name: _limited(filters[name], _printed) for name in _PRINTING}
    copying = {name: _copying(filters[name]) for name in _COPYING}
    copying |= {name: _copying(_limited(filters[name], _printed)) for name in _RETELLING}
    return {**copying, **limited, "join": join, "sum": add_up, "attr": attribute_of}


def limited_tests(tests: Mapping[str, Any]) -> dict[str, Filter]:
    """The tests that look at the text of what they get."""
    return {name: _limited(tests[name], _printed) for name in ("lower", "upper")}


@pass_eval_context
def join(
    eval_ctx: EvalContext, value: Iterable[Any], d: Any = "", attribute: str | int | None = None
) -> str:
    """Jinja's `join`, which stops when the text gets too long."""
    require_printable(d, attribute)
    if attribute is not None:
        value = map(make_attrgetter(eval_ctx.environment, attribute), value)
    return sync_do_join(eval_ctx, _measured(value, len(str(d))), d)


@pass_environment
def add_up(
    environment: Environment,
    iterable: Iterable[Any],
    attribute: str | int | None = None,
    start: Any = 0,
) -> Any:
    """Jinja's `sum`, with the limits of `+` for what isn't a number."""
    if attribute is not None:
        iterable = map(make_attrgetter(environment, attribute), iterable)
    if isinstance(start, int | float):
        return sum(iterable, start)
    budget = current_budget()
    total = start
    for item in iterable:
        total = add(total, item)
        if budget is not None and isinstance(total, _LISTS):
            # Each of them is copied again and again, without a turn of a loop.
            budget.step(1 + len(total) // _COPIED_PER_STEP)
    return total


@pass_environment
def attribute_of(environment: Environment, obj: Any, name: Any) -> Any:
    """Jinja's `attr`, which asks nothing of an object but what a template may have."""
    if not isinstance(name, str):
        return environment.undefined(obj=obj, name=str(type(name)))
    return environment.getattr(obj, name)


def shown_filters(filters: Mapping[str, Filter]) -> dict[str, Filter]:
    """The filters, each of which gives what templates have: where nothing else looks at it."""
    return {name: _shown(function) for name, function in filters.items()}


def _shown(function: Filter) -> Filter:
    def call(*arguments: Any, **named: Any) -> Any:
        return checked(function(*arguments, **named))

    return call if isinstance(function, type) else wraps(function)(call)


def _measured(items: Iterable[Any], separator: int) -> Iterator[str]:
    size = 0
    for item in items:
        text = item if isinstance(item, str) else text_of(item)
        size += len(text) + separator
        if size > _SHORT:
            require_text_of(size)
        yield text
    require_text(size)


def limited_lipsum(n: int = 5, html: bool = True, min: int = 20, max: int = 100) -> str:
    """Jinja's `lipsum`."""
    require_text(10 * n * max)
    return generate_lorem_ipsum(n, html, min, max)


def _limited(function: Filter, check: Check) -> Filter:
    function = _synchronous(function)
    skipped = 1 if hasattr(function, "jinja_pass_arg") else 0

    @wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        check(*arguments[skipped:], **named)
        return function(*arguments, **named)

    return call


def _copying(function: Filter) -> Filter:
    """A filter that gives as much as it gets, counted once it is made."""
    function = _synchronous(function)

    @wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        made = function(*arguments, **named)
        require_room(made)
        return made

    return call


def _synchronous(function: Filter) -> Filter:
    if getattr(function, "jinja_async_variant", False):
        found: Filter = getattr(function, "__wrapped__")  # noqa: B009 # a plain attribute is unknown to mypy
        return found
    return function


def _printed(*values: Any, **named: Any) -> None:
    require_printable(*values, *named.values())


def _centered(value: Any, width: int = 80) -> None:
    require_printable(value)
    require_text(max(len(str(value)), width))


def _indented(s: Any, width: int | str = 4, *more: Any, **named: Any) -> None:
    require_printable(s)
    margin = len(width) if isinstance(width, str) else width
    text = str(s)
    require_text(len(text) + margin * (text.count("\n") + 1))


def _wrapped(
    s: str,
    width: int = 79,
    break_long_words: bool = True,
    wrapstring: str | None = None,
    *more: Any,
    **named: Any,
) -> None:
    lines = len(s) // max(width, 1) + s.count("\n") + s.count(" ") + 1
    require_text(len(s) + lines * len(wrapstring or ""))


def _replaced(s: Any, old: Any, new: Any, count: int | None = None) -> None:
    require_printable(s, old, new)
    text, old, new = str(s), str(old), str(new)
    found = text.count(old)
    if count is not None and count >= 0:
        found = min(found, count)
    require_text(len(text) + found * max(len(new) - len(old), 0))


def _filled(value: Any, *arguments: Any, **named: Any) -> None:
    require_printable(value)
    require_fillable(str(value), named or arguments)


def _batched(value: Any, linecount: int = 1, fill_with: Any = None) -> None:
    require_items(abs(linecount))


def _sliced(value: Any, slices: int, fill_with: Any = None) -> None:
    require_items(abs(slices))


def _rounded(value: Any, precision: int = 0, method: str = "common") -> None:
    if abs(precision) > _MAX_PLACES:
        raise ValueError(f"round() goes to {_MAX_PLACES:,} places")


def _as_json(value: Any, indent: int | None = None) -> None:
    _printed(value)
    require_text(indent or 0)


_CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        "batch": _batched,
        "center": _centered,
        "format": _filled,
        "indent": _indented,
        "pprint": _printed,
        "replace": _replaced,
        "round": _rounded,
        "slice": _sliced,
        "string": _printed,
        "tojson": _as_json,
        "wordwrap": _wrapped,
        "xmlattr": _printed,
        "escape": _printed,
        "e": _printed,
        "urlencode": _printed,
    }
)

_COPYING = ("dictsort", "groupby", "items", "list", "reverse", "sort")
_RETELLING = ("capitalize", "forceescape", "lower", "striptags", "title", "trim", "upper")
"""Those that make a text out of the text of whatever they get."""

_PRINTING = ("filesizeformat", "float", "int", "safe", "truncate", "urlize", "wordcount")
"""Those that write out what they get, or name it in an error, and give no more than that."""
