"""Python's syntax for values, read by Python itself."""

import ast
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

_TRIES = 20

# Python 3.11 counts how deep a tree is in one place for all threads: two that make trees at a time
# end in a SystemError (python/cpython#106905).
_one_at_a_time = threading.RLock()


def expression_tree(text: str) -> ast.expr:
    """The syntax tree of one expression, from any thread.

    Raises:
        SyntaxError: it isn't one.
        ValueError: it holds a character that no source may have.
        RecursionError, MemoryError: it is nested too deeply.
    """
    return reading_literals(lambda: ast.parse(text, mode="eval").body)


def value_of(text: str) -> Any:
    """The value that a text says in Python's literals.

    Raises:
        ValueError: it says none.
        SyntaxError, RecursionError, MemoryError: as of `expression_tree`.
    """
    return ast.literal_eval(expression_tree(text.lstrip(" \t")))


def reading_literals(read: Callable[[], T]) -> T:
    """What a function reads that makes Python's trees, while no other thread of ours makes one.

    A thread that isn't ours may: then it is read again.
    """
    with _one_at_a_time:
        for _ in range(_TRIES - 1):
            try:
                return read()
            except SystemError:
                continue
        return read()
