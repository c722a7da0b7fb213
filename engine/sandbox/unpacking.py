"""What is unpacked into several names, in `for a, b in …` and `set a, b = …`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, ClassVar, cast

from jinja2 import Environment, nodes
from jinja2.visitor import NodeTransformer

from .access import SHOWN, checked

EACH = "headrace_each"
PARTS = "headrace_parts"
"""The filters that look at what is unpacked: by each turn of a loop, and once."""

Shape = tuple[Any, ...]
"""The names that a value is unpacked into: None for one, a tuple for several in its place."""


def parts(value: Iterable[Any], shape: Shape) -> tuple[Any, ...]:
    """The parts of a value, each of which is something that templates have."""
    # One more than there are names, so that Python says so: there may be no end of them.
    found = tuple(islice(checked(value), len(shape) + 1))
    for part in found:
        if type(part) not in SHOWN:
            checked(part)
    if any(shape):
        return tuple(
            part if inner is None else parts(part, inner)
            for part, inner in zip(found, (*shape, None), strict=False)
        )
    return found


class Unpacked:
    """Gives the items of a loop, with the parts of each looked at."""

    __slots__ = ("_items", "_shape")
    template_names: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, items: Iterable[Any], shape: Shape) -> None:
        self._items = checked(items)
        self._shape = shape

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        shape = self._shape
        is_flat = not any(shape)
        for item in self._items:
            if is_flat and type(item) is tuple:
                for part in item:
                    if type(part) not in SHOWN:
                        checked(part)
                yield item
            else:
                yield parts(item, shape)

    def __len__(self) -> int:
        return len(self._items)


class Unpacking(NodeTransformer):
    """Has what is unpacked into several names looked at, part by part."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 # called by the node's name
        self.generic_visit(node)
        if isinstance(node.target, nodes.Tuple):
            node.iter = self._filtered(node.iter, EACH, node.target)
        return node

    def visit_Assign(self, node: nodes.Assign) -> nodes.Node:  # noqa: N802 # called by the node's name
        self.generic_visit(node)
        if isinstance(node.target, nodes.Tuple):
            node.node = self._filtered(node.node, PARTS, node.target)
        return node

    def _filtered(self, node: nodes.Node, name: str, target: nodes.Tuple) -> nodes.Expr:
        shape = nodes.Const(_shape(target), lineno=node.lineno)
        made = nodes.Filter(
            cast(nodes.Expr, node), name, [shape], [], None, None, lineno=node.lineno
        )
        made.set_environment(self._environment)
        return made


def _shape(target: nodes.Expr) -> Any:
    """The names of an assignment: a tuple for those that are unpacked, None for one name."""
    return tuple(map(_shape, target.items)) if isinstance(target, nodes.Tuple) else None
