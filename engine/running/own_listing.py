"""A project's own macros for what the database holds: what a schema has in it, and the catalog."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...adapters.abilities import CatalogColumn, CatalogTable
from ...adapters.base import Connection
from ...adapters.relation import Namespace, Relation, RelationType
from ..core.errors import CompilationError
from ..manifest.jinja.macro_file import BUILTIN_PACKAGE
from ..manifest.jinja.macro_index import MacroIndex
from ..manifest.nodes.macro import Macro
from ..template.dbt.result_table import ResultTable, Row

if TYPE_CHECKING:
    from .run_context import RunContext

LISTING = "list_relations_without_caching"
CATALOG = "get_catalog"
CATALOG_OF_RELATIONS = "get_catalog_relations"

DescribedTable = tuple[CatalogTable, Mapping[str, Any]]
"""A table, and its statistics as a catalog has them."""

_OF_TABLE = ("table_database", "table_schema", "table_name")
_OF_COLUMN = ("column_name", "column_type", "column_index")
_STATS = "stats:"


def own_macro(macros: MacroIndex, name: str) -> Macro | None:
    """The macro of the project's, or of a package's, that does what a built-in one does, if any."""
    found = macros.nearest(name)
    if found is None or found.package_name == BUILTIN_PACKAGE:
        found = macros.implementation(name, macros.root_package)
    return None if found is None or found.package_name == BUILTIN_PACKAGE else found


async def list_by_macro(context: RunContext, macro: Macro, namespace: Namespace) -> list[Relation]:
    """What is in a schema, as a project's own macro says: rows of database, name, schema, type.

    Raises:
        CompilationError: it fails, or gives no rows.
        AdapterError: a statement of its is refused.
    """
    adapter = context.adapter
    schema = adapter.relation(namespace.schema, None, database=namespace.database)
    async with adapter.connection(macro.name) as connection:
        table = await _rows(context, macro, connection, schema.without_identifier())
    return [adapter.relation(row[2], row[1], _type(row[3]), database=row[0]) for row in table.rows]


async def describe_by_macro(
    context: RunContext, macro: Macro, wanted: Mapping[Namespace, Sequence[Relation]]
) -> dict[Namespace, list[DescribedTable]]:
    """What a project's own macro says of relations, by schema, each table with its statistics.

    `get_catalog_relations` is asked for the relations, and `get_catalog` for their schemas.

    Raises:
        CompilationError: it fails, or its rows haven't the columns of a catalog.
        AdapterError: a statement of its is refused.
    """
    adapter = context.adapter
    found: dict[Namespace, list[DescribedTable]] = {}
    for database in dict.fromkeys(namespace.database for namespace in wanted):
        schemas = {one.schema: one for one in wanted if one.database == database}
        asked: list[Any] = list(schemas)
        if macro.name.endswith(CATALOG_OF_RELATIONS):
            asked = [relation for one in schemas.values() for relation in wanted[one]]
        where = adapter.relation(None, None, database=database).information_schema()
        async with adapter.connection(macro.name) as connection:
            table = await _rows(context, macro, connection, where, asked)
        for name, described in _tables(table, macro).items():
            by_name = {schema.casefold(): one for schema, one in schemas.items()}
            namespace = by_name.get(str(name[1]).casefold())
            if namespace is not None:
                found.setdefault(namespace, []).append(described)
    return found


async def _rows(
    context: RunContext, macro: Macro, connection: Connection, *arguments: Any
) -> ResultTable:
    connection.comment = await context.comments.of(connection, macro.name)
    scope = context.macro_scope(macro, connection, "main")
    table = await scope.bind(macro)(*arguments)
    if not isinstance(table, ResultTable):
        raise CompilationError(
            f"the macro {macro.name} ({macro.original_file_path}) must return the rows of a query."
        )
    return table


def _type(name: object) -> RelationType:
    try:
        return RelationType(str(name).lower())
    except ValueError:
        return RelationType.EXTERNAL


def _tables(table: ResultTable, macro: Macro) -> dict[tuple[Any, ...], DescribedTable]:
    """The tables that rows of a catalog are of, by database, schema and name."""
    missing = [name for name in (*_OF_TABLE, *_OF_COLUMN) if name not in table.column_names]
    if missing:
        raise CompilationError(
            f"the macro {macro.name} ({macro.original_file_path}) gives no column "
            f"'{missing[0]}': a catalog needs it."
        )
    grouped: dict[tuple[Any, ...], list[Row]] = {}
    for row in table.rows:
        grouped.setdefault(tuple(row[name] for name in _OF_TABLE), []).append(row)
    return {key: (_described(rows), _stats(rows[0])) for key, rows in grouped.items()}


def _described(rows: Sequence[Row]) -> CatalogTable:
    first = rows[0]
    return CatalogTable(
        schema=str(first["table_schema"]),
        name=str(first["table_name"]),
        type=str(first.get("table_type") or "BASE TABLE"),
        columns=tuple(map(_column, rows)),
        database=first["table_database"],
        owner=first.get("table_owner"),
        comment=first.get("table_comment"),
    )


def _column(row: Row) -> CatalogColumn:
    return CatalogColumn(
        name=str(row["column_name"]),
        type=str(row["column_type"]),
        index=int(row["column_index"]),
        comment=row.get("column_comment"),
    )


def _stats(row: Row) -> dict[str, Any]:
    """The statistics of a table, from columns such as `stats:rows:value`."""
    stats: dict[str, Any] = {}
    for name in _parts(row):
        key, field = name.removeprefix(_STATS).split(":", 1)
        stats.setdefault(key, {"id": key})[field] = row[name]
    return {key: one for key, one in stats.items() if one.get("include")}


def _parts(row: Row) -> Iterable[str]:
    names = row.keys()
    return (name for name in names if name.startswith(_STATS) and name.count(":") == 2)
