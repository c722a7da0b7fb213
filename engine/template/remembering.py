"""Rendering while parsing, only where what a template asked for has changed."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import TypeVar

import msgspec

from ..manifest.nodes.node import Node
from ..manifest.nodes.test_nodes import GenericTest
from ..manifest.reading.kept_file import DIGEST_BYTES
from ..manifest.reading.parse_renderer import Captured, ParseRenderer
from ..manifest.reading.render_memory import Found, RenderMemory
from .questions import Answers, Asked

FoundT = TypeVar("FoundT", Captured, str)


class RememberingRenderer:
    """Implements `ParseRenderer` by another one, and a memory of what that one gave."""

    def __init__(
        self,
        renderer: ParseRenderer,
        memory: RenderMemory,
        asked: Asked,
        answers: Answers,
        *,
        is_secret: Callable[[object], bool],
    ) -> None:
        self._is_secret = is_secret
        self._renderer = renderer
        self._memory = memory
        self._asked = asked
        self._answers = answers

    def render(self, node: Node, source: str) -> Captured:
        """What a node's template calls."""
        return self._found(
            Captured, ("render", source), node, lambda: self._renderer.render(node, source)
        )

    def render_test(self, node: GenericTest, *, is_inert: bool) -> Captured:
        """What a generic test calls."""
        kind = ("arguments" if is_inert else "test", "")
        return self._found(
            Captured, kind, node, lambda: self._renderer.render_test(node, is_inert=is_inert)
        )

    def call_macro(self, name: str, custom: str | None, node: Node) -> str:
        """What a macro of the project's calls a node."""
        kind = (name, "custom" if custom is None else f"custom {custom}")
        return self._found(str, kind, node, lambda: self._renderer.call_macro(name, custom, node))

    def _found(
        self, kind: type[FoundT], work: tuple[str, str], node: Node, render: Callable[[], FoundT]
    ) -> FoundT:
        """What a piece of work gave the last time, or gives now. Neither errors are kept, nor
        what holds a secret.
        """
        key = _key(work, node)
        if key is None:
            self._memory.left += 1
            return render()
        recalled: Found | None = self._memory.recall(key, self._answers)
        if isinstance(recalled, kind):
            return recalled
        self._asked.begin()
        found = render()
        asked = self._asked.taken()
        if asked is None or self._is_secret(msgspec.to_builtins(found, enc_hook=repr)):
            self._memory.left += 1
        else:
            self._memory.keep(key, found, asked, self._answers)
        return found


def _key(work: tuple[str, str], node: Node) -> bytes | None:
    """A digest of a piece of work and the node that it is for; None where that can't be had."""
    try:
        content = msgspec.msgpack.encode((work, type(node).__name__, _timeless(node)))
    except (TypeError, ValueError, OverflowError, RecursionError):
        return None
    return blake2b(content, digest_size=DIGEST_BYTES).digest()


def _timeless(node: Node) -> Node:
    """A node without the time at which it was read."""
    return msgspec.structs.replace(node, created_at=0.0)
