"""What the values of a column can be read as, and the types of columns that hold them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class ValueKind(StrEnum):
    """What the values of a CSV column can be read as, most particular first."""

    INTEGER = "integer"
    BIG_INTEGER = "big integer"
    """A whole number of more than 32 bits, and no more than 64."""
    NUMBER = "number"
    DATE = "date"
    TIMESTAMP = "timestamp"
    BOOLEAN = "boolean"
    TEXT = "text"


STANDARD_TYPES: Mapping[ValueKind, str] = MappingProxyType(
    {
        ValueKind.INTEGER: "integer",
        ValueKind.BIG_INTEGER: "bigint",
        ValueKind.NUMBER: "double precision",
        ValueKind.DATE: "date",
        ValueKind.TIMESTAMP: "timestamp",
        ValueKind.BOOLEAN: "boolean",
        ValueKind.TEXT: "text",
    }
)
"""The SQL standard's types for them, where a database has nothing better."""
