"""The sandbox: a Jinja environment whose templates reach nothing of the process, and end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import BuiltinMethodType, FunctionType, MethodType
from typing import Any

from jinja2 import Environment, nodes
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment
from jinja2.visitor import NodeTransformer

from .attributes import is_forbidden, is_forbidden_call, is_opaque
from .budget import current_budget
from .filters import limited_filters, limited_lipsum
from .formatting import limited_format
from .iterators import counted
from .methods import guarded_method
from .operators import OPERATORS, concatenate, cut
from .sizes import require_printable, require_room

_CUT = "headrace_cut"
COUNTED = "headrace_counted"
"""A filter that gives what it gets, and counts while it is gone through."""

_METHODS = (BuiltinMethodType, MethodType)
_OURS = frozenset((FunctionType, MethodType))


class _Slices(NodeTransformer):
    """Has slices made by a filter: Jinja makes Python's own of them, which nothing measures."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802 # called by the node's name
        self.generic_visit(node)
        if not isinstance(node.arg, nodes.Slice):
            return node
        ends = (node.arg.start, node.arg.stop, node.arg.step)
        arguments = [end or nodes.Const(None, lineno=node.lineno) for end in ends]
        made = nodes.Filter(node.node, _CUT, arguments, [], None, None, lineno=node.lineno)
        made.set_environment(self._environment)
        return made


class GuardedEnvironment(SandboxedEnvironment):
    """Jinja's sandbox with more kept from templates, and with limits to what they make."""

    intercepted_binops = frozenset(OPERATORS)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.binop_table.update(OPERATORS)
        self.filters.update(limited_filters(self.filters))
        self.filters[COUNTED] = counted
        self.filters[_CUT] = cut
        self.globals["lipsum"] = limited_lipsum

    @staticmethod
    def concat(parts: Iterable[str]) -> str:
        """The parts of a block or a macro as one text."""
        return concatenate(parts)

    def count_loops(self, tree: nodes.Template) -> None:
        """Have the loops of a template counted that runs without awaiting."""
        for loop in tree.find_all(nodes.For):
            loop.iter = nodes.Filter(loop.iter, COUNTED, [], [], None, None, lineno=loop.lineno)

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        return super()._generate(_Slices(self).visit(source), *args, **kwargs)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return (
            attr[:1] != "_"
            and not is_opaque(type(obj))
            and not is_forbidden(type(value))
            and not (attr == "mro" and isinstance(obj, type))
        )

    def is_safe_callable(self, obj: Any) -> bool:
        return not is_forbidden_call(obj) and super().is_safe_callable(obj)

    def wrap_str_format(self, value: Any) -> Callable[..., Any] | None:
        """A method with its limit, if it has one; asked of each attribute's value."""
        # Some of Python's own, such as a pattern's, are of a type derived from this one.
        if not isinstance(value, _METHODS):
            return None
        return limited_format(self, value) or guarded_method(value)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        budget = current_budget()
        if budget is not None:
            budget.until_look -= 1
            if budget.until_look <= 0:
                budget.look()
        # Functions of ours may write out what they get; macros and methods of lists don't.
        if type(obj) in _OURS:
            require_printable(*args, *kwargs.values())
        made = super().call(context, obj, *args, **kwargs)
        require_room(made)
        return made
