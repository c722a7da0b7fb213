"""A seed's CSV file: its columns, their types, and its rows in batches.

The file is read twice, a row at a time, so that its size costs time and not memory.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from math import isfinite
from pathlib import Path
from types import MappingProxyType
from typing import TextIO

from msgspec import Struct

from ...adapters.base import ValueKind
from ..core.checkpoints import checked
from ..core.errors import Location, ProjectError

BATCH_ROWS = 2_000
"""Rows that are read and sent at once."""

_NULLS = frozenset({"", "null"})
_NO_DELIMITERS = frozenset('\r\n"')
_INTEGER = re.compile(r"[+-]?[0-9]+\Z")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?\Z", re.IGNORECASE)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}|\Z)")
_CURRENCIES = "؋$ƒ៛¥₡₱£€¢﷼₪₩₭₮₦฿₤₫"
_SURELY_64_BITS = 18
_LONGEST_INTEGER = 40


class CsvFile(Struct, frozen=True):
    """A CSV file whose shape is known.

    `kinds` are the types that its values allow, by column; a column of nothing but nulls is
    an integer column, as in dbt.
    """

    path: Path
    display: str
    delimiter: str
    column_names: tuple[str, ...]
    kinds: tuple[ValueKind, ...]

    def batches(self, as_text: frozenset[str]) -> Iterator[list[tuple[object, ...]]]:
        """The rows, converted; the columns in `as_text` stay as the file has them."""
        converters = [
            str if name in as_text else _CONVERTERS[kind]
            for name, kind in zip(self.column_names, self.kinds, strict=True)
        ]
        batch: list[tuple[object, ...]] = []
        for row in _rows(self.path, self.display, self.delimiter, self.column_names):
            batch.append(
                tuple(
                    None if cell.strip().lower() in _NULLS else convert(cell)
                    for cell, convert in zip(row, converters, strict=True)
                )
            )
            if len(batch) == BATCH_ROWS:
                yield batch
                batch = []
        if batch:
            yield batch


def inspect_csv(
    path: Path, display: str, delimiter: str, column_types: Mapping[str, str]
) -> CsvFile:
    """Read a file through once, and find what its columns hold.

    A column in `column_types` isn't looked at: its type is given.

    Raises:
        ProjectError: the file isn't CSV in UTF-8, has no header, or a row has another number of
            values than the header; says the line. Or the delimiter can't be one.
    """
    if len(delimiter) != 1 or delimiter in _NO_DELIMITERS:
        raise ProjectError(
            f"the seed's delimiter is {delimiter!r}, and must be one character, such as ';'. See "
            "'delimiter' in its configuration.",
            location=Location(display),
        )
    header = _header(path, display, delimiter)
    candidates = [[ValueKind.TEXT] if name in column_types else list(_TESTS) for name in header]
    for row in _rows(path, display, delimiter, header):
        for possible, cell in zip(candidates, row, strict=True):
            if len(possible) > 1:
                _narrow(possible, cell.strip())
    kinds = tuple(possible[0] for possible in candidates)
    return CsvFile(path, display, delimiter, header, kinds)


def _narrow(possible: list[ValueKind], value: str) -> None:
    """Drop the kinds that a value rules out."""
    if value.lower() in _NULLS:
        return
    if len(possible) == len(_TESTS):
        # The first value leaves a chain, such as integer, number, text: from then on what the
        # first kind of it takes, the others take as well.
        possible[:] = [kind for kind in possible if _TESTS[kind](value)]
    while not _TESTS[possible[0]](value):
        del possible[0]


def _header(path: Path, display: str, delimiter: str) -> tuple[str, ...]:
    with _opened(path, display) as text:
        try:
            header = next(csv.reader(text, delimiter=delimiter), None)
        except (UnicodeDecodeError, csv.Error) as error:
            raise _unreadable(display, 1, error) from error
    if not header:
        raise ProjectError(
            "the seed is empty: its first line must name its columns.", location=Location(display)
        )
    for position, name in enumerate(header):
        if not name.strip():
            raise ProjectError(
                f"column {position + 1} of the header has no name.", location=Location(display, 1)
            )
    repeated = {name for name in header if header.count(name) > 1}
    if repeated:
        raise ProjectError(
            f"the header names '{min(repeated)}' twice. Rename one of the columns.",
            location=Location(display, 1),
        )
    return tuple(header)


def _rows(path: Path, display: str, delimiter: str, header: Sequence[str]) -> Iterator[list[str]]:
    """Every row after the header, each with as many values as the header has names."""
    with _opened(path, display) as text:
        reader = csv.reader(text, delimiter=delimiter)
        try:
            next(reader, None)
            for row in checked(reader):
                if len(row) == len(header):
                    yield row
                elif row and len(row) < len(header):
                    yield row + [""] * (len(header) - len(row))  # as in dbt, what lacks is null
                elif row:
                    raise ProjectError(
                        f"the row has {_values(len(row))}, the header has {len(header)}. Put "
                        "quotes around a value that holds the delimiter.",
                        location=Location(display, reader.line_num),
                    )
        except UnicodeDecodeError as error:
            raise _unreadable(display, reader.line_num + 1, error) from error
        except csv.Error as error:
            raise _unreadable(display, reader.line_num, error) from error


def _opened(path: Path, display: str) -> TextIO:
    try:
        return path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ProjectError(
            f"the seed can't be read ({reason}).", location=Location(display)
        ) from error


def _unreadable(display: str, line: int, error: Exception) -> ProjectError:
    if isinstance(error, UnicodeDecodeError):
        problem = "the seed isn't UTF-8. Save it as UTF-8."
    else:
        # Python's reader refuses little, and has other words for it in each version.
        problem = (
            f"the seed isn't CSV: a value is longer than {csv.field_size_limit():,} characters, or "
            f"holds what can't be read ({error}). Look for a quote that isn't closed."
        )
    return ProjectError(problem, location=Location(display, line))


def _values(count: int) -> str:
    return "1 value" if count == 1 else f"{count} values"


def _plain_number(value: str) -> str:
    """A value without what dbt lets a number have: digits in groups, a currency, a percent sign."""
    text = value.strip().strip("%")
    sign, text = ("-", text[1:]) if text.startswith("-") else ("", text)
    return sign + text.strip(_CURRENCIES).replace(",", "").replace("_", "")


def _is_integer(value: str) -> bool:
    """Whether a value is an integer of 64 bits: what is longer is an identifier, and a text.

    As in dbt `1.0` and `1e3` are integers.
    """
    if not _INTEGER.match(value):
        plain = _plain_number(value)
        if not _NUMBER.match(plain) or not isfinite(float(plain)):
            return False
        number = Decimal(plain)
        return number == number.to_integral_value() and -(2**63) <= number < 2**63
    if len(value) <= _SURELY_64_BITS:
        return True
    return len(value) <= _LONGEST_INTEGER and -(2**63) <= int(value) < 2**63


def _is_number(value: str) -> bool:
    """Whether a value is a number of finite size, and no identifier of many digits."""
    plain = value if _NUMBER.match(value) else _plain_number(value)
    if not _NUMBER.match(plain):
        return False
    return isfinite(float(plain)) and (not _INTEGER.match(plain) or _is_integer(plain))


def _integer(value: str) -> int:
    return int(value) if _INTEGER.match(value.strip()) else int(Decimal(_plain_number(value)))


def _number(value: str) -> float:
    return float(_plain_number(value))


def _timestamp(value: str) -> str:
    """A moment as its text; one with an offset in UTC, since the column's type has none."""
    text = value.strip()
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        return text
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")


def _is_timestamp(value: str) -> bool:
    if not _TIMESTAMP.match(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_date(value: str) -> bool:
    if not _DATE.match(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


_TESTS: Mapping[ValueKind, Callable[[str], bool]] = MappingProxyType(
    {
        ValueKind.INTEGER: _is_integer,
        ValueKind.NUMBER: _is_number,
        ValueKind.DATE: _is_date,
        ValueKind.TIMESTAMP: _is_timestamp,
        ValueKind.BOOLEAN: lambda value: value.lower() in ("true", "false"),
        ValueKind.TEXT: lambda value: True,
    }
)

_CONVERTERS: Mapping[ValueKind, Callable[[str], object]] = MappingProxyType(
    {
        ValueKind.INTEGER: _integer,
        ValueKind.NUMBER: _number,
        ValueKind.DATE: str.strip,
        ValueKind.TIMESTAMP: _timestamp,
        ValueKind.BOOLEAN: lambda value: value.strip().lower() == "true",
        ValueKind.TEXT: str,
    }
)
