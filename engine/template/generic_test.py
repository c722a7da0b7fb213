"""Generic tests: each is one call of its macro, and needs no template of its own."""

from __future__ import annotations

from typing import Any

from ..core.errors import CompilationError
from ..manifest.artifact.node_dicts import config_dict
from ..manifest.jinja.bare_calls import bare_call, literal_reference
from ..manifest.nodes.test_nodes import GenericTest
from ..project.render import has_template
from ..sandbox.handed import printed
from .dbt.config_object import RunningConfig
from .references import call_reference
from .rendering import evaluate_source, node_frame, render_source
from .scope import BoundMacro, Scope
from .template_environment import TemplateEnvironment


async def render_generic_test(
    environment: TemplateEnvironment, node: GenericTest, scope: Scope
) -> str:
    """What the test's macro gives for its arguments, in whichever phase the scope is of.

    Raises:
        CompilationError: an argument or the macro failed; says where, with the stack of macros.
        AdapterError: a statement that it ran was refused.
    """
    arguments = await evaluate_arguments(environment, node, scope)
    try:
        arguments["model"] = await _tested(environment, node, scope)
        return printed(await _macro(node, scope)(**arguments))
    except CompilationError as error:
        raise CompilationError(
            error.problem,
            location=error.location or node.location,
            stack=(*error.stack, node_frame(node)),
        ) from error


async def evaluate_arguments(
    environment: TemplateEnvironment, node: GenericTest, scope: Scope
) -> dict[str, Any]:
    """What the test's macro is called with, but for its `model`.

    Raises:
        CompilationError, AdapterError: as `render_generic_test`.
    """
    return {
        name: await _argument(environment, name, value, node, scope)
        for name, value in node.arguments.items()
        if name != "model"
    }


def _macro(node: GenericTest, scope: Scope) -> BoundMacro:
    namespace, _, name = node.macro_name.rpartition(".")
    index = scope.macros.index
    macro = (
        index.find_in(namespace, name) if namespace else index.find_anywhere(name, scope.package)
    )
    if macro is None:
        raise CompilationError(
            f"'{node.macro_name}' is undefined: no test '{node.test_name}' exists. Check for typos "
            'and/or install package dependencies with "headrace deps".'
        )
    return scope.bind(macro)


async def _tested(environment: TemplateEnvironment, node: GenericTest, scope: Scope) -> Any:
    """What a test's `model` stands for: the relation, or a filtered select of it.

    A condition that refers to other relations is rendered here, where it can.
    """
    call = node.tested_ref or node.tested_source
    if call is None:
        raise CompilationError("the test has nothing to test.")
    where = node.config.values.get("where")
    if isinstance(where, str) and has_template(where):
        text = await render_source(environment, where, node, scope)
        if scope.context_name("execute"):
            values = {**config_dict(node), "where": text}
            scope = scope.with_names(config=RunningConfig(values, node.name))
    tested = await call_reference(call, scope)
    return await scope.call_macro("get_where_subquery", tested)


async def _argument(
    environment: TemplateEnvironment, name: str, value: Any, node: GenericTest, scope: Scope
) -> Any:
    """An argument of a generic test, or a part of one, with the Jinja in it evaluated."""
    if name == "column_name":
        return value
    if isinstance(value, list):
        return [await _argument(environment, name, item, node, scope) for item in value]
    if isinstance(value, dict):
        return {
            key: await _argument(environment, str(key), item, node, scope)
            for key, item in value.items()
        }
    if not isinstance(value, str):
        return value
    literal = literal_reference(value)
    if literal is not None:
        return await call_reference(literal, scope)
    if bare_call(value):
        return await evaluate_source(environment, "{{ " + value + " }}", node, scope)
    if has_template(value):
        return await evaluate_source(environment, value, node, scope)
    return value
