"""What a template can be known to need without rendering it.

Rendering finds every dependency, but costs a compiled template. Most models are text with
literal calls, and their syntax tree says it all. A tree says less than a render where a call
stands under a condition (dbt follows the branch that is taken while parsing), has an argument
that is computed, or hides in a macro: such a template asks to be rendered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from jinja2 import nodes

from ...core.checkpoints import checkpoint
from ..nodes.node_calls import RefCall, SourceCall
from ..nodes.pieces import Constant, Hole, Piece
from .macro_calls import MacroCalls, macro_calls
from .syntax import SyntaxEnvironment, refuse_deep_nesting

CAPTURING = frozenset({"ref", "source", "config"})
"""The functions whose calls make a node what it is."""

PARSE_TIME_EFFECTS = frozenset({"exceptions", "builtins", "context", "render", "graph"})
"""Names that do or read something while parsing, so that skipping the render would show."""

READING_CONFIG = frozenset(
    "get require meta_get meta_require persist_relation_docs persist_column_docs".split()
)
"""The methods of `config` that set nothing."""

WHOLE = "*"
"""In the place of an attribute: the name is used as a whole, whatever is looked up in it."""

_CONDITIONAL = (nodes.If, nodes.For, nodes.CondExpr, nodes.And, nodes.Or, nodes.Macro)
_CONDITIONAL += (nodes.CallBlock, nodes.FilterBlock, nodes.AssignBlock)  # type: ignore[assignment] # a wider tuple


IsInert = Callable[[frozenset[str], frozenset[str]], bool]
"""Whether using these free names, and these attributes of names ("package.macro"), is without
effect while parsing."""


class Scan(msgspec.Struct, frozen=True):
    """What the syntax tree of one template says, whatever else there is in the project.

    `needs_render`: something in it can only be known by rendering; then `refs`, `sources` and
    `config` are not all there is.
    """

    refs: tuple[RefCall, ...] = ()
    sources: tuple[SourceCall, ...] = ()
    config: dict[str, Any] = {}
    names: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()
    needs_render: bool = False
    pieces: tuple[Piece, ...] | None = None
    calls: MacroCalls = MacroCalls()

    def judged(self, is_inert: IsInert) -> Scan:
        """The same among a project's macros: one that it names may have to be rendered."""
        if self.needs_render or is_inert(self.names - CAPTURING, self.attributes):
            return self
        return msgspec.structs.replace(self, needs_render=True, pieces=None)


class _ComputedError(Exception):
    """An argument isn't a literal."""


class ScanBuilder:
    """What has been seen of a template so far."""

    def __init__(self) -> None:
        self.refs: list[RefCall] = []
        self.sources: list[SourceCall] = []
        self.config: dict[str, Any] = {}
        self.loaded: set[str] = set()
        self.stored: set[str] = set()
        self.attributes: set[str] = set()
        self.needs_render = False

    def call(
        self,
        function: str,
        positional: list[Any],
        named: dict[str, Any],
        line: int,
        *,
        conditional: bool,
    ) -> bool:
        """Note a call by literals. False where only a render can say what it means."""
        self.loaded.add(function)
        if function == "var":
            return True
        if conditional:
            return False
        if function == "config":
            return self._config(positional, named)
        if not all(isinstance(argument, str) for argument in positional):
            return False
        return (self._source if function == "source" else self._ref)(positional, named, line)

    def finished(self, pieces: tuple[Piece, ...] | None, calls: MacroCalls | None = None) -> Scan:
        """All that was seen, as one value."""
        own = {f"{name}.{WHOLE}" for name in self.stored}
        return Scan(
            refs=tuple(self.refs),
            sources=tuple(self.sources),
            config=self.config,
            names=frozenset(self.loaded - self.stored),
            attributes=frozenset(self.attributes - own),
            needs_render=self.needs_render,
            pieces=None if self.needs_render else pieces,
            calls=calls or MacroCalls(),
        )

    def _config(self, positional: list[Any], named: dict[str, Any]) -> bool:
        # A second call is merged with the first, which may say that it can't be.
        if positional or self.config:
            return False
        self.config.update(named)
        return True

    def _source(self, positional: list[Any], named: dict[str, Any], line: int) -> bool:
        if len(positional) != 2 or named:
            return False
        self.sources.append(SourceCall(positional[0], positional[1], line))
        return True

    def _ref(self, positional: list[Any], named: dict[str, Any], line: int) -> bool:
        if not 1 <= len(positional) <= 2 or named.keys() - {"v", "version"}:
            return False
        version = named.get("version", named.get("v"))
        package = positional[0] if len(positional) == 2 else None
        self.refs.append(RefCall(positional[-1], package, version, line))
        return True


def scan(syntax: SyntaxEnvironment, text: str, path: str) -> Scan:
    """Read a template's needs off its syntax tree.

    Raises:
        CompilationError: it isn't Jinja, or is nested too deeply.
    """
    tree = syntax.syntax_tree(text, path)
    found = ScanBuilder()
    with refuse_deep_nesting(tree, path):
        _walk(tree, found, conditional=False)
        return found.finished(take_apart(tree), macro_calls(tree))


def _walk(node: nodes.Node, found: ScanBuilder, conditional: bool) -> None:
    checkpoint()
    children = list(node.iter_child_nodes())
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name):
        if _note_call(node, node.node.name, found, conditional):
            return
        _note_name(node.node, found)
        children.remove(node.node)
    elif isinstance(node, nodes.Name):
        _note_name(node, found)
        if node.ctx == "load":
            found.attributes.add(f"{node.name}.{WHOLE}")
            # Whoever gets `config` may set something by it.
            found.needs_render = found.needs_render or node.name == "config"
    elif isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        _note_name(node.node, found)
        found.attributes.add(f"{node.node.name}.{node.attr}")
        if _captures_by_attribute(node.node.name, node.attr):
            found.needs_render = True
        children.remove(node.node)
    elif isinstance(node, nodes.Macro):
        found.stored.add(node.name)
    elif isinstance(node, (nodes.Import, nodes.FromImport, nodes.Include, nodes.Extends)):
        found.needs_render = True
    conditional = conditional or isinstance(node, _CONDITIONAL)
    for child in children:
        _walk(child, found, conditional)


def _captures_by_attribute(name: str, attribute: str) -> bool:
    """Whether an attribute of a name does what only a render can say: `config.set`."""
    if name == "config":
        return attribute not in READING_CONFIG
    return (name, attribute) == ("adapter", "dispatch")


def _note_name(name: nodes.Name, found: ScanBuilder) -> None:
    (found.loaded if name.ctx == "load" else found.stored).add(name.name)
    # A capturing function that isn't called on the spot may be called anywhere.
    if name.name in ("ref", "source") or name.name in PARSE_TIME_EFFECTS:
        found.needs_render = True


def _note_call(call: nodes.Call, function: str, found: ScanBuilder, conditional: bool) -> bool:
    """Note a call of a known function. True where nothing inside is left to look at."""
    if function not in CAPTURING and function != "var":
        return False
    try:
        positional, named = literal_arguments(call)
    except _ComputedError:
        found.needs_render = found.needs_render or function in CAPTURING
        return False
    if not found.call(function, positional, named, call.lineno, conditional=conditional):
        found.needs_render = True
    return True


def take_apart(tree: nodes.Template) -> tuple[Piece, ...] | None:
    """A template as text and literal calls in order, or None where there is more to it."""
    pieces: list[Piece] = []
    for statement in tree.body:
        if not isinstance(statement, nodes.Output):
            return None
        for node in statement.nodes:
            piece = _piece(node)
            if piece is None:
                return None
            pieces.append(piece)
    return tuple(pieces)


def _piece(node: nodes.Node) -> Piece | None:
    if isinstance(node, nodes.TemplateData):
        return Constant(node.data)
    if isinstance(node, nodes.Name) and node.name == "this":
        return Hole("this", (), node.lineno)
    if not isinstance(node, nodes.Call) or not isinstance(node.node, nodes.Name):
        return None
    function = node.node.name
    if function not in CAPTURING and function != "var":
        return None
    try:
        positional, named = literal_arguments(node)
    except _ComputedError:
        return None
    return literal_call(function, positional, named, node.lineno)


def literal_call(
    function: str, positional: list[Any], named: dict[str, Any], line: int
) -> Piece | None:
    """What a call of literals gives to the text; None where it is for a render to judge."""
    if function == "config":
        return Constant("")
    takes_them = function != "var" or (len(positional) in (1, 2) and isinstance(positional[0], str))
    return Hole(function, tuple(positional), line) if takes_them and not named else None


def literal_arguments(call: nodes.Call) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a call, where all of them are literals.

    Raises:
        _ComputedError: one isn't.
    """
    if call.dyn_args is not None or call.dyn_kwargs is not None:
        raise _ComputedError
    positional = [_literal(argument) for argument in call.args]
    named = {pair.key: _literal(pair.value) for pair in call.kwargs}
    return positional, named


def _literal(node: nodes.Node) -> Any:
    if isinstance(node, nodes.Const):
        return node.value
    if isinstance(node, nodes.List):
        return [_literal(item) for item in node.items]
    if isinstance(node, nodes.Tuple):
        return tuple(_literal(item) for item in node.items)
    if isinstance(node, nodes.Dict):
        return {_literal(pair.key): _literal(pair.value) for pair in node.items}
    if isinstance(node, nodes.Neg):
        value = _literal(node.node)
        if isinstance(value, (int, float)):
            return -value
    if isinstance(node, nodes.TemplateData):
        return node.data
    raise _ComputedError
