"""Two sets of rows compared, and their difference as a table in the form of dbt's unit tests.

    @@ ,id,name
       ,1 ,Ada
    →  ,2 ,Bob→Bobby
    +++,3 ,Cy
    ---,4 ,Dee

A row behind `→` was expected one way and is another: `expected→actual`. One behind `+++` wasn't
expected, one behind `---` is missing, and of those that are as they should be, only the nearest
are shown.
"""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation

from msgspec import Struct

from ..core.text_table import padded

Row = Sequence[object]
CellKey = tuple[int, Decimal, str]
RowKey = tuple[CellKey, ...]

_NUMBER, _TEXT, _NOTHING = range(3)
_ZERO = Decimal(0)

_FLOAT_DIGITS = 15
"""Digits that a double keeps for sure, so that 0.1 + 0.2 is 0.3."""

_MOST_PAIRS = 250_000
"""So many pairs of rows are looked at to find which of them belong together."""

_CONTEXT = 1
"""How many rows without a difference are shown beside one that has."""


class _Line(Struct, frozen=True):
    """A line of the table, and the row by which it takes its place."""

    place: tuple[RowKey, int]
    mark: str
    cells: tuple[str, ...]


class _Keyed(Struct, frozen=True):
    key: RowKey
    row: Row


def row_diff(
    column_names: Sequence[str], expected: Iterable[Row], actual: Iterable[Row]
) -> str | None:
    """What differs between the rows, in any order; None where nothing does.

    Numbers are compared as numbers, so that 4.5 is 4.50. Where a column has texts as well as
    numbers, as SQLite allows, a text that is a number counts as one.
    """
    wanted, given = list(expected), list(actual)
    is_mixed = [_is_mixed(cells) for cells in zip(*wanted, *given, strict=True)]

    def keyed(rows: list[Row]) -> list[_Keyed]:
        made = [_Keyed(tuple(map(_cell_key, row, is_mixed)), row) for row in rows]
        return sorted(made, key=lambda row: row.key)

    lines = list(_lines(keyed(wanted), keyed(given)))
    if not any(line.mark for line in lines):
        return None
    lines.sort(key=lambda line: line.place)
    return _table(column_names, lines)


def _lines(expected: list[_Keyed], actual: list[_Keyed]) -> Iterator[_Line]:
    unexplained = Counter(row.key for row in actual)
    missing: list[_Keyed] = []
    for row in expected:
        if unexplained[row.key]:
            unexplained[row.key] -= 1
            yield _Line((row.key, 0), "", tuple(map(_text, row.row)))
        else:
            missing.append(row)
    extra: list[_Keyed] = []
    for row in reversed(actual):
        if unexplained[row.key]:
            unexplained[row.key] -= 1
            extra.append(row)
    extra.reverse()
    pairs = dict(_pairs(missing, extra))
    for number, row in enumerate(missing):
        if number in pairs:
            other = extra[pairs[number]]
            yield _Line((row.key, 0), "→", _changed(row, other))
        else:
            yield _Line((row.key, 2), "---", tuple(map(_text, row.row)))
    paired = set(pairs.values())
    for number, row in enumerate(extra):
        if number not in paired:
            yield _Line((row.key, 1), "+++", tuple(map(_text, row.row)))


def _pairs(missing: list[_Keyed], extra: list[_Keyed]) -> Iterator[tuple[int, int]]:
    """The rows that are the same one with other values: those that have most in common.

    A value that many rows have says little of which row it is.
    """
    if len(missing) * len(extra) > _MOST_PAIRS:
        return
    counts: defaultdict[tuple[int, CellKey], int] = defaultdict(int)
    for row in (*missing, *extra):
        for place, cell in enumerate(row.key):
            counts[place, cell] += 1
    likeness = [
        (-score, first, second)
        for first, row in enumerate(missing)
        for second, other in enumerate(extra)
        if (score := _likeness(row.key, other.key, counts))
    ]
    seen: tuple[set[int], set[int]] = (set(), set())
    for _, first, second in sorted(likeness):
        if first not in seen[0] and second not in seen[1]:
            seen[0].add(first)
            seen[1].add(second)
            yield first, second


def _likeness(one: RowKey, other: RowKey, counts: defaultdict[tuple[int, CellKey], int]) -> float:
    same = (
        (place, cell)
        for place, (cell, theirs) in enumerate(zip(one, other, strict=True))
        if cell == theirs and cell[0] != _NOTHING
    )
    return sum(1 / counts[cell] for cell in same)


def _changed(expected: _Keyed, actual: _Keyed) -> tuple[str, ...]:
    return tuple(
        _text(cell) if key == other_key else f"{_text(cell)}→{_text(other)}"
        for cell, other, key, other_key in zip(
            expected.row, actual.row, expected.key, actual.key, strict=True
        )
    )


def _table(column_names: Sequence[str], lines: list[_Line]) -> str:
    shown = [("@@", *column_names), *_shown(lines, len(column_names))]
    cells = [[_quoted(cell) for cell in line] for line in shown]
    return "\n".join(",".join(line).rstrip() for line in padded(cells))


def _shown(lines: list[_Line], width: int) -> Iterator[tuple[str, ...]]:
    """The lines with a difference and those beside them; `...` where others are left out."""
    near = {
        place
        for number, line in enumerate(lines)
        if line.mark
        for place in range(number - _CONTEXT, number + _CONTEXT + 1)
    }
    is_open = False
    for number, line in enumerate(lines):
        if number in near:
            yield (line.mark, *line.cells)
        elif not is_open:
            yield tuple(["..."] * (width + 1))
        is_open = number not in near


def _is_mixed(cells: Iterable[object]) -> bool:
    """Whether a column has both texts and numbers."""
    kinds = {isinstance(cell, str) for cell in cells if isinstance(cell, (str, int, float))}
    return len(kinds) > 1


def _cell_key(cell: object, is_mixed: bool) -> CellKey:
    """What two cells have in common that count as the same, and by which they are sorted."""
    if cell is None:
        return _NOTHING, _ZERO, ""
    number = _number(cell, is_mixed)
    if number is not None:
        return _NUMBER, number, ""
    return _TEXT, _ZERO, _text(cell)


def _number(cell: object, is_mixed: bool) -> Decimal | None:
    if isinstance(cell, float):
        return Decimal(f"{cell:.{_FLOAT_DIGITS}g}") if math.isfinite(cell) else None
    if isinstance(cell, (int, Decimal)):
        number = Decimal(cell)
        return number if number.is_finite() else None
    if is_mixed and isinstance(cell, str):
        try:
            number = Decimal(cell.strip())
        except InvalidOperation:
            return None
        return number if number.is_finite() else None
    return None


def _text(cell: object) -> str:
    match cell:
        case None:
            return "NULL"
        case bool():
            return str(cell).lower()
        case str():
            return cell
        case datetime():
            return cell.isoformat(sep=" ")
        case date() | time():
            return cell.isoformat()
        case bytes():
            return f"\\x{cell.hex()}"
        case dict() | list():
            return json.dumps(cell, default=str)
        case _:
            return str(cell)


def _quoted(cell: str) -> str:
    """A cell as CSV has it, on one line."""
    if not any(mark in cell for mark in ',"\r\n'):
        return cell
    return '"' + cell.replace('"', '""').replace("\r", "\\r").replace("\n", "\\n") + '"'
