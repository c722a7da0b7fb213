"""Refs and sources that stand in YAML, as the relations that they mean to a node."""

from __future__ import annotations

from typing import Any

from ..manifest.generic_tests import literal_dependency
from ..manifest.nodes import RefCall, SourceCall
from .scope import Scope


def called_relation(call: RefCall | SourceCall, scope: Scope) -> Any:
    """The relation that a call means in a scope."""
    if isinstance(call, SourceCall):
        return scope.context_name("source")(call.source_name, call.table_name)
    arguments = (call.package, call.name) if call.package else (call.name,)
    named = {} if call.version is None else {"version": call.version}
    return scope.context_name("ref")(*arguments, **named)


def relation_called(text: str, scope: Scope) -> Any:
    """The relation of a text such as `ref('orders')`; any other text as it is."""
    call = literal_dependency(text)
    return text if call is None else called_relation(call, scope)
