"""The template engine, as far as parsing needs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from msgspec import Struct, field

from ..nodes.node import Node
from ..nodes.node_calls import RefCall, SourceCall
from ..nodes.test_nodes import GenericTest


class Captured(Struct, frozen=True):
    """What rendering a template while parsing found out."""

    refs: tuple[RefCall, ...] = ()
    sources: tuple[SourceCall, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    macros: tuple[str, ...] = ()
    """The ids of the macros that it called itself, in their order."""


class ParseRenderer(Protocol):
    """The template engine, as far as parsing needs it. Synchronous: nothing here does I/O."""

    def render(self, node: Node, source: str) -> Captured:
        """Render a node's template with nothing to execute, and say what it called."""

    def render_test(self, node: GenericTest, *, is_inert: bool) -> Captured:
        """The same for a generic test's arguments, and for its macro where that isn't inert."""

    def call_macro(self, name: str, custom: str | None, node: Node) -> str:
        """Call a project's own `generate_…_name` macro."""
