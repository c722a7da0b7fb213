"""Goes to everything that a template can get at: by attribute, item, iteration and call.

Names are tried, not looked up in a table: each that Python knows of an object, and some that
lead out. So the walk finds what the sandbox's own tables don't say.
"""

from __future__ import annotations

import inspect
import warnings
from collections import Counter, deque
from collections.abc import Awaitable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from headrace.engine.sandbox.sandbox_environment import GuardedEnvironment
from headrace.engine.template.dbt.resolvers import Resolver
from headrace.engine.template.scope import BoundMacro
from headrace.engine.template.scope_names import Builtins, ContextNames
from jinja2.runtime import Context, Undefined

from .ways import NAMES

_PLAIN = (bool, int, float, str, bytes, type(None))
_CONTAINERS = (list, tuple, dict, set, frozenset)
_MOST_ITEMS = 30
_MOST_OF_A_METHOD = 3
_MOST_OF_A_TYPE = 30
_DEEPEST = 9

# They change what the rest of the run stands on, or end the macro.
_NOT_CALLED = frozenset(
    "drop_schema drop_relation truncate_relation rename_relation create_schema add_query commit "
    "clear_transaction cache_dropped cache_renamed cache_added visit run".split()
)
_MACROS = frozenset("noted far run_query statement generate_schema_name load_relation".split())
_CHANGING = frozenset(
    "append clear extend insert pop popitem remove reverse setdefault sort update add discard "
    "difference_update intersection_update symmetric_difference_update set".split()
)


@dataclass(slots=True)
class Walk:
    """What was found on the way, and what should not have been, each with its path.

    Attributes:
        types: each type that was met, by its name, with the first path to it.
    """

    environment: GuardedEnvironment
    secrets: tuple[str, ...]
    arguments: tuple[tuple[Any, ...], ...] = ((),)
    found: list[str] = field(default_factory=list)
    types: dict[str, str] = field(default_factory=dict)
    reached: set[str] = field(default_factory=set)
    context: Context | None = None
    not_called: frozenset[str] = frozenset()
    _seen: dict[int, Any] = field(default_factory=dict)
    _called: Counter[tuple[type, str]] = field(default_factory=Counter)
    _of_type: Counter[type] = field(default_factory=Counter)

    async def start(self, names: Iterable[tuple[str, Any]]) -> None:
        """Walk from the names of a context."""
        waiting = deque((name, value, 0) for name, value in names)
        while waiting:
            path, value, depth = waiting.popleft()
            if isinstance(value, _PLAIN) or id(value) not in self._seen:
                self._judge(path, value)
            if isinstance(value, _PLAIN) or id(value) in self._seen:
                continue
            self._seen[id(value)] = value
            self._of_type[type(value)] += 1
            is_enough = self._of_type[type(value)] > _MOST_OF_A_TYPE and not callable(value)
            if depth < _DEEPEST and not is_enough:
                async for step, next_ in self._next(path, value):
                    waiting.append((step, next_, depth + 1))

    def _judge(self, path: str, value: Any) -> None:
        self.reached.add(path)
        kind = value if isinstance(value, type) else type(value)
        name = f"{kind.__module__}.{kind.__qualname__}"
        self.types.setdefault(f"class {name}" if kind is value else name, path)
        for text in self._texts(value):
            if any(secret in text for secret in self.secrets):
                self.found.append(f"{path} shows a secret")

    def _texts(self, value: Any) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        elif isinstance(value, bytes):
            yield value.decode("latin-1")
        elif not isinstance(value, (*_PLAIN, *_CONTAINERS)):
            for show in (str, repr):
                try:
                    yield show(value)
                except Exception as error:
                    yield str(error)

    async def _next(self, path: str, value: Any) -> Any:
        # Of functions there are many, and none has more than another.
        if self._of_type[type(value)] <= _MOST_OF_A_TYPE:
            for step, got in (*self._items(path, value), *self._attributes(path, value)):
                yield step, await _awaited(got)
        if type(value) not in _CONTAINERS:
            async for step, got in self._answers(path, value):
                yield step, got

    def _attributes(self, path: str, value: Any) -> Iterator[tuple[str, Any]]:
        if isinstance(value, Undefined):
            return
        for name in dict.fromkeys((*dir(value), *_inner(value), *NAMES)):
            for step, ask in (
                (f"{path}.{name}", self.environment.getattr),
                (f"{path}[{name!r}]", self.environment.getitem),
            ):
                try:
                    got = ask(value, name)
                except Exception:
                    continue
                if not isinstance(got, Undefined):
                    yield step, got

    def _items(self, path: str, value: Any) -> Iterator[tuple[str, Any]]:
        # As a `for` of a template's does.
        name = self.environment.filters["headrace_counted"]
        try:
            items = list(islice(name(value), _MOST_ITEMS))
        except Exception:
            return
        for position, item in enumerate(items):
            yield f"{path}[{position}]", item
        if isinstance(value, Mapping):
            for key in items:
                yield f"{path}[{key!r}]", self.environment.getitem(value, key)

    async def _answers(self, path: str, value: Any) -> Any:
        """What calls give."""
        # A macro is a template, too: some of them are enough.
        is_macro = isinstance(value, BoundMacro)
        if is_macro and str(value).removeprefix("macro ") not in _MACROS:
            return
        name = str(value) if is_macro else getattr(value, "__name__", "")
        owner = getattr(value, "__self__", None)
        if (
            "visit" in path
            or name in _NOT_CALLED | self.not_called
            or isinstance(value, Undefined)
            or (self.not_called and isinstance(value, Resolver))
            or not callable(value)
        ):
            return
        if name in _CHANGING and (isinstance(owner, _CONTAINERS) or "context" in path):
            return
        self._called[type(owner), name or path] += 1
        if self._called[type(owner), name or path] > _MOST_OF_A_METHOD:
            return
        for given in self.arguments:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    assert self.context is not None
                    answer = await _awaited(self.environment.call(self.context, value, *given))
                except Exception as error:
                    yield f"{path}()!", str(error)
                else:
                    yield f"{path}({', '.join(map(repr, given))})", answer


def _inner(value: Any) -> Iterator[str]:
    """The names that an object knows without being a mapping: as its own insides have them."""
    for inside in ("_named", "_values", "_described"):
        try:
            known = object.__getattribute__(value, inside)
        except AttributeError:
            continue
        if isinstance(known, Mapping):
            yield from map(str, known)
    if isinstance(value, ContextNames | Builtins):
        yield from value._scope.known_names()


async def _awaited(value: Any) -> Any:
    """What a template gets, which awaits without knowing."""
    if inspect.iscoroutine(value):
        try:
            return await value
        except Exception as error:
            return str(error)
    return await value if isinstance(value, Awaitable) else value
