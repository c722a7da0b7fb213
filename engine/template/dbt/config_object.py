"""`config` in a template: called it sets, while parsing; its methods read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from ...core.errors import CompilationError, ParseError
from ...core.events import WarningRaised
from ...project.config_tree import merge_config
from ...sandbox.callables import template_call
from ...sandbox.handed import received
from ...sandbox.owned import own


class RunningConfig:
    """`config` once the configuration is resolved: a call changes nothing and renders nothing."""

    template_names: ClassVar[frozenset[str]] = frozenset(
        (
            *("set", "get", "require", "meta_get", "meta_require"),
            *("persist_relation_docs", "persist_column_docs"),
        )
    )
    template_lacks: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"model": "'model' is the node", "context_config": "a call of 'config' sets what it says"}
    )

    def __init__(
        self,
        values: Mapping[str, Any],
        node_name: str,
        warn: Callable[[WarningRaised], None] | None = None,
    ) -> None:
        self._values = own(dict(values))
        self._node_name = node_name
        self._warn = warn

    def __call__(self, *arguments: Any, **named: Any) -> str:
        return ""

    def set(self, name: str, value: Any) -> str:
        return self(**{name: value})

    def get(self, name: str, default: Any = None, validator: Any = None) -> Any:
        """The value of a key, or the default where neither the node nor its kind has it.

        As in dbt a key that the kind of node has by itself, such as `alias`, is never the default.
        """
        value = self._values.get(_spelled(name), default)
        if self._warn is not None and _spelled(name) not in self._values:
            self._warn_of_meta(name, self._warn)
        if value is None:
            return None
        if validator is not None and default is not None:
            # As in dbt, which looks at nothing without a default.
            self._check(name, value, validator)
        return value

    def _warn_of_meta(self, name: str, warn: Callable[[WarningRaised], None]) -> None:
        """Warn of a key that is asked for as configuration, and stands under `meta` only."""
        if name in (self._values.get("meta") or {}):
            message = (
                f"The key '{name}' was not found using config.get('{name}'), but stands under "
                f"'meta' of '{self._node_name}'. Use config.meta_get('{name}') if that is meant."
            )
            warn(WarningRaised("GetMetaKeyWarning", message, data={"meta_key": name}))

    def require(self, name: str, validator: Any = None) -> Any:
        key = _spelled(name)
        if key not in self._values:
            raise CompilationError(
                f"'{self._node_name}' does not define a required config parameter '{name}'."
            )
        if validator is not None:
            self._check(name, self._values[key], validator)
        return self._values[key]

    def _check(self, name: str, value: Any, validator: Any) -> None:
        try:
            template_call(validator)(value)
        except CompilationError as error:
            raise CompilationError(
                f"config '{name}' of '{self._node_name}': {error.problem}"
            ) from error

    def meta_get(self, name: str, default: Any = None) -> Any:
        return (self._values.get("meta") or {}).get(name, default)

    def meta_require(self, name: str, validator: Any = None) -> Any:
        meta = self._values.get("meta") or {}
        if name not in meta:
            raise CompilationError(f"'{self._node_name}' does not define a required meta '{name}'.")
        return meta[name]

    def persist_relation_docs(self) -> bool:
        return bool((self._values.get("persist_docs") or {}).get("relation", False))

    def persist_column_docs(self) -> bool:
        return bool((self._values.get("persist_docs") or {}).get("columns", False))


class CapturingConfig(RunningConfig):
    """`config` while parsing: each call is kept.

    As in dbt nothing is read there, whatever it is asked: what the configuration is isn't known
    before all of it was read.
    """

    def __init__(self, values: Mapping[str, Any], node_name: str) -> None:
        super().__init__(values, node_name)
        self.captured: dict[str, Any] = {}

    def __call__(self, *arguments: Any, **named: Any) -> str:
        if len(arguments) == 1 and isinstance(arguments[0], dict):
            named = {**arguments[0], **named}
        elif arguments:
            raise CompilationError("config() takes named values, or one mapping of them.")
        try:
            self.captured = merge_config(self.captured, _received(named))
        except ParseError as error:
            raise CompilationError(error.problem) from error
        return ""

    def get(self, name: str, default: Any = None, validator: Any = None) -> str:
        return ""

    def require(self, name: str, validator: Any = None) -> str:
        return ""

    def meta_get(self, name: str, default: Any = None, validator: Any = None) -> str:
        return ""

    def meta_require(self, name: str, validator: Any = None) -> str:
        return ""

    def persist_relation_docs(self) -> bool:
        return False

    def persist_column_docs(self) -> bool:
        return False


def _received(named: Mapping[str, Any]) -> dict[str, Any]:
    """What a call of `config` gives, as values of our own."""
    return {name: received(value, f"config({name}=…)") for name, value in named.items()}


def _spelled(name: str) -> str:
    return name.replace("-", "_")
