"""Values for the `%s` of a statement, written into it as literals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal

from ..core.errors import CompilationError

_PLACE = re.compile(r"%(.)", re.DOTALL)


def bound(sql: str, values: Sequence[object]) -> str:
    """The statement with a literal for each `%s`; `%%` is a percent sign.

    As dbt-postgres has it: its driver writes the values into the text as well.

    Raises:
        CompilationError: there aren't as many values as places for them.
    """
    remaining = iter(values)
    places = 0

    def literal(match: re.Match[str]) -> str:
        nonlocal places
        if match[1] == "%":
            return "%"
        if match[1] != "s":
            raise CompilationError(
                f"add_query: '{match[0]}' is neither '%s', the place of a value, nor '%%', a "
                "percent sign."
            )
        places += 1
        return sql_literal(next(remaining, None))

    written = _PLACE.sub(literal, sql)
    if places != len(values):
        raise CompilationError(
            f"add_query: the statement has {places} places for values ('%s'), and {len(values)} "
            "bindings are given."
        )
    return written


def sql_literal(value: object) -> str:
    """A value as SQL: what is neither number, truth value nor none is a text."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case Decimal() if value.is_finite():
            return str(value)
        case int():
            return str(value)
        case float() if value - value == 0:
            return repr(value)
        case datetime():
            return _quoted(value.isoformat(sep=" "))
        case date() | time():
            return _quoted(value.isoformat())
    return _quoted(str(value))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
