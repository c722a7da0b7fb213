"""The sandbox: a Jinja environment whose templates reach nothing of the process, and end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from types import BuiltinMethodType, CodeType, FunctionType, MethodType
from typing import Any, NoReturn

from jinja2 import TemplateRuntimeError, TemplateSyntaxError, Undefined, nodes
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment
from jinja2.utils import missing

from ..core.python_literals import reading_literals
from .access import ACCESS, SHOWN, checked
from .budget import current_budget
from .callables import require_arguments
from .filters import limited_filters, limited_lipsum, limited_tests
from .formatting import limited_format
from .iterators import counted
from .lacking import lacking
from .operators import OPERATORS, concatenate, cut
from .preparation import CUT, Preparation
from .sizes import require_printable, require_room
from .type_methods import guarded_method
from .unpacking import EACH, PARTS, Unpacked, Unpacking, parts

COUNTED = "headrace_counted"
"""A filter that gives what it gets, and counts while it is gone through."""

NESTED_TOO_DEEPLY = "the template is nested too deeply, or goes on too long without a break"

# The last line of what Jinja compiles: "template line=line here&…", ascending.
_DEBUG_INFO = re.compile(r"debug_info = '([\d=&]*)'\s*\Z")
_DEEP = 100
_LOCAL_NAME = re.compile(r"\bl_\d+_(?=\w)")

_METHODS = (BuiltinMethodType, MethodType)
_METHOD_TYPES = frozenset((*_METHODS, type(re.compile("").sub)))
_OURS = frozenset((FunctionType, MethodType, partial))


class GuardedEnvironment(SandboxedEnvironment):
    """Jinja's sandbox with more kept from templates, and with limits to what they make."""

    intercepted_binops = frozenset(OPERATORS)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.binop_table.update(OPERATORS)
        self.filters.update(limited_filters(self.filters))
        self.tests.update(limited_tests(self.tests))
        self.filters[COUNTED] = counted
        self.filters[CUT] = cut
        self.filters[EACH] = Unpacked
        self.filters[PARTS] = parts
        self.globals["lipsum"] = limited_lipsum

    @staticmethod
    def concat(parts: Iterable[str]) -> str:
        """The parts of a block or a macro as one text."""
        return concatenate(parts)

    def count_loops(self, tree: nodes.Template) -> None:
        """Have the loops of a template counted that runs without awaiting."""
        for loop in tree.find_all(nodes.For):
            loop.iter = nodes.Filter(loop.iter, COUNTED, [], [], None, None, lineno=loop.lineno)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        # Jinja has numbers with a point read by Python.
        return reading_literals(lambda: self._tree(source, name, filename))

    def _tree(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        parser = Parser(self, source, name, filename)
        try:
            return parser.parse()
        except RecursionError as error:
            lineno = parser.stream.current.lineno
            raise TemplateSyntaxError(NESTED_TOO_DEEPLY, lineno, name, filename) from error

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        try:
            made = Unpacking(self).visit(Preparation(self).visit(source))
            return super()._generate(made, *args, **kwargs)
        except RecursionError as error:
            raise TemplateSyntaxError(NESTED_TOO_DEEPLY, deepest_line(source)) from error

    def _compile(self, source: str, filename: str) -> CodeType:
        """Python's code of a template; what Python refuses is told as Jinja's own errors are."""
        try:
            return super()._compile(source, filename)
        except (SyntaxError, RecursionError, MemoryError) as error:
            # Which of them it is, and in which words, differs from one Python to the next.
            message = NESTED_TOO_DEEPLY
            if isinstance(error, SyntaxError) and not _is_nested_deeply(source):
                message = f"this can't be compiled (Python: {_LOCAL_NAME.sub('', error.msg)})"
            lineno = getattr(error, "lineno", None) or 0
            raise TemplateSyntaxError(message, _line_of(source, lineno)) from error

    def select_template(self, names: Any, *more: Any, **named: Any) -> NoReturn:
        self._load_template(names, None)

    def _load_template(self, name: Any, globals: object) -> NoReturn:
        require_printable(name)
        raise TemplateRuntimeError(
            f"'{name}' can't be included, imported or extended: no file is another one's template "
            "here. Put what they share into a macro."
        )

    def getattr(self, obj: Any, attribute: str) -> Any:
        """`obj.attribute`: one of the names of its type's table, or else an item."""
        access = ACCESS[type(obj)]
        if access.read is not None:
            value = access.read(obj, attribute)
            if value is not missing:
                return self._given(value)
        elif attribute in access.names:
            try:
                return self._given(getattr(obj, attribute))
            except AttributeError:
                pass
        if access.has_items:
            try:
                return self._given(obj[attribute])
            except (TypeError, LookupError):
                pass
        return self._nothing(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """`obj[argument]`: an item, or else an attribute as `getattr` gives it."""
        access = ACCESS[type(obj)]
        if type(argument) is tuple:
            require_printable(argument)  # or its hash takes without end
        if access.has_items:
            try:
                return self._given(obj[argument])
            except (TypeError, LookupError):
                pass
        if isinstance(argument, str):
            if access.read is not None:
                value = access.read(obj, argument)
                if value is not missing:
                    return self._given(value)
            elif argument in access.names:
                try:
                    return self._given(getattr(obj, argument))
                except AttributeError:
                    pass
        return self._nothing(obj, argument)

    def _given(self, value: Any) -> Any:
        """What an access gives, a method with its limit."""
        kind = type(value)
        if kind in _METHOD_TYPES:
            limited = self.wrap_str_format(value)
            if limited is not None:
                return limited
        return value if kind in SHOWN else checked(value)

    def _nothing(self, obj: Any, name: Any) -> Undefined:
        if isinstance(name, str) and name[:1] == "_" and not isinstance(obj, dict):
            return self.unsafe_undefined(obj, name)
        lacks = ACCESS[type(obj)].lacks
        if lacks and isinstance(name, str) and name in lacks:
            return lacking(name, lacks[name])
        require_printable(name)
        return self.undefined(obj=obj, name=name)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return attr in ACCESS[type(obj)].names

    def is_safe_callable(self, obj: Any) -> bool:
        return ACCESS[type(obj)].is_called and checked(obj) is obj

    def wrap_str_format(self, value: Any) -> Callable[..., Any] | None:
        """A method with its limit, if it has one."""
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
        kind = type(obj)
        access = ACCESS[kind]
        if not access.is_called:
            # Jinja would write out the whole object.
            raise TypeError(f"'{kind.__name__}' object is not callable")
        if access.is_judged:
            checked(obj)
        # Functions of ours may write out what they get; macros and methods of lists don't.
        if kind in _OURS:
            require_printable(*args, *kwargs.values())
        require_arguments(args, kwargs)
        # A project of macros spends its time here: what Jinja looks for in everything that is
        # called, neither our classes have nor most functions.
        if access.is_direct:
            kwargs.pop("_block_vars", None)
            kwargs.pop("_loop_vars", None)
            return obj(*args, **kwargs)
        if kind in _OURS and not hasattr(obj, "jinja_pass_arg"):
            made = self._called(obj, args, kwargs)
        else:
            made = context.call(obj, *args, **kwargs)
        require_room(made)
        return made if type(made) in SHOWN else checked(made)

    def _called(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What a function gives that takes its arguments alone, as Jinja has it."""
        kwargs.pop("_block_vars", None)
        kwargs.pop("_loop_vars", None)
        try:
            return function(*args, **kwargs)
        except StopIteration:
            return self.undefined(
                "value was undefined because a callable raised a StopIteration exception"
            )


def deepest_line(tree: nodes.Template) -> int:
    """The line of what is nested the most in a template."""
    line, level = 1, list[nodes.Node]([tree])
    while level:
        line = level[0].lineno or line
        level = [child for node in level for child in node.iter_child_nodes()]
    return line


def _is_nested_deeply(compiled: str) -> bool:
    """Whether brackets stand in each other more often than anybody writes them."""
    level = 0
    for bracket in re.findall(r"[()\[\]{}]", compiled):
        level += 1 if bracket in "([{" else -1
        if level > _DEEP:
            return True
    return False


def _line_of(compiled: str, lineno: int) -> int:
    """The template's line that a line of its compiled source was made of."""
    debug_info = _DEBUG_INFO.search(compiled)
    line = 1
    for pair in debug_info[1].split("&") if debug_info and debug_info[1] else ():
        of_template, _, of_source = pair.partition("=")
        if int(of_source) > lineno:
            break
        line = int(of_template)
    return line
