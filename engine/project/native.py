"""Jinja in configuration values: one text in, one Python value out.

This module imports Jinja, so `render` imports it only once a value needs it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from jinja2 import ChainableUndefined, TemplateSyntaxError, Undefined, UndefinedError, nodes
from jinja2.environment import Template
from jinja2.meta import find_undeclared_variables
from jinja2.nativetypes import NativeCodeGenerator
from jinja2.runtime import Context
from jinja2.utils import missing
from msgspec import Struct

from ..core.python_literals import value_of
from ..sandbox.budget import budgeted
from ..sandbox.filters import shown_filters
from ..sandbox.handed import received
from ..sandbox.operators import concatenate, text_of
from ..sandbox.owned import own
from ..sandbox.plain_functions import MODULES, PLAIN_FUNCTIONS
from ..sandbox.sandbox_environment import NESTED_TOO_DEEPLY, GuardedEnvironment
from .template_errors import TargetNotKnownError, TemplateError, UnreadableTemplateError

_TEXT = r"""(?:'([^'\\{}]*)'|"([^"\\{}]*)")"""
_LITERAL_CALL = re.compile(rf"\{{\{{\s*(var|env_var)\(\s*{_TEXT}\s*(?:,\s*{_TEXT}\s*)?\)\s*\}}\}}")
"""One call of a variable by texts that stand there: what most templates in YAML are."""

_KNOWN_LATER = frozenset({"target", "flags"})
"""Names that there are once the profile has been read."""

_SAME_EVERYWHERE = frozenset({*PLAIN_FUNCTIONS, "doc", "env_var", "var"})
"""Names of functions, which say the same for the same arguments; who is asked for a variable, or
for one of the environment, notes that.
"""


class _Undefined(ChainableUndefined):
    """An unknown name is an error once it is written out; an unknown key of a known one is ''.

    The second is dbt's way: `target.dataset` is empty for a database that has none.
    """

    def __str__(self) -> str:
        if self._undefined_obj is missing:
            self._fail_with_undefined_error()
        return ""


class _Converted(str):
    """What `as_native`, `as_number` or `as_bool` was applied to: read as a Python literal."""

    __slots__ = ()
    kinds: tuple[type, ...] = ()
    noun = ""


class _Number(_Converted):
    __slots__ = ()
    kinds = (int, float)
    noun = "number"


class _Boolean(_Converted):
    __slots__ = ()
    kinds = (bool,)
    noun = "boolean"


class _Text(str):
    """What `as_text` was applied to: stays text, even where a profile's values are converted."""

    __slots__ = ()


class _Environment(GuardedEnvironment):
    code_generator_class = NativeCodeGenerator


class _Prepared(Struct, frozen=True):
    """A text's compiled template.

    Attributes:
        is_sole: it is one expression, whose value the template has assigned to `value`.
        is_constant: that expression says its value by itself.
        asks: the names that there are later, and that it asks for.
        names: all that it asks for and that may differ from one invocation to the next.
    """

    template: Template
    is_sole: bool = False
    is_constant: bool = False
    asks: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()


class NativeTemplates:
    """Evaluates texts with the same names in scope.

    A text that is one expression gives that expression's value: `{{ target.name == 'prod' }}`
    a boolean, `{{ env_var('N') }}` a text, unless a filter says otherwise. All else gives text,
    and so does a number that is spelled out: `{{ 1 + 1 }}` is '2', as in dbt.
    """

    def __init__(
        self,
        names: Mapping[str, object],
        *,
        is_lenient: bool = False,
        note: Callable[[tuple[str, ...]], None] | None = None,
    ) -> None:
        """Where it `is_lenient`, an unknown name that is written out gives nothing.

        `note` is told of each name that a text asks for and that isn't the same everywhere.
        """
        self._note = note
        self._names = {**PLAIN_FUNCTIONS, "modules": MODULES, **names}
        self._is_lenient = is_lenient
        self._environment = _Environment(
            undefined=Undefined if is_lenient else _Undefined,
            extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"],
        )
        filters = self._environment.filters
        filters.update(as_native=_Converted, as_number=_Number, as_bool=_Boolean, as_text=_Text)
        # Nothing awaits what a filter gives here, and so nothing else looks at it.
        filters.update(shown_filters(filters))
        self._prepared: dict[str, _Prepared] = {}

    def evaluate(self, text: str) -> object:
        """The value of a text.

        Raises:
            TemplateError: it can't be read, or what it calls failed.
            TargetNotKnownError: it speaks of `target`, which isn't among the names.
            Exception: what one of the names, or an operator, raised.
        """
        try:
            call = _LITERAL_CALL.fullmatch(text)
            if call is not None:
                return self._called(call)
            prepared = self._prepared.get(text)
            if prepared is None:
                prepared = self._prepared[text] = self._prepare(text)
            if prepared.asks - self._names.keys():
                raise TargetNotKnownError
            if self._note is not None:
                for name in prepared.names:
                    self._note(("name", name))
            with budgeted():
                value = self._value(prepared)
                if self._is_lenient and isinstance(value, Undefined):
                    return str(value)
                return received(_converted(value), "the value")
        except TemplateSyntaxError as problem:
            raise UnreadableTemplateError(problem.message or "bad syntax") from problem
        except RecursionError as problem:
            raise UnreadableTemplateError(NESTED_TOO_DEEPLY) from problem
        except UndefinedError as problem:
            raise TemplateError(problem.message or "undefined", is_safe=False) from problem

    def _called(self, call: re.Match[str]) -> object:
        """What a variable's function gives for texts, for which no template is needed."""
        function, *texts = call.groups()
        look_up = self._names[function]
        assert callable(look_up)
        value = look_up(*(text for text in texts if text is not None))
        return received(_converted(value), "the value")

    def _prepare(self, text: str) -> _Prepared:
        tree = self._environment.parse(text)
        found = find_undeclared_variables(tree)
        asks, names = _KNOWN_LATER & found, frozenset(found) - _SAME_EVERYWHERE
        self._environment.count_loops(tree)
        expression = _sole_expression(tree)
        if expression is None:
            return _Prepared(self._compile(tree), asks=asks, names=names)
        is_constant = _is_constant(expression)
        # Assigned rather than written out, since Jinja turns constants into text there.
        assign = nodes.Assign(nodes.Name("value", "store"), expression, lineno=1)
        template = self._compile(nodes.Template([assign], lineno=1))
        return _Prepared(template, True, is_constant, asks, names)

    def _value(self, prepared: _Prepared) -> object:
        template = prepared.template
        context = self._context(template)
        written = list(template.root_render_func(context))
        if prepared.is_sole:
            value = context.vars["value"]
            is_number = type(value) in (int, float)
            return str(value) if is_number and prepared.is_constant else value
        return written[0] if len(written) == 1 else concatenate(map(text_of, written))

    def _context(self, template: Template) -> Context:
        """The names, with lists and mappings that this text alone may change."""
        return template.new_context({name: own(value) for name, value in self._names.items()})

    def _compile(self, tree: nodes.Template) -> Template:
        tree.set_environment(self._environment)
        return self._environment.from_string(tree)


def _is_constant(expression: nodes.Expr) -> bool:
    """Whether an expression says its value without a name, a call or a filter."""
    asking = (nodes.Name, nodes.Call, nodes.Filter)
    return not isinstance(expression, asking) and not any(map(expression.find, asking))


def _sole_expression(tree: nodes.Template) -> nodes.Expr | None:
    """The expression of a template that is nothing but `{{ expression }}`."""
    match tree.body:
        case [nodes.Output(nodes=[expression])] if not isinstance(expression, nodes.TemplateData):
            return expression
    return None


def _converted(value: object) -> object:
    if isinstance(value, ChainableUndefined):
        value._fail_with_undefined_error()
    if isinstance(value, _Text):
        return value
    if not isinstance(value, _Converted):
        return value
    text = {"true": "True", "false": "False"}.get(value.strip(), str(value))
    result: object
    try:
        result = value_of(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        result = str(value)
    if value.kinds and type(result) not in value.kinds:
        raise TemplateError(f"'{value}' is no {value.noun}.", is_safe=False)
    return result
