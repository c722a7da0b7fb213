"""Which types of columns a contract takes for the same.

As in dbt, whose driver has one name for several: numbers of one sort, and texts of any length. A
table that is made by its contract has the contract's own type in any case.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ..column import Column

_KINDS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("text", "character varying", "character", "name", '"char"'), "text"),
        **dict.fromkeys(("smallint", "integer"), "integer"),
        **dict.fromkeys(("real", "double precision"), "double precision"),
        **dict.fromkeys(("time without time zone", "time with time zone"), "time"),
        **dict.fromkeys(("int4range", "int8range", "numrange"), "range of numbers"),
    }
)


def kind_of(data_type: str) -> str:
    """What stands for a type, as the server calls it, and for all that are the same."""
    plain = data_type.lower().removesuffix("[]")
    name = Column("", plain).dtype
    kind = _KINDS.get(name, name)
    return f"{kind}[]" if data_type.endswith("[]") else kind
