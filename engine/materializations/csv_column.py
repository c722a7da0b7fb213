"""The kind of a CSV column's values: the first that all of them can be read as, as in dbt."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from math import isfinite
from types import MappingProxyType

from ...adapters.value_kinds import ValueKind
from .csv_times import date_of, has_usual_date, has_usual_moment, iso_moment_of, moment_of

_NULLS = frozenset({"", "null"})
_INTEGER = re.compile(r"[+-]?[0-9]+\Z")
_SHORT_DECIMAL = re.compile(r"[+-]?[0-9]{1,9}\.([0-9]+)\Z")
_CURRENCIES = "؋$ƒ៛¥₡₱£€¢﷼₪₩₭₮₦฿₤₫"
_SURELY_32_BITS = 9
_LONGEST_NUMBER = 400
"""Characters of the longest text that is tried as a number."""


class CsvColumn:
    """One column, as its values are gone through: see()* → kind."""

    __slots__ = ("_accepts", "_is_broken", "_is_huge", "_is_text", "_is_wide", "_kind")

    def __init__(self, *, is_text: bool = False) -> None:
        self._is_text = is_text
        self._accepts: Callable[[str], bool] | None = None
        self._kind = ValueKind.INTEGER
        self._is_broken = False
        """Whether a number isn't whole."""
        self._is_wide = False
        """Whether a whole number needs more than 32 bits."""
        self._is_huge = False
        """Whether one needs more than 64, or is no number at all (nan): with nothing but whole
        numbers beside it that is an identifier, and the column is text."""

    def see(self, cells: Collection[str]) -> None:
        """Take values into account; their order makes no difference."""
        if self._is_text or self._sees_short_numbers(cells):
            return
        for cell in set(cells):
            value = cell.strip()
            if value.lower() in _NULLS:
                continue
            if self._accepts is None:
                # No value is of two kinds but text, so that the first one decides.
                self._is_text = not self._choose(value)
            elif not self._accepts(value):
                self._is_text = True
            if self._is_text:
                return

    def _sees_short_numbers(self, cells: Collection[str]) -> bool:
        """Whether there are none but short whole numbers and nulls: most columns are of these, and
        it is told of all of them at once.
        """
        digits = "".join(cells)
        if not (digits.isascii() and digits.isdecimal()):
            return False
        if max(map(len, cells)) > _SURELY_32_BITS:
            return False
        return self._kind is ValueKind.NUMBER or (self._accepts is None and self._choose("0"))

    @property
    def kind(self) -> ValueKind:
        """What all values can be read as: an integer where there is nothing but nulls."""
        if self._is_text:
            return ValueKind.TEXT
        if self._kind is not ValueKind.NUMBER:
            return self._kind
        if self._is_broken:
            return ValueKind.NUMBER
        if self._is_huge:
            return ValueKind.TEXT
        return ValueKind.BIG_INTEGER if self._is_wide else ValueKind.INTEGER

    def _choose(self, value: str) -> bool:
        tests: tuple[tuple[ValueKind, Callable[[str], bool]], ...] = (
            (ValueKind.NUMBER, self._is_number),
            (ValueKind.DATE, lambda text: date_of(text) is not None),
            (ValueKind.TIMESTAMP, lambda text: moment_of(text) is not None),
            (ValueKind.TIMESTAMP, lambda text: iso_moment_of(text) is not None),
            (ValueKind.BOOLEAN, lambda text: _bare(text) in ("true", "false", *_NULLS)),
        )
        for kind, accepts in tests:
            if accepts(value):
                self._kind, self._accepts = kind, accepts
                return True
        return False

    def _is_number(self, value: str) -> bool:
        is_plain = _INTEGER.match(value) is not None
        if is_plain and len(value) <= _SURELY_32_BITS:
            return True
        short = _SHORT_DECIMAL.match(value)
        if short is not None:
            self._is_broken |= bool(short[1].strip("0"))
            return True
        number = number_of(value)
        if number is None:
            return False
        if not number.is_finite():
            self._is_huge = True
        elif not isfinite(float(number)):
            return False
        elif number != number.to_integral_value():
            self._is_broken = True
        elif not -(2**63) <= number < 2**63:
            self._is_huge |= is_plain
            self._is_broken |= not is_plain
        elif not -(2**31) <= number < 2**31:
            self._is_wide = True
        return True


def number_of(value: str) -> Decimal | None:
    """The number that a text is, or None.

    dbt lets it have digits in groups, a currency, a percent sign, and digits of any script.
    """
    text = value.strip().strip("%")
    if len(text) > _LONGEST_NUMBER and not _INTEGER.match(text):
        return None
    is_negative = text.startswith("-")
    text = text[is_negative:]
    for symbol in _CURRENCIES:
        text = text.strip(symbol)
    try:
        number = Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None
    return number.copy_negate() if is_negative else number


def is_null(cell: str) -> bool:
    """Whether a cell of any column stands for nothing."""
    return cell.strip().lower() in _NULLS


def read_cells(cells: Sequence[str], read: Callable[[str], object]) -> Sequence[object]:
    """What a reader makes of each cell of a column, None of one that stands for nothing."""
    if read is _integer:
        try:
            return list(map(int, cells))
        except ValueError:
            pass  # a null, or a number that Python writes otherwise
    known = {cell: None if is_null(cell) else read(cell) for cell in set(cells)}
    return [known[cell] for cell in cells]


def _integer(value: str) -> int | None:
    if _INTEGER.match(value.strip()):
        return int(value)
    number = number_of(value)
    return None if number is None else int(number)


def _boolean(value: str) -> bool | None:
    bare = _bare(value)
    return None if bare in _NULLS else bare == "true"


def _bare(value: str) -> str:
    return value.replace(",", "").strip().lower()


def _float(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        number = number_of(cell)
        return None if number is None else float(number)


def _moment(cell: str) -> datetime | None:
    value = cell.strip()
    return moment_of(value) or iso_moment_of(value)


def _moment_text(cell: str) -> str | None:
    if has_usual_moment(cell):
        return cell
    moment = _moment(cell)
    return None if moment is None else moment.isoformat(sep=" ")


def _date_text(cell: str) -> str | None:
    if len(cell) == len("2024-01-31") and has_usual_date(cell):
        return cell
    day = date_of(cell.strip())
    return None if day is None else day.isoformat()


Readers = Mapping[ValueKind, Callable[[str], object]]

AS_PYTHON: Readers = MappingProxyType(
    {
        ValueKind.INTEGER: _integer,
        ValueKind.BIG_INTEGER: _integer,
        ValueKind.NUMBER: number_of,
        ValueKind.DATE: lambda cell: date_of(cell.strip()),
        ValueKind.TIMESTAMP: _moment,
        ValueKind.BOOLEAN: _boolean,
        ValueKind.TEXT: str,
    }
)
"""How a cell that isn't null is read: as numbers, dates and moments of Python's."""

AS_LOADED: Readers = MappingProxyType(
    {
        **AS_PYTHON,
        ValueKind.NUMBER: _float,
        ValueKind.DATE: _date_text,
        ValueKind.TIMESTAMP: _moment_text,
    }
)
"""How it is loaded: as a str, an int, a float or a bool."""
