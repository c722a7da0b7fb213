"""One template of a node, rendered in a scope, with errors that say where."""

from __future__ import annotations

from ...adapters.errors import AdapterError
from ..errors import CompilationError, Frame, HeadraceError, Location
from ..manifest.nodes import Node
from .environment import ScopeContext, TemplateEnvironment, render, template_line
from .scope import MacroReturn, Scope, describe


def node_frame(node: Node) -> Frame:
    """A node as the last line of a template's stack."""
    return Frame(node.resource_type.value, node.name, node.original_file_path)


async def render_source(
    environment: TemplateEnvironment, source: str, node: Node, scope: Scope
) -> str:
    """The text of a template that belongs to a node: its own, a hook's, an argument's.

    Raises:
        CompilationError: it failed; says where, with the stack of macros.
        AdapterError: a statement that it ran was refused.
    """
    path = node.original_file_path
    template = environment.template(source, path)
    context = ScopeContext(environment, template, scope, node.package_name)
    try:
        return await render(template, context)
    except MacroReturn as returned:
        return str(returned.value)
    except CompilationError as error:
        line = template_line(template, path, error.__traceback__)
        raise CompilationError(
            error.problem,
            location=error.location or Location(path, line),
            stack=(*error.stack, node_frame(node)),
        ) from error
    except (AdapterError, HeadraceError):
        raise
    except Exception as error:
        line = template_line(template, path, error.__traceback__)
        raise CompilationError(
            describe(error), location=Location(path, line), stack=(node_frame(node),)
        ) from error
