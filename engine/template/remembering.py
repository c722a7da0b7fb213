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
from ..manifest.reading.render_memory import Found, LeftOut, RenderMemory, Work
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
        return self._found(Captured, ("render", source), node)

    def render_test(self, node: GenericTest, *, is_inert: bool) -> Captured:
        """What a generic test calls."""
        return self._found(Captured, ("arguments" if is_inert else "test", ""), node)

    def call_macro(self, name: str, custom: str | None, node: Node) -> str:
        """What a macro of the project's calls a node."""
        return self._found(str, (name, "custom" if custom is None else f"custom {custom}"), node)

    def _found(self, kind: type[FoundT], work: Work, node: Node) -> FoundT:
        """What a piece of work gave the last time, or gives now. Neither errors are kept, nor
        what holds a secret.
        """
        memory, key = self._memory, _key(work, node)
        if key is not None:
            recalled: Found | None = memory.recall(key, self._answers)
            if isinstance(recalled, kind):
                return recalled
        self._asked.begin()
        found = done(self._renderer, work, node)
        assert isinstance(found, kind)
        asked = self._asked.taken()
        if key is None or self._is_secret(msgspec.to_builtins(found, enc_hook=repr)):
            memory.is_whole = False
        elif asked is None:
            memory.left.append(LeftOut(work, node, found))
        else:
            memory.keep(key, found, asked, self._answers)
        return found


def done(renderer: ParseRenderer, work: Work, node: Node) -> Found:
    """What a piece of work gives."""
    name, text = work
    if name == "render":
        return renderer.render(node, text)
    if name in ("arguments", "test"):
        assert isinstance(node, GenericTest)
        return renderer.render_test(node, is_inert=name == "arguments")
    _, has_custom, custom = text.partition(" ")
    return renderer.call_macro(name, custom if has_custom else None, node)


def _key(work: Work, node: Node) -> bytes | None:
    """A digest of a piece of work and the node that it is for; None where that can't be had."""
    try:
        content = msgspec.msgpack.encode((work, type(node).__name__, _timeless(node)))
    except (TypeError, ValueError, OverflowError, RecursionError):
        return None
    return blake2b(content, digest_size=DIGEST_BYTES).digest()


def _timeless(node: Node) -> Node:
    """A node without the time at which it was read."""
    return msgspec.structs.replace(node, created_at=0.0)
