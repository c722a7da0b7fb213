"""Which calls a template makes while parsing, in their order, as far as its syntax tree says.

dbt notes the macros that a template calls when it renders it with nothing to execute. Most
calls are made whatever happens, and those under `is_incremental()` or `execute` never are; where
it depends on anything else, only a render can say.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from jinja2 import nodes

from ...core.checkpoints import checkpoint
from ..nodes.macro import Macro

INCREMENTAL = "is_incremental"
_KNOWN = {"execute": False}


class CallShape(msgspec.Struct, frozen=True):
    """How a name is called: with how many arguments by position, and which by name."""

    name: str
    positional: int
    named: tuple[str, ...] = ()

    def fits(self, macro: Macro) -> bool:
        """Whether a macro takes such a call."""
        takes_more = self.positional <= len(macro.arguments) or "varargs" in macro.names
        known = {*macro.arguments, "caller"}
        return takes_more and (known.issuperset(self.named) or "kwargs" in macro.names)


class MacroCalls(msgspec.Struct, frozen=True):
    """The names that are called, bare or with a package's: "star", "dbt_utils.star".

    `made` are called in any case, in that order, and `shapes` is how, as far as it is written
    out; `possible` are called perhaps. `skips_incremental`: what stands under
    `is_incremental()` was left out, which holds for dbt's own macro of that name.
    """

    made: tuple[str, ...] = ()
    possible: frozenset[str] = frozenset()
    skips_incremental: bool = False
    shapes: tuple[CallShape, ...] = ()


def macro_calls(tree: nodes.Template) -> MacroCalls:
    """The calls in a template."""
    walk = _Walk()
    walk.visit(tree, is_sure=True)
    return MacroCalls(
        tuple(dict.fromkeys(walk.made)),
        frozenset(walk.possible),
        walk.skips_incremental,
        tuple(dict.fromkeys(walk.shapes)),
    )


class _Walk:
    """A template gone through in the order in which it is evaluated."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.possible: set[str] = set()
        self.shapes: list[CallShape] = []
        self.skips_incremental = False

    def visit(self, node: nodes.Node, is_sure: bool) -> None:
        checkpoint()
        match node:
            case nodes.Macro():
                return  # dbt doesn't find a template's own macros while parsing
            case nodes.CallBlock():
                # What stands in it is called by the macro, and so is none of the node's own.
                self.visit(node.call, is_sure)
            case nodes.If():
                self._visit_if(node, is_sure)
            case nodes.For():
                self.visit(node.iter, is_sure)
                is_gone_through = isinstance(node.iter, nodes.List) and bool(node.iter.items)
                self._visit_all((*node.body, *node.else_), is_sure and is_gone_through)
            case nodes.CondExpr():
                self._visit_choice(node, is_sure)
            case nodes.And() | nodes.Or():
                self._visit_lazily(node, is_sure)
            case nodes.Call():
                named = _name(node.node) is not None
                self._visit_all(node.iter_child_nodes(exclude=("node",) if named else ()), is_sure)
                self._note(node, is_sure)
            case nodes.Name() if node.ctx == "load":
                self.possible.add(node.name)  # whoever is handed it may call it
            case _:
                self._visit_all(node.iter_child_nodes(), is_sure)

    def _visit_all(
        self, found: Iterator[nodes.Node] | tuple[nodes.Node, ...], is_sure: bool
    ) -> None:
        for node in found:
            self.visit(node, is_sure)

    def _note(self, call: nodes.Call, is_sure: bool) -> None:
        name = _name(call.node)
        if name is None:
            return
        if not is_sure:
            self.possible.add(name)
            return
        self.made.append(name)
        if call.dyn_args is None and call.dyn_kwargs is None:
            named = tuple(pair.key for pair in call.kwargs)
            self.shapes.append(CallShape(name, len(call.args), named))

    def _visit_if(self, node: nodes.If, is_sure: bool) -> None:
        self.visit(node.test, is_sure)
        known = self._known(node.test)
        if known is not False:
            self._visit_all(tuple(node.body), is_sure and known is True)
        if known is not True:
            rest = (*node.elif_, *node.else_)
            if not node.elif_:
                self._visit_all(rest, is_sure and known is False)
            else:
                self._visit_elif(node, is_sure and known is False)

    def _visit_elif(self, node: nodes.If, is_sure: bool) -> None:
        first, *others = node.elif_
        self._visit_if(
            nodes.If(first.test, first.body, others, node.else_, lineno=first.lineno), is_sure
        )

    def _visit_choice(self, node: nodes.CondExpr, is_sure: bool) -> None:
        self.visit(node.test, is_sure)
        known = self._known(node.test)
        if known is not False:
            self.visit(node.expr1, is_sure and known is True)
        if known is not True and node.expr2 is not None:
            self.visit(node.expr2, is_sure and known is False)

    def _visit_lazily(self, node: nodes.And | nodes.Or, is_sure: bool) -> None:
        self.visit(node.left, is_sure)
        known, decisive = self._known(node.left), isinstance(node, nodes.Or)
        if known is not decisive:
            self.visit(node.right, is_sure and known is not None)

    def _known(self, test: nodes.Node) -> bool | None:
        """What a condition is while parsing; None where that depends."""
        match test:
            case nodes.Const():
                return bool(test.value)
            case nodes.Name():
                return _KNOWN.get(test.name)
            case nodes.Not():
                inner = self._known(test.node)
                return None if inner is None else not inner
            case nodes.Call() if _name(test.node) == INCREMENTAL and not test.args:
                self.skips_incremental = True
                return False
            case nodes.And() | nodes.Or():
                sides = (self._known(test.left), self._known(test.right))
                decisive = isinstance(test, nodes.Or)
                if decisive in sides:
                    return decisive
                return None if None in sides else not decisive
        return None


def _name(called: nodes.Node) -> str | None:
    match called:
        case nodes.Name():
            return str(called.name)
        case nodes.Getattr() if isinstance(called.node, nodes.Name):
            return f"{called.node.name}.{called.attr}"
    return None
