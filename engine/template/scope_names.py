"""`context` and `builtins` in a template: the names of its scope, for names that are computed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from jinja2.utils import missing

from .scope import Scope

_OF_JINJA: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(
        (
            *("blocks", "call", "derived", "environment", "eval_ctx", "exported_vars"),
            *("get_all", "get_exported", "globals_keys", "parent", "resolve", "super", "vars"),
            "resolve_or_missing",
        ),
        "the names of the context are its keys",
    )
)
"""What Jinja's own context has besides."""


class _Names(ABC):
    """Names of a scope as a mapping; each kind says which ones there are, and finds them."""

    __slots__ = ("_scope",)

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    @abstractmethod
    def _find(self, name: str) -> Any:
        """What a name stands for, or `missing`."""

    @abstractmethod
    def keys(self) -> list[str]:
        """The names."""

    def __getitem__(self, name: str) -> Any:
        found = self._find(name)
        if found is missing:
            raise KeyError(name)
        return found

    def __contains__(self, name: str) -> bool:
        return self._find(name) is not missing

    def get(self, name: str, default: Any = None) -> Any:
        found = self._find(name)
        return default if found is missing else found

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def values(self) -> list[Any]:
        return [value for _, value in self.items()]

    def items(self) -> list[tuple[str, Any]]:
        return [(name, self[name]) for name in self.keys() if name in self]


class ContextNames(_Names):
    """`context` in a template: whatever a name stands for there, for names that are computed.

    What a template puts into it stands for that in all of its node's templates from then on.
    """

    __slots__ = ()
    template_names: ClassVar[frozenset[str]] = frozenset(
        ("get", "items", "keys", "setdefault", "update", "values")
    )
    template_lacks: ClassVar[Mapping[str, str]] = _OF_JINJA

    def _find(self, name: str) -> Any:
        return self._scope.lookup(name, self._scope.package)

    def keys(self) -> list[str]:
        return self._scope.known_names()

    def update(self, values: Mapping[str, Any]) -> None:
        self._scope.force(values)

    def setdefault(self, name: str, default: Any = None) -> Any:
        if name not in self:
            self._scope.force({name: default})
        return self[name]


class Builtins(_Names):
    """`builtins` in a template: the names of the context, whatever macros hide them."""

    __slots__ = ()
    template_names: ClassVar[frozenset[str]] = frozenset(("get", "items", "keys", "values"))

    def _find(self, name: str) -> Any:
        return self._scope.context_name(name)

    def keys(self) -> list[str]:
        return self._scope.context_names()
