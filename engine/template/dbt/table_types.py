"""The values and types of a query's result, as macros know them from dbt's tables.

(https://agate.readthedocs.io/en/latest/api/data_types.html)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, ClassVar


def as_json(value: Any) -> Any:
    """A value as JSON can hold it: a number stays one, and a moment is a text in ISO 8601."""
    if isinstance(value, Decimal):
        return float(value) if value.is_finite() else str(value)
    return value.isoformat() if isinstance(value, date) else value


class DataType:
    """What a column holds: "Text", "Integer", "Number", "Boolean", "Date" or "DateTime"."""

    template_names: ClassVar[frozenset[str]] = frozenset(
        ("name", "cast", "csvify", "jsonify", "test")
    )

    def __init__(self, name: str) -> None:
        self.name = name

    def jsonify(self, value: Any) -> Any:
        """A value as JSON can hold it."""
        return as_json(value)

    def csvify(self, value: Any) -> Any:
        """A value as CSV has it."""
        return value.isoformat() if isinstance(value, date) else value

    def cast(self, value: Any) -> Any:
        """A value as one of this type.

        Raises:
            ValueError: it can't be one.
        """
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        return _CASTS[self.name](value)

    def test(self, value: Any) -> bool:
        """Whether a value can be one of this type."""
        try:
            self.cast(value)
        except (ValueError, ArithmeticError):
            return False
        return True

    def __repr__(self) -> str:
        return f"<{self.name}>"


def _boolean(value: Any) -> bool:
    word = str(value).strip().lower()
    if word in ("1", "true", "t", "yes", "y"):
        return True
    if word in ("0", "false", "f", "no", "n"):
        return False
    raise ValueError(f"{value!r} is no boolean")


def _date(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def _datetime(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))


_CASTS: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        "Text": str,
        "Number": lambda value: Decimal(str(value).strip().replace(",", "")),
        "Integer": lambda value: int(str(value).strip().replace(",", "")),
        "Boolean": _boolean,
        "Date": _date,
        "DateTime": _datetime,
    }
)


_NAMES: dict[type, str] = {
    bool: "Boolean",
    int: "Integer",
    float: "Number",
    Decimal: "Number",
    date: "Date",
    datetime: "DateTime",
}


_PLAIN = frozenset((*_NAMES, str, bytes, type(None)))


def type_of(values: Iterable[Any]) -> DataType:
    """The type that all values have which are there; text where they differ."""
    names = {_NAMES.get(type(value), "Text") for value in values if value is not None}
    if names == {"Integer", "Number"}:
        names = {"Number"}
    return DataType(names.pop() if len(names) == 1 else "Text")


def plain(value: Any) -> Any:
    """A value that a driver gives, as one of those that a table may hold: others are texts."""
    if type(value) in _PLAIN:
        return value
    return json.dumps(value, default=str) if isinstance(value, list | dict) else str(value)


def unlike(names: Sequence[str]) -> tuple[str, ...]:
    """The names of columns, of which one that is there already gets a number: `a`, `a_2`."""
    known: list[str] = []
    for name in names:
        number, new = 2, name
        while new in known:
            number, new = number + 1, f"{name}_{number}"
        known.append(new)
    return tuple(known)
