"""What is done to a template's syntax tree before it is compiled.

Jinja reads more than Python compiles. What Python would refuse is found here, so that it is told
in words, and with a limit, that don't change with Python's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.visitor import NodeTransformer

CUT = "headrace_cut"
"""The filter that makes slices."""

MAX_LOOPS = 20
"""How many loops may stand in each other: as many as each Python has room for."""


class Preparation(NodeTransformer):
    """Has slices made by a filter, since nothing measures Python's own; and checks the rest.

    Raises:
        TemplateSyntaxError: Python wouldn't compile what Jinja makes of the tree.
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._loops = 0

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802 # called by the node's name
        self.generic_visit(node)
        if not isinstance(node.arg, nodes.Slice):
            return node
        ends = (node.arg.start, node.arg.stop, node.arg.step)
        arguments = [end or nodes.Const(None, lineno=node.lineno) for end in ends]
        made = nodes.Filter(node.node, CUT, arguments, [], None, None, lineno=node.lineno)
        made.set_environment(self._environment)
        return made

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802
        if self._loops == MAX_LOOPS:
            raise TemplateSyntaxError(
                f"more than {MAX_LOOPS} loops stand in each other: put the inner ones into a macro",
                node.lineno,
            )
        # The whole is visited as if it were in the loop, but for what may hold a statement.
        otherwise, node.else_ = node.else_, []
        with self._within(self._loops + 1):
            self.generic_visit(node)
        node.else_ = list(self._visited(otherwise))
        return node

    def visit_Macro(self, node: nodes.Macro) -> nodes.Node:  # noqa: N802
        return self._function(node)

    def visit_CallBlock(self, node: nodes.CallBlock) -> nodes.Node:  # noqa: N802
        return self._function(node)

    def visit_Block(self, node: nodes.Block) -> nodes.Node:  # noqa: N802
        with self._within(0):
            return self.generic_visit(node)

    def visit_Break(self, node: nodes.Break) -> nodes.Node:  # noqa: N802
        return self._in_loop(node, "break")

    def visit_Continue(self, node: nodes.Continue) -> nodes.Node:  # noqa: N802
        return self._in_loop(node, "continue")

    def _function(self, node: nodes.Macro | nodes.CallBlock) -> nodes.Node:
        names = [argument.name for argument in node.args]
        for name in names:
            if names.count(name) > 1:
                raise TemplateSyntaxError(f"the argument '{name}' stands there twice", node.lineno)
        with self._within(0):
            return self.generic_visit(node)

    def _in_loop(self, node: nodes.Node, word: str) -> nodes.Node:
        if self._loops == 0:
            raise TemplateSyntaxError(f"'{word}' outside of a loop", node.lineno)
        return node

    def _visited(self, body: Iterable[nodes.Node]) -> Iterator[nodes.Node]:
        for node in body:
            visited = self.visit(node)
            if isinstance(visited, nodes.Node):
                yield visited

    @contextmanager
    def _within(self, loops: int) -> Iterator[None]:
        outside, self._loops = self._loops, loops
        try:
            yield
        finally:
            self._loops = outside
