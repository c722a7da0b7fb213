"""What a relation's name is made of: its parts, how each is written, and what kind it is of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum, nonmember
from types import MappingProxyType
from typing import Any, ClassVar, Self

from msgspec import Struct
from msgspec.structs import asdict, replace


class RelationType(StrEnum):
    """What kind of thing a name stands for."""

    TABLE = "table"
    VIEW = "view"
    MATERIALIZED_VIEW = "materialized_view"
    CTE = "cte"
    """An ephemeral model: it is only a name inside one statement."""
    EXTERNAL = "external"
    FUNCTION = "function"
    EPHEMERAL = "ephemeral"
    POINTER_TABLE = "pointer_table"

    template_names = nonmember(frozenset(("name", "value")))


_PARTS = frozenset(("database", "schema", "identifier"))

NOT_STORED: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(
        ("from_dict", "from_msgpack", "to_msgpack", "json_schema", "validate"),
        "it is how dbt stores its objects, and headrace stores these otherwise",
    )
)
"""What every object of dbt's has for being written to a file, and what to say of it."""


class NameParts(Struct, frozen=True):
    """Something that there is for each of the three parts of a relation's name.

    A template asks for the parts by attribute, by key and by `get`.
    """

    template_names: ClassVar[frozenset[str]] = _PARTS | frozenset(
        "get get_part incorporate items keys replace replace_dict to_dict values".split()
    )
    template_lacks: ClassVar[Mapping[str, str]] = NOT_STORED

    def __getitem__(self, part: str) -> Any:
        if part in _PARTS:
            return getattr(self, part)
        raise KeyError(part)

    def __iter__(self) -> Iterator[str]:
        return iter(self.__struct_fields__)

    def __contains__(self, part: object) -> bool:
        return part in _PARTS

    def get(self, part: str, default: Any = None) -> Any:
        return self[part] if part in _PARTS else default

    def get_part(self, key: str) -> Any:
        return self[str(key)]

    def replace(self, **parts: Any) -> Self:
        """The same with other parts."""
        return replace(self, **parts)

    def replace_dict(self, dct: Mapping[str, Any]) -> Self:
        return self.replace(**{str(part): value for part, value in dct.items()})

    def incorporate(self, **parts: Any) -> Self:
        """The same with other parts; what is no part goes for nothing, as in dbt."""
        return self.replace(**{name: parts[name] for name in self if name in parts})

    def to_dict(self, omit_none: bool = False) -> dict[str, Any]:
        return {k: part for k, part in asdict(self).items() if not (omit_none and part is None)}

    def keys(self) -> list[str]:
        return list(self)

    def values(self) -> list[Any]:
        return list(asdict(self).values())

    def items(self) -> list[tuple[str, Any]]:
        return list(asdict(self).items())


class Policy(NameParts, frozen=True):
    """A yes or no for each of a relation's three parts: whether it is quoted, or included."""

    database: bool = True
    schema: bool = True
    identifier: bool = True


class Path(NameParts, frozen=True):
    """The three parts of a relation's name, as they are."""

    template_names: ClassVar[frozenset[str]] = NameParts.template_names | {"get_lowered_part"}

    database: str | None
    schema: str | None
    identifier: str | None

    def get_lowered_part(self, key: str) -> str | None:
        part: str | None = self.get_part(key)
        return None if part is None else part.lower()


class Namespace(Struct, frozen=True):
    """What relations stand in: a schema of a database. Without a database it is the target's."""

    database: str | None
    schema: str

    @property
    def display_name(self) -> str:
        """The name for people: the schema's alone, unless it may be another database's."""
        return self.schema if self.database is None else f"{self.database}.{self.schema}"
