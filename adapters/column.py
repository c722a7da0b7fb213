"""Columns, and what their types say: how long a text, how exact a number."""

from __future__ import annotations

import re
from typing import ClassVar

from msgspec import Struct

from .relation import quote_identifier

_TYPE = re.compile(
    r"(?P<name>[^(]*?)\s*(?:\(\s*(?P<first>\d+)\s*(?:,\s*(?P<second>-?\d+)\s*)?\)(?P<rest>.*))?",
    re.DOTALL,
)
_TEXTS = frozenset({"text", "character varying", "character", "varchar", "char", "bpchar"})
_FLOATS = frozenset({"real", "float4", "float", "double precision", "float8", "double"})
_INTEGERS = frozenset(
    "smallint integer bigint smallserial serial bigserial int2 int4 int8 serial2 serial4 serial8 "
    "int tinyint hugeint".split()
)
_EXACT = frozenset({"numeric", "decimal"})
_LONGEST_TEXT = 256
"""How long dbt takes a text to be whose type doesn't say."""

LABELS = {"STRING": "TEXT"}
"""What dbt calls a type everywhere, and what the databases do."""


class Column(Struct, frozen=True):
    """A column of a relation, with its type as the database spells it.

    The methods and their names are those of dbt's `api.Column`
    (https://docs.getdbt.com/reference/dbt-classes#column). `template_names` are those that a
    template may ask for.
    """

    template_names: ClassVar[frozenset[str]] = frozenset(
        (
            *("name", "data_type", "column", "quoted", "dtype", "char_size", "quote_character"),
            *("numeric_precision", "numeric_scale", "is_string", "is_float", "is_integer"),
            *("is_numeric", "is_number", "string_size", "can_expand_to", "literal"),
            *("string_type", "translate_type", "numeric_type", "expanded_data_type", "create"),
            *("from_description", "TYPE_LABELS"),
        )
    )

    name: str
    data_type: str
    quote_character: str = '"'

    @property
    def column(self) -> str:
        return self.name

    @property
    def quoted(self) -> str:
        return quote_identifier(self.name, self.quote_character)

    @property
    def dtype(self) -> str:
        """The type without its size."""
        found = _TYPE.fullmatch(self.data_type)
        if found is None:
            return self.data_type
        return f"{found['name']}{found['rest'] or ''}".strip()

    @property
    def char_size(self) -> int | None:
        """How many characters a text may have, where its type says so."""
        return self._numbers[0] if self.is_string() else None

    @property
    def numeric_precision(self) -> int | None:
        return self._numbers[0] if self.is_numeric() else None

    @property
    def numeric_scale(self) -> int | None:
        return self._numbers[1] if self.is_numeric() else None

    @property
    def _numbers(self) -> tuple[int | None, int | None]:
        found = _TYPE.fullmatch(self.data_type)
        if found is None or found["first"] is None:
            return None, None
        second = found["second"]
        return int(found["first"]), int(second) if second is not None else None

    def is_string(self) -> bool:
        return self.dtype.lower() in _TEXTS

    def is_float(self) -> bool:
        return self.dtype.lower() in _FLOATS

    def is_integer(self) -> bool:
        return self.dtype.lower() in _INTEGERS

    def is_numeric(self) -> bool:
        """Whether it is a number of a fixed number of digits."""
        return self.dtype.lower() in _EXACT

    def is_number(self) -> bool:
        return self.is_float() or self.is_integer() or self.is_numeric()

    def string_size(self) -> int:
        """How many characters a text may have.

        Raises:
            ValueError: it is no text.
        """
        if not self.is_string():
            raise ValueError(f"column {self.name} is no text, but {self.data_type}")
        if self.dtype.lower() == "text" or self.char_size is None:
            return _LONGEST_TEXT
        return self.char_size

    def can_expand_to(self, other_column: Column) -> bool:
        """Whether both are texts, and the other one's may be longer."""
        are_texts = self.is_string() and other_column.is_string()
        return are_texts and other_column.string_size() > self.string_size()

    def literal(self, value: object) -> str:
        return f"{value}::{self.data_type}"

    def string_type(self, size: int) -> str:
        """The type of texts of up to so many characters."""
        return string_type(size)

    def translate_type(self, dtype: str) -> str:
        """A type that dbt has a word of its own for, or the type itself."""
        return translate_type(dtype)

    def numeric_type(self, dtype: str, precision: object = None, scale: object = None) -> str:
        """The type of numbers of so many digits."""
        return numeric_type(dtype, precision, scale)

    def create(self, name: str, label_or_dtype: str) -> Column:
        """Another column, of a type which may be called by dbt's word for it."""
        return Column(name, translate_type(label_or_dtype), self.quote_character)

    def from_description(self, name: str, raw_data_type: str) -> Column:
        """Another column, of a type as a database describes it."""
        return described_column(name, raw_data_type, self.quote_character)

    @property
    def TYPE_LABELS(self) -> dict[str, str]:  # noqa: N802 # dbt's name
        return dict(LABELS)

    @property
    def expanded_data_type(self) -> str:
        """The type with the size that dbt takes it to have."""
        return string_type(self.string_size()) if self.is_string() else self.data_type

    def __repr__(self) -> str:
        return f"<Column {self.name} ({self.data_type})>"


def described_column(name: str, data_type: str, quote_character: str) -> Column:
    """A column of a type as it is described, a text's with the size that it has there."""
    column = Column(name, data_type, quote_character)
    if column.is_string() and column.char_size is not None:
        return Column(name, string_type(column.char_size), quote_character)
    return column


def translate_type(label: str) -> str:
    """A type that dbt has a word of its own for, or the type itself."""
    return LABELS.get(label.upper(), label)


def string_type(size: int) -> str:
    return f"character varying({size})"


def numeric_type(dtype: str, precision: object = None, scale: object = None) -> str:
    if precision is None or scale is None:
        return dtype
    return f"{dtype}({precision},{scale})"
