"""YAML text to PyYAML's node graph, with limits on what it may grow to.

The C parser does the reading. The graph's nodes carry their positions; an alias is the very
node that it names.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from ..core.checkpoints import checked, checkpoint
from .yaml_problems import Place, UnreadableYamlError

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # PyYAML without libyaml: the same results, several times slower
    from yaml import SafeLoader as Loader  # type: ignore[assignment]  # the same methods

MAX_DEPTH = 100
"""How deep collections may stand in each other."""

MAX_EXPANDED_SIZE = 10_000_000
"""How many characters a document may stand for once its aliases are written out."""

_LONG_TEXT = 256 * 1024
"""Characters from which on reading a text takes longer than a moment."""

# libyaml's composer recurses on the C stack, and overflows it at some ten thousand levels. A
# document below both of these figures can't come near; one above is counted exactly first.
_FEW_BRACKETS = 400
_LONG_RUN_OF_INDICATORS = re.compile(r"^[ \t?:-]{200}", re.MULTILINE)
# A bracket; or a comment or a quoted text, in which brackets mean nothing.
_BRACKETS = re.compile(r"[\[\]{}]|(?:^|(?<=\s))#[^\n]*|'[^']*'|\"(?>(?:[^\"\\]|\\[\s\S])*)\"")


def compose(text: str) -> Node | None:
    """The node graph of a text, or None where it is empty. Aliases share their node.

    Raises:
        yaml.YAMLError: it isn't YAML, or is more than one document.
        UnreadableYamlError: it nests too deeply, or has aliases that stand for more than
            MAX_EXPANDED_SIZE characters.
    """
    try:
        _check_depth(text)
        loader = Loader(_stream(text))
        try:
            node: Node | None = loader.get_single_node()
        finally:
            loader.dispose()
        if node is not None and "*" in text and "&" in text:
            _Measure().check(node)
        return node
    except RecursionError:  # the pure-Python composer, or a document just below the limits
        raise too_deep(_first_bracket_too_deep(text)) from None


class _Pieces:
    """A long text that the parser reads piece by piece, so that it can be stopped."""

    name = "<unicode string>"  # as the parser calls a text that it is given

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0

    def read(self, size: int) -> str:
        checkpoint()
        start = self._position
        self._position += size
        return self._text[start : self._position]


def _stream(text: str) -> Any:
    return text if len(text) < _LONG_TEXT else _Pieces(text)


def _check_depth(text: str) -> None:
    """Refuse what nests too deeply before the composer recurses into it.

    Readers have limits of their own, which differ from release to release in figure, words and
    kind of error. They look ahead, so that one may be met before the level that is too deep
    here has been told of; what it was is found in the text then.
    """
    brackets = text.count("[") + text.count("{")
    if brackets <= _FEW_BRACKETS and not _LONG_RUN_OF_INDICATORS.search(text):
        return
    depth = 0
    try:
        for event in checked(yaml.parse(_stream(text), Loader)):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    raise too_deep(event.start_mark)
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except (yaml.YAMLError, RecursionError, MemoryError):
        place = _first_bracket_too_deep(text)
        if place is None:
            raise
        raise too_deep(place) from None


def _first_bracket_too_deep(text: str) -> Place | None:
    """Where the brackets of a text that can't be read nest too deeply; None if they don't.

    Quotes and brackets may be part of a plain value outside of brackets, so this is an estimate.
    """
    depth = 0
    for found in _BRACKETS.finditer(text):
        if found[0] in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                line_start = text.rfind("\n", 0, found.start()) + 1
                return Place(text.count("\n", 0, found.start()), found.start() - line_start)
        elif found[0] in "]}":
            depth = max(0, depth - 1)
    return None


def too_deep(mark: Any) -> UnreadableYamlError:
    """The error for a node that nests too deeply. Each of PyYAML's parsers has its own marks."""
    return UnreadableYamlError(f"this is nested more than {MAX_DEPTH} levels deep", mark)


class _Measure:
    """How large and how deep a node graph is with its aliases written out.

    Each node is measured once, so a few lines that stand for billions cost nothing.
    """

    def __init__(self) -> None:
        self._measured: dict[int, tuple[int, int]] = {}
        self._open: set[int] = set()

    def check(self, node: Node) -> tuple[int, int]:
        """A node's size in characters and its height in levels.

        Raises:
            UnreadableYamlError: either is too much, or the node holds itself.
        """
        if isinstance(node, ScalarNode):
            return len(node.value) + 1, 0
        known = self._measured.get(id(node))
        if known is not None:
            return known
        if id(node) in self._open:
            raise UnreadableYamlError(
                "an alias here stands inside of what it names", node.start_mark
            )
        self._open.add(id(node))
        size, height = 1, 0
        for child in checked(_children(node)):
            child_size, child_height = self.check(child)
            size += child_size
            height = max(height, child_height)
        self._open.discard(id(node))
        if size > MAX_EXPANDED_SIZE:
            raise UnreadableYamlError(
                f"the aliases here stand for more than {MAX_EXPANDED_SIZE:,} characters",
                node.start_mark,
            )
        if height >= MAX_DEPTH:
            raise too_deep(node.start_mark)
        self._measured[id(node)] = size, height + 1
        return size, height + 1


def _children(node: Node) -> list[Node]:
    if isinstance(node, MappingNode):
        return [child for pair in node.value for child in pair]
    if isinstance(node, SequenceNode):
        return list(node.value)
    return []
