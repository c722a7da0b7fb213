"""What the tests of templates share: a scope over macros given as text, and stock Jinja."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from itertools import chain
from typing import Any

import anyio
import jinja2
from headrace.engine.manifest.jinja.macro_file import MacroFile
from headrace.engine.manifest.jinja.macro_index import MacroIndex
from headrace.engine.manifest.jinja.macro_reader import read_macros
from headrace.engine.manifest.jinja.syntax import SyntaxEnvironment
from headrace.engine.template.dbt.values import FUNCTIONS
from headrace.engine.template.macro_space import MacroReturn, MacroSpace
from headrace.engine.template.scope import LazyName, Scope
from headrace.engine.template.template_environment import (
    CodeCache,
    ScopeContext,
    TemplateEnvironment,
    render,
)

_MACRO_NAME = re.compile(r"(?<=^{% macro )(\w+)", re.MULTILINE)


def macro_index(
    files: Mapping[str, str], *, dialect: tuple[str, ...] = ("sqlite", "default")
) -> MacroIndex:
    """Macros by file: "macros/a.sql" is the project shop's, "util:macros/a.sql" a package's."""
    found = [_macro_file(name, text) for name, text in files.items()]
    read = partial(read_macros, SyntaxEnvironment())
    return MacroIndex(
        found,
        chain.from_iterable(map(read, found)),
        root_package="shop",
        dialect=dialect,
    )


def scope(
    files: Mapping[str, str],
    names: Mapping[str, Any] | None = None,
    *,
    lazy: Mapping[str, LazyName] | None = None,
    package: str = "shop",
) -> Scope:
    """The scope of a node of a package, which sees those macros and names."""
    space = MacroSpace(macro_index(files), TemplateEnvironment(CodeCache()))
    return Scope(space, package, {**FUNCTIONS, **(names or {})}, lazy or {})


async def render_text(text: str, scope: Scope) -> str:
    """The text of a model's template in a scope."""
    environment = scope.macros.environment
    template = environment.template(text, "models/m.sql")
    return await render(template, ScopeContext(environment, template, scope, scope.package))


def render_stock(text: str, macros: str, names: Mapping[str, Any]) -> str:
    """The text of a template in stock, synchronous Jinja, with macros that `return()` leaves.

    A macro, which starts its line, is called through the context, as dbt does it: so that
    `return()` ends at the nearest.
    """
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    context: dict[str, Any] = {**FUNCTIONS, **names}
    hidden = environment.from_string(_MACRO_NAME.sub(r"hidden_\1", macros))
    module = hidden.new_context(context)
    for _ in hidden.root_render_func(module):
        pass
    for name in _MACRO_NAME.findall(macros):
        module.parent[name] = context[name] = _returning(module.vars[f"hidden_{name}"])
    return environment.from_string(text).render(context)


def _returning(macro: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        try:
            return macro(*arguments, **named)
        except MacroReturn as returned:
            return returned.value

    return call


async def fetch(value: Any = None) -> Any:
    """Gives back what it is given, after it let others run: a query, as templates see it."""
    await anyio.lowlevel.checkpoint()
    return value


def fetch_now(value: Any = None) -> Any:
    """The same for stock Jinja."""
    return value


def _macro_file(name: str, text: str) -> MacroFile:
    package, _, path = name.rpartition(":")
    return MacroFile(package or "shop", path, path, text)
