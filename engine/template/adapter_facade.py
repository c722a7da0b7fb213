"""`adapter` in a template: what a macro may ask of the database, and no way to its credentials.

The methods are coroutines where they talk to the database; a template awaits them without
knowing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from ...adapters.base import Adapter, Connection, Response, Rows
from ...adapters.cache import RelationCache
from ...adapters.relation import Column, Relation, quote_identifier
from ..errors import CompilationError
from .table import ResultTable

Dispatch = Callable[..., Any]


class StatementResponse:
    """The database's answer, as `load_result(…).response` shows it."""

    def __init__(self, response: Response) -> None:
        self._message = response.message
        self.code = response.code
        self.rows_affected = response.rows_affected

    def __str__(self) -> str:
        return self._message


class _AdapterFace:
    """What `adapter` answers in every phase."""

    def __init__(self, adapter: Adapter, dispatch: Dispatch) -> None:
        self._adapter = adapter
        self.dispatch = dispatch

    def type(self) -> str:
        return self._adapter.type

    def quote(self, identifier: str) -> str:
        return quote_identifier(identifier, self._adapter.quote_character)


class ParsingAdapter(_AdapterFace):
    """`adapter` while parsing: there is no database, so that most answers are None."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_") or not hasattr(RunningAdapter, name):
            raise AttributeError(f"adapter has no method '{name}'")
        answer = _PARSE_ANSWERS.get(name, _nothing)
        return lambda *arguments, **named: answer()


class RunningAdapter(_AdapterFace):
    """`adapter` while a node is compiled and built, on that node's connection."""

    def __init__(
        self,
        adapter: Adapter,
        connection: Connection,
        cache: RelationCache,
        dispatch: Dispatch,
    ) -> None:
        super().__init__(adapter, dispatch)
        self._connection = connection
        self._cache = cache

    async def execute(
        self, sql: str, auto_begin: bool = False, fetch: bool = False, limit: int | None = None
    ) -> tuple[StatementResponse, ResultTable]:
        """Run SQL, and give the response with the rows (none unless `fetch`)."""
        if not fetch:
            response = await self._connection.execute(sql)
            return StatementResponse(response), ResultTable(Rows((), ()))
        rows = await self._connection.query(sql)
        if limit is not None:
            rows = Rows(rows.column_names, rows.rows[:limit], rows.response)
        return StatementResponse(rows.response), ResultTable(rows)

    async def get_relation(
        self, database: str | None = None, schema: str | None = None, identifier: str | None = None
    ) -> Relation | None:
        if schema is None or identifier is None:
            raise CompilationError("adapter.get_relation needs a schema and an identifier.")
        return await self._cache.find(schema, identifier)

    async def list_relations(self, database: str | None, schema: str) -> list[Relation]:
        return await self._cache.relations(schema)

    async def get_columns_in_relation(self, relation: Relation) -> list[Column]:
        return await self._adapter.columns(self._connection, relation)

    async def get_missing_columns(
        self, from_relation: Relation, to_relation: Relation
    ) -> list[Column]:
        """The columns of the first that the second hasn't."""
        known = {column.name for column in await self.get_columns_in_relation(to_relation)}
        columns = await self.get_columns_in_relation(from_relation)
        return [column for column in columns if column.name not in known]

    async def check_schema_exists(self, database: str | None, schema: str) -> bool:
        schemas = {name.casefold() for name in await self._adapter.list_schemas()}
        return schema.casefold() in schemas

    async def create_schema(self, relation: Relation) -> None:
        if relation.schema:
            await self._adapter.create_schema(relation.schema)

    async def drop_relation(self, relation: Relation) -> None:
        kind = "view" if relation.is_view else "table"
        await self._connection.execute(f"drop {kind} if exists {relation}")
        self._cache.drop(relation)

    async def truncate_relation(self, relation: Relation) -> None:
        await self._connection.execute(f"delete from {relation}")

    async def rename_relation(self, from_relation: Relation, to_relation: Relation) -> None:
        target = to_relation.include(database=False, schema=False)
        await self._connection.execute(f"alter table {from_relation} rename to {target}")
        self._cache.drop(from_relation)
        self._cache.add(to_relation)


def _nothing() -> None:
    return None


def _no_rows() -> tuple[str, ResultTable]:
    return "", ResultTable(Rows((), ()))


_PARSE_ANSWERS: Mapping[str, Callable[[], Any]] = MappingProxyType(
    {
        "execute": _no_rows,
        "get_columns_in_relation": list,
        "get_missing_columns": list,
        "list_relations": list,
        "check_schema_exists": bool,
    }
)
