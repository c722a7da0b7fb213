"""`modules.re` in a template.

A regular expression that backtracks without end holds the thread, and nothing can interrupt it.
So the plainest of those, in which a repetition repeats what may itself be cut up in any way
(`(a+)+`, `(\\w*)*`, `(\\w+\\s?)*`), aren't compiled. Others remain: see docs/templates.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from importlib import import_module
from typing import Any

from ..core.errors import CompilationError
from .allowed_names import Names
from .type_methods import limited_replacement

_FLAGS = "A ASCII I IGNORECASE L LOCALE M MULTILINE S DOTALL X VERBOSE U UNICODE NOFLAG".split()
_SEARCHES = "match search fullmatch split findall finditer".split()

# Python's own reader of patterns has no public name; without it nothing is refused.
_parser: Any = import_module("re._parser")
_UNBOUNDED = 100
"""Repetitions of at least so many count as any number."""


def compile_pattern(pattern: Any, flags: int = 0) -> re.Pattern[str]:
    """`re.compile`.

    Raises:
        CompilationError: the pattern is one that backtracks without end.
        re.error: it is no pattern.
    """
    if isinstance(pattern, str | bytes):
        require_quick(pattern, int(flags))
    compiled: re.Pattern[str] = re.compile(pattern, flags)
    return compiled


@lru_cache(maxsize=512)
def require_quick(pattern: str | bytes, flags: int) -> None:
    """Whether a pattern is free of repetitions of what is nothing but a repetition.

    Raises:
        CompilationError: it isn't.
    """
    if any(_is_ambiguous(body) for body in _repeated(_parser.parse(pattern, flags))):
        raise CompilationError(
            f"the regular expression {pattern!r} repeats a repetition, and takes without end "
            "where it doesn't match. Take one of the two away."
        )


def _repeated(pattern: Iterable[Any]) -> Iterator[Any]:
    """What is repeated without a bound, wherever it stands in a pattern."""
    for operation, argument in pattern:
        if str(operation) in ("MAX_REPEAT", "MIN_REPEAT") and int(argument[1]) >= _UNBOUNDED:
            yield argument[2]
        for part in _parts(argument):
            yield from _repeated(part)


def _is_ambiguous(body: Any) -> bool:
    """Whether a repeated pattern is, for one of its ways, a repetition and else nothing."""
    if len(body) == 1 and str(body[0][0]) == "SUBPATTERN":
        return _is_ambiguous(body[0][1][3])
    if len(body) == 1 and str(body[0][0]) == "BRANCH":
        return any(_is_ambiguous(way) for way in body[0][1][1])
    for position, (operation, argument) in enumerate(body):
        rest = [one for other, one in enumerate(body) if other != position]
        if all(_may_be_empty(one) for one in rest) and (
            (str(operation) in ("MAX_REPEAT", "MIN_REPEAT") and int(argument[1]) >= _UNBOUNDED)
            or (str(operation) == "SUBPATTERN" and _is_ambiguous(argument[3]))
        ):
            return True
    return False


def _may_be_empty(item: Any) -> bool:
    operation, argument = item
    match str(operation):
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            return argument[0] == 0 or all(map(_may_be_empty, argument[2]))
        case "SUBPATTERN":
            return all(map(_may_be_empty, argument[3]))
        case "BRANCH":
            return any(all(map(_may_be_empty, way)) for way in argument[1])
        case "AT" | "ASSERT" | "ASSERT_NOT":
            return True
    return False


def _parts(argument: Any) -> Iterator[Any]:
    """The patterns within an operation's argument."""
    if isinstance(argument, _parser.SubPattern):
        yield argument
    elif isinstance(argument, tuple | list):
        for each in argument:
            yield from _parts(each)


def _searching(name: str) -> Callable[..., Any]:
    def call(pattern: Any, string: Any, *arguments: Any, flags: int = 0, **named: Any) -> Any:
        # `split` takes how often before its flags, the others have flags alone.
        if name != "split" and arguments:
            flags, arguments = arguments[0], arguments[1:]
        elif len(arguments) > 1:
            flags, arguments = arguments[1], arguments[:1]
        compiled = compile_pattern(pattern, flags)
        return getattr(compiled, name)(string, *arguments, **named)

    call.__name__ = name
    return call


def sub(pattern: Any, repl: Any, string: Any, count: int = 0, flags: int = 0) -> Any:
    """`re.sub`, whose text has a limit."""
    compiled = compile_pattern(pattern, flags)
    return compiled.sub(limited_replacement(compiled, repl, string), string, count)


def subn(pattern: Any, repl: Any, string: Any, count: int = 0, flags: int = 0) -> Any:
    """`re.subn`, whose text has a limit."""
    compiled = compile_pattern(pattern, flags)
    return compiled.subn(limited_replacement(compiled, repl, string), string, count)


_LACKING = {
    **dict.fromkeys(("Match", "Pattern", "RegexFlag"), "templates have no use for classes"),
    "error": "templates catch no errors",
    "purge": "what is kept of patterns is everybody's",
    "template": "it compiles a pattern, as 'compile' does",
}

PATTERNS = Names(
    dict(
        **{name: getattr(re, name) for name in _FLAGS},
        **{name: _searching(name) for name in _SEARCHES},
        compile=compile_pattern,
        escape=re.escape,
        sub=sub,
        subn=subn,
    ),
    _LACKING,
)
"""The module as templates see it."""
