"""dbt's dialect of Jinja, up to the syntax tree.

dbt adds block tags that define macros, and gives macros a prefix in the compiled template: a
macro that is called by another one of the same file is looked up by its plain name, so that a
project's override counts there too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jinja2 import TemplateSyntaxError, nodes
from jinja2.compiler import CodeGenerator
from jinja2.ext import Extension, do, loopcontrols
from jinja2.lexer import TokenStream
from jinja2.parser import Parser

from ...core.checkpoints import checked, checkpoint
from ...core.errors import CompilationError, Location
from ...sandbox.sandbox_environment import NESTED_TOO_DEEPLY, GuardedEnvironment, deepest_line
from ..nodes.materialization_names import PREFIX

MACRO_PREFIX = "dbt_macro__"

_LONG_SOURCE = 64 * 1024
"""Characters from which on a template is worth a point at each of its words."""


class _Generator(CodeGenerator):
    """Makes Python of a template, with a point at each line of it."""

    def newline(self, node: nodes.Node | None = None, extra: int = 0) -> None:
        checkpoint()
        super().newline(node, extra)


class SyntaxEnvironment(GuardedEnvironment):
    """Parses templates. What they mean when they run belongs to `engine.template`."""

    code_generator_class = _Generator

    def __init__(self, **options: Any) -> None:
        super().__init__(
            extensions=[do, loopcontrols, TestTag, MaterializationTag],
            cache_size=0,
            **options,
        )

    def _tokenize(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> TokenStream:
        stream = super()._tokenize(source, name, filename, state)
        if len(source) < _LONG_SOURCE:
            return stream
        return TokenStream(checked(stream), name, filename)

    def syntax_tree(self, source: str, path: str) -> nodes.Template:
        """The syntax tree of a template.

        Raises:
            CompilationError: it isn't Jinja; says where.
        """
        try:
            return self._parse(source, path, None)
        except TemplateSyntaxError as error:
            raise CompilationError(
                f"{_lower_first(error.message or 'syntax error')}\n"
                f"  line {error.lineno}\n    {_line(source, error.lineno)}",
                location=Location(path, error.lineno),
            ) from error


class TestTag(Extension):
    """`{% test name(model, …) %}` and `{% data_test … %}`: a macro named `test_<name>`."""

    __test__ = False
    tags = {"test", "data_test"}  # noqa: RUF012 # Jinja declares it so

    def parse(self, parser: Parser) -> nodes.Node:
        tag = parser.stream.current.value
        lineno = next(parser.stream).lineno
        node = nodes.Macro(lineno=lineno)
        node.name = "test_" + parser.parse_assign_target(name_only=True).name
        parser.parse_signature(node)
        node.body = parser.parse_statements((f"name:end{tag}",), drop_needle=True)
        return node


class MaterializationTag(Extension):
    """`{% materialization name, adapter='x' %}`: a macro `materialization_<name>_<adapter>`."""

    tags = {"materialization"}  # noqa: RUF012 # Jinja declares it so

    def parse(self, parser: Parser) -> nodes.Node:
        lineno = next(parser.stream).lineno
        name = parser.parse_assign_target(name_only=True).name
        adapter = "default"
        while parser.stream.skip_if("comma"):
            option = parser.parse_assign_target(name_only=True).name
            if option == "default":
                continue
            parser.stream.expect("assign")
            value = parser.parse_expression()
            if option == "adapter":
                adapter = str(value.as_const())
        node = nodes.Macro(lineno=lineno)
        node.name = f"{PREFIX}{name}_{adapter}"
        node.args, node.defaults = [], []
        node.body = parser.parse_statements(("name:endmaterialization",), drop_needle=True)
        return node


def prefix_macros(tree: nodes.Template) -> list[nodes.Macro]:
    """Give every top-level macro of a macro file the prefix, and return them."""
    macros = [node for node in tree.body if isinstance(node, nodes.Macro)]
    for macro in macros:
        macro.name = MACRO_PREFIX + macro.name
    return macros


@contextmanager
def refuse_deep_nesting(tree: nodes.Template, path: str) -> Iterator[None]:
    """Tell of a tree that is too deep to walk as of any other fault of its template.

    Raises:
        CompilationError: what is done meanwhile recurses too deeply.
    """
    try:
        yield
    except RecursionError as error:
        location = Location(path, deepest_line(tree))
        raise CompilationError(NESTED_TOO_DEEPLY, location=location) from error


def _line(source: str, lineno: int) -> str:
    lines = source.splitlines()
    return lines[lineno - 1].strip() if 0 < lineno <= len(lines) else ""


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
