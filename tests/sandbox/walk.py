"""Goes to everything that a template can get at, by the sandbox's own rules."""

from __future__ import annotations

import inspect
import warnings
from collections import Counter, deque
from collections.abc import Collection, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from headrace.engine.sandbox.attributes import FORBIDDEN, is_opaque
from headrace.engine.sandbox.environment import GuardedEnvironment
from jinja2.runtime import Undefined
from jinja2.sandbox import modifies_known_mutable

_PLAIN = (bool, int, float, type(None))
_CONTAINERS = (list, tuple, dict, set, frozenset)
_MOST_ITEMS = 200
_MOST_CALLS = 5
_DEEPEST = 12

# These give the same things as they get, or write what they are called with.
_NOT_CALLED = frozenset(("breakpoint", "input"))


@dataclass(slots=True)
class Walk:
    """What was found on the way, and what should not have been, each with its path."""

    environment: GuardedEnvironment
    secrets: tuple[str, ...]
    found: list[str] = field(default_factory=list)
    reached: set[str] = field(default_factory=set)
    _seen: dict[int, Any] = field(default_factory=dict)
    _called: Counter[tuple[type, str]] = field(default_factory=Counter)

    def start(self, names: Iterable[tuple[str, Any]]) -> None:
        """Walk from the names of a context."""
        waiting = deque((name, value, 0) for name, value in names)
        while waiting:
            path, value, depth = waiting.popleft()
            if id(value) in self._seen:
                continue
            self._seen[id(value)] = value
            self.reached.add(path)
            self._judge(path, value)
            if depth < _DEEPEST:
                waiting += [(step, next_, depth + 1) for step, next_ in self._next(path, value)]

    def _judge(self, path: str, value: Any) -> None:
        if isinstance(value, FORBIDDEN):
            self.found.append(f"{path} is a {type(value).__name__}")
        for text in self._texts(value):
            if any(secret in text for secret in self.secrets):
                self.found.append(f"{path} shows a secret")
        if isinstance(value, type) and value in (type, object, super):
            self.found.append(f"{path} is {value.__name__}")

    def _texts(self, value: Any) -> Iterator[str]:
        if isinstance(value, bytes):
            yield value.decode("latin-1")
        elif not isinstance(value, (*_PLAIN, list, tuple, dict, set)):
            for show in (str, repr):
                try:
                    yield show(value)
                except Exception as error:
                    yield str(error)

    def _next(self, path: str, value: Any) -> Iterator[tuple[str, Any]]:
        if isinstance(value, (_PLAIN, str | bytes)):
            return
        yield from self._items(path, value)
        if type(value) in _CONTAINERS:
            return  # Python's own, whose methods are known
        yield from self._attributes(path, value)
        yield from self._answer(path, value)

    def _attributes(self, path: str, value: Any) -> Iterator[tuple[str, Any]]:
        for name in dir(value):
            step = f"{path}.{name}"
            if not name.startswith("_") and type(value).__module__.startswith("headrace."):
                self._judge_own(step, value, name)
            try:
                got = self.environment.getattr(value, name)
            except Exception:
                continue
            if not isinstance(got, Undefined):
                yield step, got

    def _judge_own(self, step: str, value: Any, name: str) -> None:
        """What the rules keep from a template shouldn't even be there for the asking."""
        got = inspect.getattr_static(value, name)
        if isinstance(got, FORBIDDEN):
            self.found.append(f"{step} holds a {type(got).__name__}")

    def _items(self, path: str, value: Any) -> Iterator[tuple[str, Any]]:
        if is_opaque(type(value)) or isinstance(value, type):
            return
        try:
            items = list(islice(value, _MOST_ITEMS))
        except Exception:
            return
        if len(items) == _MOST_ITEMS and not isinstance(value, Collection):
            items = items[:2]
        for position, item in enumerate(items):
            yield f"{path}[{position}]", item
        if isinstance(value, Mapping):
            for key in items:
                yield f"{path}[{key!r}]", value[key]

    def _answer(self, path: str, value: Any) -> Iterator[tuple[str, Any]]:
        """What a call without arguments gives."""
        name = getattr(value, "__name__", "")
        if not callable(value) or isinstance(value, Undefined) or name in _NOT_CALLED:
            return
        if not self.environment.is_safe_callable(value):
            return
        owner = getattr(value, "__self__", None)
        if modifies_known_mutable(owner, name):
            return
        if owner is not None:
            # A method's answer has methods in turn, and so on: some of each type's are enough.
            self._called[type(owner), name] += 1
            if self._called[type(owner), name] > _MOST_CALLS:
                return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                answer = value()
            except Exception as error:
                yield f"{path}()!", str(error)
                return
        if isinstance(answer, Coroutine):
            answer.close()  # the database's: what it answers to templates is walked from there
        yield f"{path}()", answer
