"""Calls that stand in a text by themselves: `ref('orders', v=2)` in a properties file.

Jinja without its braces. What is written out in full is read here; anything else is for a render.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from ...core.errors import Location, ParseError
from ...core.python_literals import expression_tree
from ..nodes.node_calls import Call, MetricCall, RefCall, SourceCall

_BARE_CALL = re.compile(r"\s*(env_var|ref|var|source|doc)\s*\(.+\)\s*\Z", re.DOTALL)
_CONSTANTS = {"true": True, "false": False, "none": None}
_EXAMPLES = {
    "ref": "ref('orders')",
    "source": "source('till', 'receipts')",
    "metric": "metric('revenue')",
}


class NotLiteralError(Exception):
    """An argument isn't written out in full."""


def bare_call(text: str) -> str | None:
    """The function that a text is nothing but a call of, as dbt sees it: "ref" of `ref(x)`."""
    found = _BARE_CALL.match(text) if "(" in text else None
    return None if found is None else found[1]


def read_call(text: str, allowed: tuple[str, ...], location: Location) -> Call:
    """The call that a text must be.

    Raises:
        ParseError: it is none of the functions `allowed`, or its arguments are no literals.
    """
    call = literal_call(text)
    if call is None or _function_of(call) not in allowed:
        examples = " or ".join(_EXAMPLES[function] for function in allowed)
        raise ParseError(
            f"'{text}' can't be read: a call such as {examples} is meant, with names in quotes.",
            location=location,
        )
    return call


def literal_reference(text: str) -> RefCall | SourceCall | None:
    """The `ref` or the `source` that a text is, by literals; None where it is something else."""
    call = literal_call(text)
    return None if isinstance(call, MetricCall) else call


def literal_call(text: str) -> Call | None:
    """The call that a text is, by literals; None where it is something else."""
    function, _, rest = text.strip().partition("(")
    function = function.rstrip()
    if function not in _EXAMPLES or not rest.endswith(")"):
        return None
    try:
        names, named = literal_arguments(rest[:-1])
    except NotLiteralError:
        return None
    if not all(isinstance(name, str) for name in names):
        return None
    match function, names:
        case "ref", [*package, name] if len(package) < 2 and not named.keys() - {"v", "version"}:
            version = named.get("version", named.get("v"))
            return RefCall(name, package[0] if package else None, version)
        case "source", [source, table] if not named:
            return SourceCall(source, table)
        case "metric", [*package, name] if len(package) < 2 and not named:
            return MetricCall(name, *package)
    return None


def literal_arguments(text: str) -> tuple[list[Any], dict[str, Any]]:
    """Arguments whose literals Python and Jinja write alike.

    Raises:
        NotLiteralError: one isn't, or the text has more to it.
    """
    try:
        call = expression_tree(f"f({text})")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise NotLiteralError from error
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise NotLiteralError
    named: dict[str, Any] = {}
    for keyword in call.keywords:
        if keyword.arg is None:
            raise NotLiteralError
        named[keyword.arg] = _value(keyword.value)
    return [_value(argument) for argument in call.args], named


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=str() | bool() | int() | float() | None as value):
            return value
        case ast.Name(id=name) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case ast.List(elts=items):
            return [_value(item) for item in items]
        case ast.Tuple(elts=items):
            return tuple(_value(item) for item in items)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
    raise NotLiteralError


def _function_of(call: Call) -> str:
    return {RefCall: "ref", SourceCall: "source", MetricCall: "metric"}[type(call)]
