"""What a query gives to a template: rows and columns, by index and by name.

The names are those of the tables that dbt's macros have always been given
(https://agate.readthedocs.io/en/latest/api/table.html), as far as macros in the wild use them.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from ....adapters.base import Rows
from ...core.text_table import text_table
from ...sandbox.callables import template_call
from .printed_table import printed_table
from .table_types import DataType, as_json, plain, type_of, unlike

_PRINTED_ROWS = 20
_SHOWN_VALUES = 5


class MappedSequence(Sequence[Any]):
    """Values under keys, in order: iteration and indexing give values, `dict()` gives pairs."""

    template_names: ClassVar[frozenset[str]] = frozenset(
        "keys values items get dict index count".split()
    )

    def __init__(self, values: Sequence[Any], keys: Sequence[str]) -> None:
        self._values = tuple(values)
        self._keys = tuple(keys)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            try:
                return self._values[self._keys.index(key)]
            except ValueError:
                raise KeyError(key) from None
        return self._values[key]

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, MappedSequence):
            return self._values == other._values
        return list(self._values) == other or self._values == other

    def __hash__(self) -> int:
        return hash(self._values)

    def keys(self) -> tuple[str, ...]:
        return self._keys

    def values(self) -> tuple[Any, ...]:
        return self._values

    def items(self) -> list[tuple[str, Any]]:
        return list(zip(self._keys, self._values, strict=True))

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self._keys else default

    def dict(self) -> dict[str, Any]:
        return dict(self.items())

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: ({_shortened(self._values)})>"


class Row(MappedSequence):
    """One row: its values by position and by column name."""


class ColumnValues(MappedSequence):
    """One column of a result: its name and its values from top to bottom."""

    template_names: ClassVar[frozenset[str]] = MappedSequence.template_names | frozenset(
        "name data_type values_distinct values_without_nulls values_sorted "
        "values_without_nulls_sorted".split()
    )

    def __init__(self, name: str, values: Sequence[Any], index: int = 0) -> None:
        super().__init__(values, ())
        self.name = name
        self.data_type = type_of(values)
        self.index = index  # type: ignore[assignment,method-assign] # its place, not a search

    def values_distinct(self) -> tuple[Any, ...]:
        return tuple(dict.fromkeys(self._values))

    def values_without_nulls(self) -> tuple[Any, ...]:
        return tuple(value for value in self._values if value is not None)

    def values_sorted(self) -> list[Any]:
        """The values from the smallest to the greatest, and then those that are NULL."""
        return sorted(self._values, key=_sort_key)

    def values_without_nulls_sorted(self) -> list[Any]:
        return sorted(self.values_without_nulls())

    def items(self) -> list[tuple[str, Any]]:
        return [(str(position), value) for position, value in enumerate(self._values)]


class ResultTable:
    """A result set as templates know it: `.columns`, `.rows`, `.column_names`.

    `say` takes what `print_table` prints.
    """

    template_names: ClassVar[frozenset[str]] = frozenset(
        (
            *("rows", "columns", "column_names", "column_types", "select", "exclude", "rename"),
            *("where", "find", "limit", "order_by", "distinct", "group_by", "print_table"),
            *("print_structure", "print_csv", "print_json", "text", "row_names", "join", "merge"),
        )
    )
    template_lacks: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            **dict.fromkeys(
                ("to_csv", "to_json", "from_csv", "from_json", "from_fixed", "from_object"),
                "templates read and write no files",
            ),
            **dict.fromkeys(
                (
                    *("bar_chart", "column_chart", "line_chart", "scatterplot", "print_bars"),
                    "print_html",
                ),
                "print_table(), print_csv() and print_json() print the rows",
            ),
            **dict.fromkeys(
                (
                    *("aggregate", "bins", "compute", "denormalize", "homogenize", "normalize"),
                    "pivot",
                ),
                "let the query itself do that",
            ),
        }
    )
    row_names = None

    def __init__(self, rows: Rows, say: Callable[[str], object] | None = None) -> None:
        self._say = say
        names = self.column_names = unlike(rows.column_names)
        values = [tuple(map(plain, row)) for row in rows.rows]
        self.rows = MappedSequence(
            [Row(row, names) for row in values],
            [str(position) for position in range(len(values))],
        )
        self.columns = MappedSequence(
            [
                ColumnValues(name, [row[position] for row in values], position)
                for position, name in enumerate(names)
            ],
            names,
        )

    @property
    def column_types(self) -> tuple[DataType, ...]:
        return tuple(column.data_type for column in self.columns)

    def __str__(self) -> str:
        rows = [(column.name, column.data_type.name) for column in self.columns]
        names, types = (max(6 + 3 * i, *(len(row[i]) for row in rows), 0) for i in (0, 1))
        lines = [("column", "data_type"), ("-" * names, "-" * types), *rows]
        return "\n".join(f"| {name:{names}} | {kind:{types}} |" for name, kind in lines)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, key: Any) -> Any:
        return self.rows[key]

    def select(self, key: str | Sequence[str]) -> ResultTable:
        """The same rows with only these columns."""
        names = [key] if isinstance(key, str) else list(key)
        return self._with(names, [[row[name] for name in names] for row in self.rows])

    def exclude(self, key: str | Sequence[str]) -> ResultTable:
        """The same rows without these columns."""
        left_out = {key} if isinstance(key, str) else set(key)
        return self.select([name for name in self.column_names if name not in left_out])

    def rename(
        self,
        column_names: Sequence[str] | dict[str, str] | None = None,
        row_names: object = None,
        slug_columns: bool = False,
        **more: Any,
    ) -> ResultTable:
        """The same rows under other column names: all of them, or those of a mapping."""
        if column_names is None or isinstance(column_names, dict):
            names = [(column_names or {}).get(name, name) for name in self.column_names]
        else:
            names = list(column_names)
        if slug_columns:
            names = [re.sub(r"\W+", "_", name.strip()).lower() for name in names]
        return self._with(names, self.rows)

    def where(self, test: Callable[[Row], object]) -> ResultTable:
        """The rows for which a test holds."""
        holds = template_call(test)
        return self._with(self.column_names, [row for row in self.rows if holds(row)])

    def find(self, test: Callable[[Row], object]) -> Row | None:
        """The first row for which a test holds."""
        holds = template_call(test)
        return next((row for row in self.rows if holds(row)), None)

    def limit(
        self, start_or_stop: int = 0, stop: int | None = None, step: int | None = None
    ) -> ResultTable:
        """The first rows, or those from one position to another."""
        start, end = (0, start_or_stop) if stop is None else (start_or_stop, stop)
        return self._with(self.column_names, self.rows[start:end:step])

    def order_by(self, key: Key, reverse: bool = False) -> ResultTable:
        """The rows in the order of a column, of several, or of what a macro says of a row.

        NULL comes last.
        """
        of = _key_of(key)
        ordered = sorted(
            self.rows, key=lambda row: [_sort_key(part) for part in of(row)], reverse=reverse
        )
        return self._with(self.column_names, ordered)

    def distinct(self, key: Key | None = None) -> ResultTable:
        """The first row of each value of a column, or of each whole row."""
        of = tuple if key is None else _key_of(key)
        seen = {of(row): row for row in reversed(self.rows)}
        return self._with(self.column_names, list(reversed(seen.values())))

    def join(
        self,
        right_table: ResultTable,
        left_key: str | None = None,
        right_key: str | None = None,
        inner: bool = False,
        **more: Any,
    ) -> ResultTable:
        """The rows, each with the columns of the other table's first row of the same key."""
        mine = left_key if left_key is not None else self.column_names[0]
        theirs = right_key if right_key is not None else mine
        added = [name for name in right_table.column_names if name != theirs]
        by_key = {row[theirs]: row for row in reversed(right_table.rows)}
        found = [(row, by_key.get(row[mine])) for row in self.rows]
        rows = [
            [*row, *(None if other is None else other[name] for name in added)]
            for row, other in found
            if other is not None or not inner
        ]
        known = set(self.column_names)
        names = [f"{name}2" if name in known else name for name in added]
        return self._with([*self.column_names, *names], rows)

    def merge(self, tables: Sequence[ResultTable], **more: Any) -> ResultTable:
        """The rows of several tables in one, with every column that one of them has."""
        names = list(dict.fromkeys(name for table in tables for name in table.column_names))
        rows = [[row.get(name) for name in names] for table in tables for row in table.rows]
        return self._with(names, rows)

    def print_table(
        self,
        max_rows: int | None = _PRINTED_ROWS,
        max_columns: int | None = 6,
        output: object = None,
        max_column_width: int | None = 20,
        locale: object = None,
        max_precision: int | None = 3,
    ) -> str:
        """Print the first rows and columns as text. Renders to nothing."""
        if self._say is not None:
            text = printed_table(
                self,
                max_rows=max_rows,
                max_columns=max_columns,
                max_column_width=max_column_width,
                max_precision=max_precision,
            )
            self._say(text)
        return ""

    def print_structure(self, **more: Any) -> str:
        """Print each column's name and type. Renders to nothing."""
        if self._say is not None:
            self._say(str(self))
        return ""

    def group_by(self, key: str, **more: Any) -> dict[Any, ResultTable]:
        """The rows of each value of a column, as a table by that value."""
        groups: dict[Any, list[Row]] = {}
        for row in self.rows:
            groups.setdefault(row[key], []).append(row)
        return {value: self._with(self.column_names, rows) for value, rows in groups.items()}

    def print_csv(self, **more: Any) -> str:
        """Print all rows as CSV. Renders to nothing."""
        if self._say is not None:
            lines = io.StringIO()
            csv.writer(lines, lineterminator="\n").writerows([self.column_names, *self.rows])
            self._say(lines.getvalue().rstrip("\n"))
        return ""

    def print_json(self, **more: Any) -> str:
        """Print all rows as JSON, each by its columns. Renders to nothing."""
        if self._say is not None:
            self._say(json.dumps(self.records(), default=str))
        return ""

    def records(self) -> list[dict[str, Any]]:
        """The rows as JSON can hold them, each by its columns."""
        return [{name: as_json(value) for name, value in row.items()} for row in self.rows]

    def text(self, max_rows: int = _PRINTED_ROWS) -> str:
        """The first rows as text, in columns."""
        shown = [
            ["" if value is None else str(value) for value in row] for row in self.rows[:max_rows]
        ]
        types = enumerate(self.column_types)
        numeric = {place for place, type_ in types if type_.name in ("Integer", "Number")}
        return text_table(self.column_names, shown, numeric)

    def _with(self, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> ResultTable:
        return ResultTable(Rows(tuple(names), [tuple(row) for row in rows]), self._say)


Key = str | Sequence[str] | Callable[[Row], Any]


def _key_of(key: Key) -> Callable[[Row], tuple[Any, ...]]:
    """What a row is ordered or told apart by."""
    if isinstance(key, str):
        return lambda row: (row[key],)
    if isinstance(key, Sequence):
        return lambda row: tuple(row[name] for name in key)
    say = template_call(key)
    return lambda row: (say(row),)


def _shortened(values: Sequence[Any]) -> str:
    """The first of several values as text."""
    shown = [repr(value) for value in values[:_SHOWN_VALUES]]
    return ", ".join([*shown, "..."] if len(values) > _SHOWN_VALUES else shown)


def _sort_key(value: Any) -> tuple[bool, Any]:
    return value is None, value if value is not None else 0
