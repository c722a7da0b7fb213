"""One template of a node, rendered in a scope, with errors that say where."""

from __future__ import annotations

import re
from typing import Any

from jinja2 import Template

from ...adapters.errors import AdapterError
from ..core.errors import CompilationError, Frame, HeadraceError, Location
from ..manifest.nodes.node import Node
from ..sandbox.budget import TemplateLimitError
from ..sandbox.handed import printed
from .macro_space import MacroReturn
from .scope import Scope
from .template_environment import ScopeContext, TemplateEnvironment, render, template_line
from .wording import describe

_SINGLE_EXPRESSION = re.compile(r"\s*\{\{-?((?:(?!\{\{|\}\}).)+?)-?\}\}\s*\Z", re.DOTALL)


def node_frame(node: Node) -> Frame:
    """A node as the last line of a template's stack."""
    return Frame(node.resource_type.value, node.name, node.original_file_path)


async def render_source(
    environment: TemplateEnvironment, source: str, node: Node, scope: Scope
) -> str:
    """The text of a template that belongs to a node: its own, or a hook's.

    Raises:
        CompilationError: it failed; says where, with the stack of macros.
        AdapterError: a statement that it ran was refused.
    """
    text, _ = await _run(environment, source, node, scope)
    return text


async def render_nested(
    environment: TemplateEnvironment, scope: Scope, source: str, name: str = "render()"
) -> str:
    """The text of a template that a template has: a variable's value, what it gives to `render`.

    `name` is what messages call it.

    Raises:
        CompilationError: it isn't Jinja, or failed.
        AdapterError: a statement that it ran was refused.
    """
    template = environment.template(printed(source), name)
    try:
        return await render(template, ScopeContext(environment, template, scope, scope.package))
    except (AdapterError, HeadraceError, MacroReturn):
        raise
    except Exception as error:
        raise CompilationError(f"{name}: {describe(error)}") from error


async def evaluate_source(
    environment: TemplateEnvironment, source: str, node: Node, scope: Scope
) -> Any:
    """What a YAML value with Jinja in it stands for: a list, a relation, or a text.

    A single expression keeps its type; anything more is text.

    Raises:
        CompilationError, AdapterError: as `render_source`.
    """
    single = _SINGLE_EXPRESSION.match(source)
    if single is None:
        return await render_source(environment, source, node, scope)
    assignment = "{% set result = (" + single.group(1) + ") %}"
    _, names = await _run(environment, assignment, node, scope)
    return names["result"]


async def _run(
    environment: TemplateEnvironment, source: str, node: Node, scope: Scope
) -> tuple[str, dict[str, Any]]:
    """A template's text, and the names that its top level set."""
    template = _template(environment, source, node)
    context = ScopeContext(environment, template, scope, node.package_name)
    try:
        return await render(template, context), context.vars
    except MacroReturn as returned:
        return printed(returned.value), {"result": returned.value}
    except CompilationError as error:
        kind = TemplateLimitError if isinstance(error, TemplateLimitError) else CompilationError
        raise kind(
            error.problem,
            location=error.location or _location(template, source, node, error),
            stack=(*error.stack, node_frame(node)),
        ) from error
    except (AdapterError, HeadraceError):
        raise
    except Exception as error:
        raise CompilationError(
            describe(error),
            location=_location(template, source, node, error),
            stack=(node_frame(node),),
        ) from error


def _template(environment: TemplateEnvironment, source: str, node: Node) -> Template:
    try:
        return environment.template(source, node.original_file_path)
    except CompilationError as error:
        if source == node.raw_code and not node.is_embedded:
            raise
        raise CompilationError(
            error.problem, location=node.location, stack=(node_frame(node),)
        ) from error


def _location(template: Template, source: str, node: Node, error: Exception) -> Location:
    """The line of a node's file that failed; of a hook or an argument only whose it is."""
    if source != node.raw_code or node.is_embedded:
        return node.location
    path = node.original_file_path
    return Location(path, template_line(template, path, error.__traceback__))
