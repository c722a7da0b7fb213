"""`api` in a template: relations and columns that a macro makes itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from msgspec.structs import replace

from ....adapters.base import Adapter
from ....adapters.column import (
    LABELS,
    Column,
    described_column,
    numeric_type,
    string_type,
    translate_type,
)
from ....adapters.relation import Relation, RelationType
from ...core.errors import CompilationError
from ...sandbox.allowed_names import Names
from ...sandbox.sizes import require_printable
from ..relations import parts_of


class RelationMaker:
    """`api.Relation` (https://docs.getdbt.com/reference/dbt-classes#relation)."""

    template_names: ClassVar[frozenset[str]] = frozenset(
        (
            *("Table", "View", "MaterializedView", "CTE", "External", "PointerTable", "Function"),
            *("create", "add_ephemeral_prefix", "scd_args", "get_relation_type"),
            *("get_default_quote_policy", "get_default_include_policy"),
        )
    )
    template_lacks: ClassVar[Mapping[str, str]] = Relation.template_lacks

    Table = RelationType.TABLE
    View = RelationType.VIEW
    MaterializedView = RelationType.MATERIALIZED_VIEW
    CTE = RelationType.CTE
    External = RelationType.EXTERNAL
    PointerTable = RelationType.POINTER_TABLE
    Function = RelationType.FUNCTION
    add_ephemeral_prefix = staticmethod(Relation.add_ephemeral_prefix)
    scd_args = staticmethod(Relation.scd_args)
    get_relation_type = staticmethod(Relation.get_relation_type)
    get_default_quote_policy = staticmethod(Relation.get_default_quote_policy)
    get_default_include_policy = staticmethod(Relation.get_default_include_policy)

    def __init__(self, adapter: Adapter, quoting: Mapping[str, bool | None]) -> None:
        self._adapter = adapter
        self._quoting = quoting

    def create(
        self,
        database: str | None = None,
        schema: str | None = None,
        identifier: str | None = None,
        type: str | None = None,
        quote_policy: dict[str, bool] | None = None,
        include_policy: dict[str, bool] | None = None,
        **more: Any,
    ) -> Relation:
        """A relation of that name, whether there is one or not. What isn't given isn't written.

        It is quoted as the project quotes its own, and then as `quote_policy` says.

        Raises:
            CompilationError: there is no such type of relation.
        """
        relation = self._adapter.relation(
            schema,
            identifier,
            _relation_type(type),
            database=database,
            quote_policy=parts_of({**self._quoting, **(quote_policy or {})}),
        )
        return replace(relation, database=database).include(**(include_policy or {}))


class ColumnMaker:
    """`api.Column` (https://docs.getdbt.com/reference/dbt-classes#column)."""

    template_names: ClassVar[frozenset[str]] = frozenset(
        "create from_description translate_type string_type numeric_type TYPE_LABELS".split()
    )

    def __init__(self, adapter: Adapter) -> None:
        self._quote_character = adapter.quote_character

    def __call__(
        self,
        column: str,
        dtype: str,
        char_size: int | None = None,
        numeric_precision: object = None,
        numeric_scale: object = None,
    ) -> Column:
        """A column whose type may be given in parts."""
        require_printable(column, dtype, char_size, numeric_precision, numeric_scale)
        plain = Column(column, dtype, self._quote_character)
        if plain.is_numeric():
            # A database tells the digits of integers, too, which their types don't take.
            dtype = numeric_type(dtype, numeric_precision, numeric_scale)
        elif char_size is not None and plain.is_string() and dtype.lower() != "text":
            dtype = string_type(char_size)
        return Column(column, dtype, self._quote_character)

    def create(self, name: str, label_or_dtype: str) -> Column:
        """A column of a type, which may be called by dbt's word for it."""
        return Column(name, translate_type(label_or_dtype), self._quote_character)

    def from_description(self, name: str, raw_data_type: str) -> Column:
        """A column of a type as a database describes it."""
        return described_column(name, raw_data_type, self._quote_character)

    @property
    def TYPE_LABELS(self) -> dict[str, str]:  # noqa: N802 # dbt's name
        """What dbt calls a type, and what the database does."""
        return dict(LABELS)

    def translate_type(self, dtype: str) -> str:
        return translate_type(dtype)

    def string_type(self, size: int) -> str:
        return string_type(size)

    def numeric_type(self, dtype: str, precision: object = None, scale: object = None) -> str:
        return numeric_type(dtype, precision, scale)


def make_api(adapter: Adapter, quoting: Mapping[str, bool | None]) -> Names:
    """`api` for one database, and a project's way of quoting."""
    return Names({"Relation": RelationMaker(adapter, quoting), "Column": ColumnMaker(adapter)})


def _relation_type(name: str | None) -> RelationType | None:
    if not name:
        return None
    try:
        return RelationType(name)
    except ValueError:
        kinds = ", ".join(kind.value for kind in RelationType)
        raise CompilationError(f"'{name}' is no type of relation: there are {kinds}.") from None
