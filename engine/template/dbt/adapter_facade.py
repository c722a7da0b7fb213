"""`adapter` in a template: what a macro may ask of the database, and no way to its credentials.

The methods are coroutines where they talk to the database; a template awaits them without
knowing. Their names and arguments are dbt's
(https://docs.getdbt.com/reference/dbt-jinja-functions/adapter).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from ....adapters.base import Adapter, Connection, Response, Rows
from ....adapters.column import Column
from ....adapters.connection_abilities import Counting
from ....adapters.relation import Namespace, Relation, RelationType
from ....adapters.relation_cache import RelationCache
from ...core.errors import CompilationError
from ..bindings import bound
from ..parsing_adapter import ASKING
from ..references import relation_called
from ..relations import parts_of, require_relation, require_sql
from ..scope import Scope
from .adapter_values import AdapterValues
from .contracts import contract_differences, contract_problem
from .own_macros import OwnMacros
from .resolvers import ProjectConfig
from .result_table import ResultTable
from .statement_response import StatementResponse

Dispatch = Callable[..., Any]


class RunningAdapter(AdapterValues):
    """`adapter` while a node is compiled and built, on that node's connection.

    Where a project has a macro of its own for what a method does, it is the macro that counts.
    """

    template_names: ClassVar[frozenset[str]] = AdapterValues.template_names | ASKING

    def __init__(
        self,
        adapter: Adapter,
        connection: Connection,
        cache: RelationCache,
        scope: Scope,
        dispatch: Dispatch,
        config: ProjectConfig,
    ) -> None:
        super().__init__(adapter, dispatch, config)
        self._connection = connection
        self._cache = cache
        self._scope = scope
        self._own_macros = OwnMacros(scope)

    async def execute(
        self, sql: str, auto_begin: bool = False, fetch: bool = False, limit: int | None = None
    ) -> tuple[StatementResponse, ResultTable]:
        """Run SQL, and give the response with the rows (none unless `fetch`)."""
        if not fetch:
            response = await self._run(sql, auto_begin)
            return StatementResponse(response), ResultTable(Rows((), ()))
        rows = await self._query(sql, auto_begin)
        if limit is not None:
            rows = Rows(rows.column_names, rows.rows[:limit], rows.response)
        say = self._scope.context_name("print")
        return StatementResponse(rows.response), ResultTable(rows, say)

    async def add_query(
        self,
        sql: str,
        auto_begin: bool = True,
        bindings: Sequence[object] | None = None,
        abridge_sql_log: bool = False,
    ) -> None:
        """Run SQL, with `bindings` in the places of its `%s`."""
        await self._run(sql if bindings is None else bound(sql, bindings), auto_begin)

    async def commit(self) -> None:
        """Nothing: outside of a materialization of its own, a statement is its transaction."""

    async def clear_transaction(self) -> None:
        await self.commit()

    async def get_relation(
        self, database: str | None = None, schema: str | None = None, identifier: str | None = None
    ) -> Relation | None:
        if schema is None or identifier is None:
            raise CompilationError("adapter.get_relation needs a schema and an identifier.")
        made = self._adapter.relation(
            str(schema),
            str(identifier),
            database=None if database is None else str(database),
            quote_policy=parts_of(self._quoting),
        )
        return await self._cache.find(made)

    async def already_exists(self, schema: str, name: str) -> bool:
        return await self.get_relation(None, schema, name) is not None

    async def list_relations(self, database: str | None, schema: str) -> list[Relation]:
        return await self._cache.relations(Namespace(database, schema))

    async def list_relations_without_caching(
        self, schema_relation: Relation | str | None, schema: str | None = None
    ) -> list[Relation]:
        """What is in a schema, by asking the database."""
        if isinstance(schema_relation, Relation):
            return await self._adapter.list_relations(schema_relation.namespace)
        return await self._adapter.list_relations(Namespace(schema_relation, schema or ""))

    async def get_columns_in_relation(self, relation: Relation) -> list[Column]:
        require_relation(relation, "get_columns_in_relation")
        name = "get_columns_in_relation"
        if not self._own_macros.has(name):
            return await self._connection.columns(relation)
        with self._own_macros.asked(name):
            found: list[Column] = await self._scope.call_implementation(name, relation)
        return found

    async def get_columns_in_table(self, schema: str, identifier: str) -> list[Column]:
        return await self.get_columns_in_relation(self._adapter.relation(schema, identifier))

    async def get_missing_columns(
        self, from_relation: Relation, to_relation: Relation
    ) -> list[Column]:
        """The columns of the first that the second hasn't."""
        known = {column.name for column in await self.get_columns_in_relation(to_relation)}
        columns = await self.get_columns_in_relation(from_relation)
        return [column for column in columns if column.name not in known]

    async def get_column_schema_from_query(self, sql: str) -> list[Column]:
        """The columns that a select gives, without running it."""
        return await self._connection.query_columns(require_sql(sql))

    async def assert_contract(self, columns: Mapping[str, Mapping[str, Any]], sql: str) -> str:
        """See that a select gives the columns that a contract says.

        Raises:
            CompilationError: it doesn't, or the contract leaves a type out.
        """
        untyped = [name for name, column in columns.items() if not column.get("data_type")]
        if untyped or not columns:
            named = ", ".join(f"`{name}`" for name in untyped) or "any"
            raise CompilationError(
                "Contracted models require data_type to be defined for each column. Please ensure "
                "that the column name and data_type are defined within the YAML configuration "
                f"for the {named} column(s)."
            )
        casts = [
            f"cast(null as {column['data_type']}) as {self.quote(name)}"
            for name, column in columns.items()
        ]
        promised = await self._connection.query_columns(f"select {', '.join(casts)}")
        given = await self._connection.query_columns(require_sql(sql))
        differences = contract_differences(promised, given, self._adapter.are_same_type)
        if differences:
            raise CompilationError(contract_problem(differences))
        return ""

    def render_raw_columns_constraints(
        self, raw_columns: Mapping[str, Mapping[str, Any]]
    ) -> list[str]:
        return super().render_raw_columns_constraints(
            {
                name: {**column, "constraints": self._resolved(column.get("constraints") or ())}
                for name, column in raw_columns.items()
            }
        )

    def render_raw_model_constraints(
        self, raw_constraints: Iterable[Mapping[str, Any]]
    ) -> list[str]:
        return super().render_raw_model_constraints(self._resolved(raw_constraints))

    def _resolved(self, constraints: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Constraints whose foreign keys lead to relations, where they are refs as written."""
        return [
            {**constraint, "to": relation_called(constraint["to"], self._scope)}
            if constraint.get("to")
            else constraint
            for constraint in constraints
        ]

    async def expand_target_column_types(
        self, from_relation: Relation, to_relation: Relation
    ) -> None:
        """Make the texts of the second as long as those of the first."""
        known = {column.name: column for column in await self.get_columns_in_relation(to_relation)}
        for column in await self.get_columns_in_relation(from_relation):
            target = known.get(column.name)
            if target is not None and target.can_expand_to(column):
                await self._scope.call_macro(
                    "alter_column_type", to_relation, column.name, column.data_type
                )

    async def valid_snapshot_target(
        self, relation: Relation, column_names: Mapping[str, str] | None = None
    ) -> None:
        """Say what a table lacks to be a snapshot's.

        Raises:
            CompilationError: it lacks something.
        """
        names = {"dbt_scd_id", "dbt_valid_from", "dbt_valid_to"}
        wanted = {(column_names or {}).get(name, name).lower() for name in names}
        columns = await self.get_columns_in_relation(relation)
        missing = sorted(wanted - {column.name.lower() for column in columns})
        if missing:
            raise CompilationError(
                f"{relation} is no snapshot's table: it hasn't {', '.join(missing)}. Give the "
                "snapshot another alias, or take the table out of its way."
            )

    async def assert_valid_snapshot_target_given_strategy(
        self, relation: Relation, column_names: Mapping[str, str], strategy: Any = None
    ) -> None:
        await self.valid_snapshot_target(relation, column_names)

    async def check_schema_exists(self, database: str | None, schema: str) -> bool:
        there = await self._adapter.list_schemas(database)
        return schema.casefold() in {name.casefold() for name in there}

    async def list_schemas(self, database: str | None = None) -> list[str]:
        return sorted(await self._adapter.list_schemas(database))

    async def create_schema(self, relation: Relation) -> None:
        require_relation(relation, "create_schema")
        schema = relation.without_identifier()
        if relation.schema and not await self._own_macros.do("create_schema", schema):
            await self._adapter.create_schema(relation.namespace)

    async def drop_schema(self, relation: Relation) -> None:
        """Drop a schema with all that is in it, as the macro's author has asked."""
        require_relation(relation, "drop_schema")
        if relation.schema:
            if not await self._own_macros.do("drop_schema", relation.without_identifier()):
                await self._adapter.drop_schema(relation.namespace)
            await self._cache.refresh(relation.namespace)

    async def drop_relation(self, relation: Relation) -> None:
        """Drop a relation, and nothing that depends on it."""
        require_relation(relation, "drop_relation")
        if relation.type is None:
            relation = await self._cache.find(relation) or relation
        if not await self._own_macros.do("drop_relation", relation):
            await self._run(drop_sql(relation), auto_begin=False)
        self._cache.drop(relation)

    async def truncate_relation(self, relation: Relation) -> None:
        require_relation(relation, "truncate_relation")
        if await self._own_macros.do("truncate_relation", relation):
            return
        if isinstance(self._connection, Counting):
            await self._connection.empty_table(relation)
        else:
            await self._run(f"delete from {relation.render()}", auto_begin=False)

    async def rename_relation(self, from_relation: Relation, to_relation: Relation) -> None:
        require_relation(from_relation, "rename_relation")
        require_relation(to_relation, "rename_relation")
        if not await self._own_macros.do("rename_relation", from_relation, to_relation):
            await self._rename(from_relation, to_relation)
        self.cache_renamed(from_relation, to_relation)

    def cache_added(self, relation: Relation | None) -> str:
        if relation is not None:
            self._cache.add(relation)
        return ""

    def cache_dropped(self, relation: Relation | None) -> str:
        if relation is not None:
            self._cache.drop(relation)
        return ""

    def cache_renamed(self, from_relation: Relation, to_relation: Relation) -> str:
        require_relation(from_relation, "cache_renamed")
        require_relation(to_relation, "cache_renamed")
        self._cache.drop(from_relation)
        kind = to_relation.type or from_relation.type
        self._cache.add(to_relation.incorporate(type=kind))
        return ""

    def get_incremental_strategy_macro(self, model_context: Any, strategy: str) -> Any:
        """The macro that makes a strategy's SQL.

        Raises:
            CompilationError: there is none.
        """
        name = f"get_incremental_{str(strategy).replace('+', '_')}_sql"
        macro = self._scope.macro(name)
        if macro is None:
            raise CompilationError(
                f'could not find an incremental strategy macro with the name "{name}" in '
                f"{self._scope.package}."
            )
        return macro

    def nice_connection_name(self) -> str:
        return str(self._scope.context_name("model")["unique_id"])

    async def _run(self, sql: str, auto_begin: bool) -> Response:
        return await self._connection.execute(require_sql(sql))

    async def _query(self, sql: str, auto_begin: bool) -> Rows:
        return await self._connection.query(require_sql(sql))

    async def _rename(self, from_relation: Relation, to_relation: Relation) -> None:
        identifier = to_relation.identifier or ""
        for sql in await self._connection.rename_statements(from_relation, identifier):
            await self._run(sql, auto_begin=False)


def drop_sql(relation: Relation) -> str:
    """The statement that drops a relation, if it is there, and nothing that depends on it."""
    kind = _KINDS.get(relation.type or RelationType.TABLE, "table")
    return f"drop {kind} if exists {relation.render()}"


_KINDS = {
    RelationType.VIEW: "view",
    RelationType.MATERIALIZED_VIEW: "materialized view",
    RelationType.EXTERNAL: "foreign table",
}
