"""What `print_table()` prints: the first rows and columns, as the tables of dbt's macros show them.

(https://agate.readthedocs.io/en/latest/api/table.html#agate.Table.print_table)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal, getcontext
from typing import Any, Protocol

from ...core.text_table import text_table
from .table_types import DataType

_MORE = "..."


class Printable(Protocol):
    """A table, as far as printing asks for it."""

    @property
    def column_names(self) -> Sequence[str]: ...

    @property
    def column_types(self) -> Sequence[DataType]: ...

    @property
    def rows(self) -> Sequence[Sequence[Any]]: ...


def printed_table(
    table: Printable,
    *,
    max_rows: int | None,
    max_columns: int | None,
    max_column_width: int | None,
    max_precision: int | None,
) -> str:
    """The table as text. None stands for no limit.

    What goes beyond a limit is shown by three dots: rows and columns by one more of them, a long
    value by its end, and the digits of a number by an ellipsis.
    """
    types = table.column_types[:max_columns]
    rows = [row[:max_columns] for row in table.rows[:max_rows]]
    columns = [
        [_cut(text, max_column_width) for text in _texts(type_, column, max_precision)]
        for type_, column in zip(types, _columns(rows, len(types)), strict=True)
    ]
    names = [_cut(name, max_column_width) for name in table.column_names[:max_columns]]
    lines = [list(line) for line in zip(*columns, strict=True)]
    if len(types) < len(table.column_names):
        for line in (names, *lines):
            line.append(_MORE)
    # The type of the first column that is left out decides for the dots in its place.
    shown = table.column_types[: len(names)]
    to_the_right = {place for place, type_ in enumerate(shown) if type_.name != "Text"}
    text = text_table(names, lines, to_the_right)
    if len(rows) == len(table.rows):
        return text
    # As in dbt no column grows for these.
    widths = [len(cell) for cell in text.split("\n")[1][2:-2].split(" | ")]
    put = [str.rjust if place in to_the_right else str.ljust for place in range(len(widths))]
    dots = [put[place](_MORE, width) for place, width in enumerate(widths)]
    return f"{text}\n| {' | '.join(dots)} |"


def _columns(rows: Sequence[Sequence[Any]], count: int) -> list[list[Any]]:
    return [[row[place] for row in rows] for place in range(count)]


def _texts(type_: DataType, values: Sequence[Any], max_precision: int | None) -> Iterable[str]:
    """A column's values; numbers all with as many digits as the one that has most."""
    if type_.name != "Number":
        return ["" if value is None else str(value) for value in values]
    numbers = [None if value is None else Decimal(str(value)) for value in values]
    places = _decimal_places(number for number in numbers if number is not None)
    end = ""
    if max_precision is not None and places > max_precision:
        places, end = max_precision, "…"
    return ["" if number is None else _number(number, places, end) for number in numbers]


def _number(number: Decimal, places: int, end: str) -> str:
    return f"{number:,.{places}f}{end}" if number.is_finite() else str(number)


def _decimal_places(numbers: Iterable[Decimal]) -> int:
    """How many decimal places the numbers need, within those that arithmetic keeps."""
    whole, places = 1, 0
    for number in numbers:
        if number.is_finite():
            _, digits, exponent = number.normalize().as_tuple()
            assert isinstance(exponent, int)
            places = max(places, -exponent)
            whole = max(whole, len(digits) + exponent)
    return min(places, getcontext().prec - whole)


def _cut(text: str, width: int | None) -> str:
    if width is None or len(text) <= width:
        return text
    return text[: width - len(_MORE)] + _MORE
