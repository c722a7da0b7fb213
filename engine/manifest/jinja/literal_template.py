"""Templates that are text with literal calls, read without Jinja's parser.

Most models are. Taking one apart with two patterns costs a tenth of its syntax tree, and says
the same; whatever is not surely of this kind is left to the parser.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from ..nodes.pieces import Constant, Hole, Piece
from .scanner import (
    Scan,
    ScanBuilder,
    literal_call,
)

_EXPRESSION = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_CALL = re.compile(r"\s*(ref|source|config|var)\s*\(([^(){}\\]*)\)\s*\Z")
_STRINGS = re.compile(r"\s*(?:'([^'\\\n]*)'|\"([^\"\\\n]*)\")\s*(?:,|\Z)")
_NOT_LITERAL = re.compile(r"\{[%#]|\r")
_CONSTANTS = {"true": True, "false": False, "none": None}


class _NotLiteralError(Exception):
    """The template has more to it."""


def scan_literal_template(source: str) -> Scan | None:
    """What a template of text and literal calls needs; None where it is not surely one."""
    if _NOT_LITERAL.search(source):
        return None
    try:
        return _scan(source)
    except _NotLiteralError:
        return None


def _scan(source: str) -> Scan:
    found = ScanBuilder()
    pieces: list[Piece] = []
    position, line = 0, 1
    for match in _EXPRESSION.finditer(source):
        _add_text(pieces, source[position : match.start()])
        line += source.count("\n", position, match.start())
        pieces.append(_read(match.group(1), line, found))
        line += source.count("\n", match.start(), match.end())
        position = match.end()
    _add_text(pieces, source[position:])
    return found.finished(tuple(pieces))


def _add_text(pieces: list[Piece], text: str) -> None:
    if "{{" in text:
        raise _NotLiteralError
    if text:
        pieces.append(Constant(text))


def _read(expression: str, line: int, found: ScanBuilder) -> Piece:
    if expression.strip() == "this":
        found.loaded.add("this")
        return Hole("this", (), line + expression.count("\n", 0, expression.index("this")))
    call = _CALL.match(expression)
    if call is None:
        raise _NotLiteralError
    function, text = call.groups()
    positional, named = _arguments(text)
    line += expression.count("\n", 0, call.start(1))
    if not found.call(function, positional, named, line, conditional=False):
        raise _NotLiteralError
    piece = literal_call(function, positional, named, line)
    if piece is None:
        raise _NotLiteralError
    return piece


def _arguments(text: str) -> tuple[list[Any], dict[str, Any]]:
    strings: list[Any] = []
    position = 0
    while position < len(text):
        match = _STRINGS.match(text, position)
        if match is None:
            return _python_arguments(text)
        strings.append(match.group(1) if match.group(1) is not None else match.group(2))
        position = match.end()
    return strings, {}


def _python_arguments(text: str) -> tuple[list[Any], dict[str, Any]]:
    """Arguments whose literals Python and Jinja write alike."""
    try:
        call = ast.parse(f"f({text})", mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise _NotLiteralError from error
    if not isinstance(call, ast.Call):
        raise _NotLiteralError
    named: dict[str, Any] = {}
    for keyword in call.keywords:
        if keyword.arg is None:
            raise _NotLiteralError
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
    raise _NotLiteralError
