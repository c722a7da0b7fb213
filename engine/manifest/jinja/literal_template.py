"""Templates that are text with literal calls, read without Jinja's parser.

Most models are. Taking one apart with two patterns costs a tenth of its syntax tree, and says
the same; whatever is not surely of this kind is left to the parser.
"""

from __future__ import annotations

import re
from typing import Any

from ..nodes.pieces import Constant, Hole, Piece
from .bare_calls import NotLiteralError, literal_arguments
from .scanner import Scan, ScanBuilder, literal_call

_EXPRESSION = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_CALL = re.compile(r"\s*(ref|source|config|var)\s*\(([^(){}\\]*)\)\s*\Z")
_STRINGS = re.compile(r"\s*(?:'([^'\\\n]*)'|\"([^\"\\\n]*)\")\s*(?:,|\Z)")
_NOT_LITERAL = re.compile(r"\{[%#]|\r")


def scan_literal_template(source: str) -> Scan | None:
    """What a template of text and literal calls needs; None where it is not surely one."""
    if _NOT_LITERAL.search(source):
        return None
    try:
        return _scan(source)
    except NotLiteralError:
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
        raise NotLiteralError
    if text:
        pieces.append(Constant(text))


def _read(expression: str, line: int, found: ScanBuilder) -> Piece:
    if expression.strip() == "this":
        found.loaded.add("this")
        return Hole("this", (), line + expression.count("\n", 0, expression.index("this")))
    call = _CALL.match(expression)
    if call is None:
        raise NotLiteralError
    function, text = call.groups()
    positional, named = _arguments(text)
    line += expression.count("\n", 0, call.start(1))
    if not found.call(function, positional, named, line, conditional=False):
        raise NotLiteralError
    piece = literal_call(function, positional, named, line)
    if piece is None:
        raise NotLiteralError
    return piece


def _arguments(text: str) -> tuple[list[Any], dict[str, Any]]:
    strings: list[Any] = []
    position = 0
    while position < len(text):
        match = _STRINGS.match(text, position)
        if match is None:
            return literal_arguments(text)
        strings.append(match.group(1) if match.group(1) is not None else match.group(2))
        position = match.end()
    return strings, {}
