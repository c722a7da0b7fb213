"""The half of `adapter` that asks no database: names, types and texts, the same in every phase."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from hashlib import md5
from time import time_ns
from types import MappingProxyType
from typing import Any, ClassVar

from ....adapters.base import Adapter, ValueKind
from ....adapters.relation import quote_identifier
from ...core.errors import CompilationError, ParseError
from ...manifest.nodes.snapshot_node import hard_deletes
from ...sandbox.allowed_names import Names
from .api import ColumnMaker, RelationMaker
from .constraints import column_definitions, table_constraints
from .resolvers import ProjectConfig


class BehaviorFlags:
    """`adapter.behavior`: each of dbt's flags for a change of behaviour is off."""

    template_names: ClassVar[frozenset[str]] = frozenset()

    def __getitem__(self, name: str) -> bool:
        if name.startswith("_"):
            raise KeyError(name)
        return False


class AdapterValues:
    """What `adapter` answers in every phase."""

    template_names: ClassVar[frozenset[str]] = frozenset(
        (
            *(
                "behavior",
                "config",
                "dispatch",
                "Relation",
                "Column",
                "type",
                "quote",
                "convert_type",
            ),
            *("quote_as_configured", "quote_seed_column", "standardize_grants_dict"),
            *("render_raw_columns_constraints", "render_raw_model_constraints", "parse_index"),
            *("get_hard_deletes_behavior", "verify_database", "build_catalog_relation"),
        )
    )
    template_lacks: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "get_catalog_integration": "it knows of no catalogs.yml",
            "get_partitions_metadata": "none of its databases is asked for partitions",
            "run_sql_for_tests": "run_query() gives the rows of a query",
            **dict.fromkeys(("credentials", "connections"), "ask 'target' or adapter.config"),
        }
    )

    behavior = BehaviorFlags()

    def __init__(
        self, adapter: Adapter, dispatch: Callable[..., Any], config: ProjectConfig
    ) -> None:
        self._adapter = adapter
        self._quoting = config.quoting
        self._config = config
        self.dispatch = dispatch

    @property
    def config(self) -> ProjectConfig:
        """The project as a whole, as `builtins.ref.config`."""
        return self._config.used()

    @property
    def Relation(self) -> RelationMaker:  # noqa: N802 # dbt's name
        """As `api.Relation`."""
        return RelationMaker(self._adapter, self._quoting)

    @property
    def Column(self) -> ColumnMaker:  # noqa: N802 # dbt's name
        """As `api.Column`."""
        return ColumnMaker(self._adapter)

    def type(self) -> str:
        return self._adapter.type

    def quote(self, identifier: object) -> str:
        return quote_identifier(str(identifier), self._adapter.quote_character)

    def quote_as_configured(self, identifier: object, quote_key: str) -> str:
        """An identifier, quoted if the project quotes that part of a name."""
        is_part = quote_key in ("database", "schema", "identifier")
        if not is_part or self._quoting.get(quote_key) is False:
            return str(identifier)
        return self.quote(identifier)

    def quote_seed_column(self, column: str, quote_config: bool | None = None) -> str:
        return column if quote_config is False else self.quote(column)

    def convert_type(self, agate_table: Any, col_idx: int) -> str:
        """The type that a column of a result would have in a table."""
        values = [value for value in agate_table.columns[col_idx].values() if value is not None]
        types = self._adapter.column_types
        return types.get(_kind_of(values)) or types[ValueKind.INTEGER]

    def standardize_grants_dict(self, grants_table: Any) -> dict[str, list[str]]:
        """Who holds which privilege, from rows of a grantee and a privilege."""
        grants: dict[str, list[str]] = {}
        for row in grants_table:
            grants.setdefault(row["privilege_type"], []).append(row["grantee"])
        return grants

    def render_raw_columns_constraints(
        self, raw_columns: Mapping[str, Mapping[str, Any]]
    ) -> list[str]:
        return column_definitions(raw_columns, self._adapter.quote_character)

    def render_raw_model_constraints(
        self, raw_constraints: Iterable[Mapping[str, Any]]
    ) -> list[str]:
        return table_constraints(raw_constraints)

    def get_hard_deletes_behavior(self, config: Any) -> str:
        """What a snapshot does about rows that are gone from its source.

        Raises:
            CompilationError: it says so in two ways, or in none that there is.
        """
        names = ("hard_deletes", "invalidate_hard_deletes")
        try:
            return hard_deletes({name: config.get(name) for name in names})
        except ParseError as error:
            raise CompilationError(error.problem) from error

    def verify_database(self, database: str | None) -> str:
        """Nothing, where the database is the target's own.

        Raises:
            CompilationError: it is another one.
        """
        own = self._adapter.target.database
        if database and own and database.strip('"').lower() != own.lower():
            raise CompilationError(
                f"Cross-db references not allowed in {self._adapter.type} ({database} vs {own})."
            )
        return ""

    def build_catalog_relation(self, config: Any) -> None:
        """Nothing: no table stands in a catalog of its own.

        Raises:
            CompilationError: the node says that it does.
        """
        catalog = (config.get("config") or {}).get("catalog_name")
        if catalog:
            raise CompilationError(f"catalog_name '{catalog}': headrace knows of no catalogs.yml.")

    def parse_index(self, raw_index: Any) -> Names | None:
        """An entry of the config `indexes` as an object.

        Raises:
            CompilationError: it is none.
        """
        if raw_index is None:
            return None
        problem = _index_problem(raw_index)
        if problem:
            raise CompilationError(
                f"Could not parse index config: {problem}. An index is written as "
                "{'columns': ['id'], 'unique': true, 'type': 'hash'}, of which columns are needed."
            )
        index: dict[str, Any] = {
            "columns": list(raw_index["columns"]),
            "unique": bool(raw_index.get("unique")),
            "type": raw_index.get("type"),
        }
        return Names({**index, "render": partial(_index_name, index)})


def _index_name(index: Mapping[str, Any], relation: Any) -> str:
    """A name for an index of a relation, another one each time that the relation is made."""
    columns = [str(column) for column in index["columns"]]
    inputs = [*columns, str(relation), str(index["unique"]), str(index["type"]), str(time_ns())]
    return md5("_".join(inputs).encode(), usedforsecurity=False).hexdigest()


def _index_problem(raw_index: Any) -> str:
    """What is wrong with an entry of `indexes`; nothing where it is right."""
    if not isinstance(raw_index, Mapping):
        return f"{raw_index!r} is not of type 'object'"
    if "columns" not in raw_index:
        return "'columns' is a required property"
    columns, unique = raw_index["columns"], raw_index.get("unique", False)
    if isinstance(columns, str) or not isinstance(columns, Sequence):
        return f"columns: {columns!r} is not of type 'array'"
    if unique is not None and not isinstance(unique, bool):
        return f"unique: {unique!r} is not of type 'boolean'"
    unknown = sorted(set(raw_index) - {"columns", "unique", "type"})
    return f"'{unknown[0]}' is none of its keys" if unknown else ""


def _kind_of(values: list[Any]) -> ValueKind:
    """What all of the values can be kept as."""
    names = {type(value).__name__ for value in values}
    if not names or names - set(_KINDS):
        return ValueKind.TEXT if names else ValueKind.INTEGER
    kinds = {_KINDS[name] for name in names}
    if kinds == {ValueKind.INTEGER}:
        is_wide = any(not -(2**31) <= value < 2**31 for value in values)
        return ValueKind.BIG_INTEGER if is_wide else ValueKind.INTEGER
    if len(kinds) == 1:
        return kinds.pop()
    return ValueKind.NUMBER if kinds == {ValueKind.INTEGER, ValueKind.NUMBER} else ValueKind.TEXT


_KINDS = {
    "int": ValueKind.INTEGER,
    "float": ValueKind.NUMBER,
    "Decimal": ValueKind.NUMBER,
    "bool": ValueKind.BOOLEAN,
    "date": ValueKind.DATE,
    "datetime": ValueKind.TIMESTAMP,
}
