"""What a query gives to a template: rows and columns, by index and by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ...adapters.base import Rows

_PRINTED_ROWS = 20


class MappedSequence(Sequence[Any]):
    """Values under keys, in order: iteration and indexing give values, `dict()` gives pairs."""

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
        return f"<{type(self).__name__} {self.dict()!r}>"


class Row(MappedSequence):
    """One row: its values by position and by column name."""


class ColumnValues(MappedSequence):
    """One column of a result: its name and its values from top to bottom."""

    def __init__(self, name: str, values: Sequence[Any]) -> None:
        super().__init__(values, ())
        self.name = name

    def values_distinct(self) -> tuple[Any, ...]:
        return tuple(dict.fromkeys(self._values))

    def items(self) -> list[tuple[str, Any]]:
        return [(str(position), value) for position, value in enumerate(self._values)]

    def __repr__(self) -> str:
        return f"<ColumnValues {self.name} {list(self._values)!r}>"


class ResultTable:
    """A result set as templates know it: `.columns`, `.rows`, `.column_names`."""

    def __init__(self, rows: Rows) -> None:
        self.column_names = rows.column_names
        self.rows = MappedSequence(
            [Row(row, rows.column_names) for row in rows.rows],
            [str(position) for position in range(len(rows.rows))],
        )
        self.columns = MappedSequence(
            [
                ColumnValues(name, [row[position] for row in rows.rows])
                for position, name in enumerate(rows.column_names)
            ],
            rows.column_names,
        )

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def print_table(self, max_rows: int = _PRINTED_ROWS) -> str:
        """The first rows as text, in columns."""
        shown = [
            ["" if value is None else str(value) for value in row] for row in self.rows[:max_rows]
        ]
        lines = [list(self.column_names), *shown]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.column_names))]
        text = [
            "| "
            + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            + " |"
            for line in lines
        ]
        text.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
        return "\n".join(text)
