"""A seed's CSV file: its columns, their types, and its rows in batches.

The file is read twice, in batches of rows, so that its size costs time and not memory. What is done
with a batch is done with a whole column of it at once: most columns say few things, many times.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from string import ascii_lowercase
from typing import TextIO

from msgspec import Struct

from ...adapters.base import ValueKind
from ..core.checkpoints import checked
from ..core.errors import CompilationError, Location
from .csv_column import AS_LOADED, CsvColumn, Readers, read_cells

BATCH_ROWS = 2_000
"""Rows that are read and sent at once."""

_NO_DELIMITERS = frozenset('\r\n"')


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

    def batches(
        self, as_text: frozenset[str], readers: Readers = AS_LOADED
    ) -> Iterator[list[tuple[object, ...]]]:
        """The rows, converted; the columns in `as_text` stay as the file has them."""
        converters = [
            readers[ValueKind.TEXT if name in as_text else kind]
            for name, kind in zip(self.column_names, self.kinds, strict=True)
        ]
        for rows in _batches(self.path, self.display, self.delimiter, self.column_names):
            columns = zip(*rows, strict=True)
            read = map(read_cells, columns, converters)
            yield list(zip(*read, strict=True))


def inspect_csv(
    path: Path, display: str, delimiter: str, column_types: Mapping[str, str]
) -> CsvFile:
    """Read a file through once, and find what its columns hold.

    A column in `column_types` isn't looked at: its type is given.

    Raises:
        CompilationError: the file isn't CSV in UTF-8, has no header, or a row has another number of
            values than the header; says the line. Or the delimiter can't be one.
    """
    if len(delimiter) != 1 or delimiter in _NO_DELIMITERS:
        raise CompilationError(
            f"the seed's delimiter is {delimiter!r}, and must be one character, such as ';'. See "
            "'delimiter' in its configuration.",
            location=Location(display),
        )
    header = _header(path, display, delimiter)
    columns = [CsvColumn(is_text=name in column_types) for name in header]
    for rows in _batches(path, display, delimiter, header):
        for column, cells in zip(columns, zip(*rows, strict=True), strict=True):
            column.see(cells)
    kinds = tuple(column.kind for column in columns)
    return CsvFile(path, display, delimiter, header, kinds)


def _header(path: Path, display: str, delimiter: str) -> tuple[str, ...]:
    with _opened(path, display) as text:
        try:
            header = next(csv.reader(text, delimiter=delimiter), None)
        except (UnicodeDecodeError, csv.Error) as error:
            raise _unreadable(display, 1, error) from error
    if not header:
        raise CompilationError(
            "the seed is empty: its first line must name its columns.", location=Location(display)
        )
    return _distinct(header)


def _distinct(header: Sequence[str]) -> tuple[str, ...]:
    """The names of the columns, as dbt calls those without a name of their own.

    Without any it is the letter of its place; one that is taken gets a number.
    """
    names: list[str] = []
    for position, given in enumerate(header):
        rounds, letter = divmod(position, len(ascii_lowercase))
        name = wanted = given or ascii_lowercase[letter] * (rounds + 1)
        number = 1
        while name in names:
            number += 1
            name = f"{wanted}_{number}"
        names.append(name)
    return tuple(names)


def _batches(
    path: Path, display: str, delimiter: str, header: Sequence[str]
) -> Iterator[list[list[str]]]:
    rows = _rows(path, display, delimiter, header)
    while batch := list(islice(rows, BATCH_ROWS)):
        yield batch


def _rows(path: Path, display: str, delimiter: str, header: Sequence[str]) -> Iterator[list[str]]:
    """Every row after the header, each with as many values as the header has names."""
    with _opened(path, display) as text:
        reader = csv.reader(text, delimiter=delimiter)
        try:
            next(reader, None)
            for row in checked(reader):
                if len(row) == len(header):
                    yield row
                elif len(row) < len(header):
                    # As in dbt, what lacks is null: all of it, where the line is blank.
                    yield row + [""] * (len(header) - len(row))
                else:
                    raise CompilationError(
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
        return path.open(encoding="utf-8-sig")  # line ends in values, too, are those of Unix
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CompilationError(
            f"the seed can't be read ({reason}).", location=Location(display)
        ) from error


def _unreadable(display: str, line: int, error: Exception) -> CompilationError:
    if isinstance(error, UnicodeDecodeError):
        problem = "the seed isn't UTF-8. Save it as UTF-8."
    else:
        # Python's reader refuses little, and has other words for it in each version.
        problem = (
            f"the seed isn't CSV: a value is longer than {csv.field_size_limit():,} characters, or "
            f"holds what can't be read ({error}). Look for a quote that isn't closed."
        )
    return CompilationError(problem, location=Location(display, line))


def _values(count: int) -> str:
    return "1 value" if count == 1 else f"{count} values"
