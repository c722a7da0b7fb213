"""The columns of what isn't in the database yet, as far as the project tells them.

A unit test gives rows in the place of its model's inputs, and their values need the types of the
inputs' columns. Where an input was never built, these are what its SQL would give over what it
reads itself, of which no row is needed: so the database is asked for the columns of that.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from ...adapters.base import Connection
from ...adapters.column import Column
from ...adapters.errors import AdapterError
from ...adapters.relation import Relation, RelationType
from ..core.errors import CompilationError
from ..manifest.artifact.node_dicts import config_dict
from ..manifest.nodes.model_node import Model
from ..manifest.nodes.node import Node
from ..manifest.nodes.seed_node import Seed
from ..manifest.nodes.snapshot_node import Snapshot
from ..sandbox.handed import printed
from .ctes import inject_ctes, without_last_semicolon
from .dbt.adapter_facade import RunningAdapter
from .references import ref_call, source_call
from .relations import CTE_PREFIX, without_type
from .scope import Scope
from .template_engine import TemplateEngine

SeedColumns = Callable[[Seed], Awaitable[list[Column]]]
"""Tells the columns of the table that a seed's file becomes."""

Tell = Callable[[], Awaitable[list[Column]]]
"""Tells the columns of a relation, if it is asked."""


class _UnknownColumnsError(Exception):
    """The columns of a node can't be told. The message says why, and begins with the node."""


class UnbuiltColumns:
    """Tells the columns of nodes that aren't in the database; each is worked out once."""

    def __init__(self, templates: TemplateEngine, seed_columns: SeedColumns | None = None) -> None:
        self._templates = templates
        self._seed_columns = seed_columns
        self._known: dict[str, list[Column]] = {}

    async def of(self, node: Node, connection: Connection, thread_id: str) -> list[Column]:
        """The columns of a node that isn't in the database.

        What it reads is worked out first, as far as that isn't there either. A chain of nodes may
        be longer than Python lets functions call each other.

        Raises:
            CompilationError: the project doesn't tell them.
        """
        try:
            return await self._of(node, connection, thread_id)
        except _UnknownColumnsError as error:
            built = "Build it first, if only with --empty, or describe"
            remedy = "Describe" if node.is_ephemeral else built
            raise CompilationError(
                f"Not able to get columns for unit test '{node.name}' from relation "
                f"{self._relation(node)} because the relation doesn't exist, and the project "
                f"doesn't tell them: {error}\n{remedy} all of its columns with their "
                "data_type, or give the rows with 'format: sql'."
            ) from error

    async def _of(self, node: Node, connection: Connection, thread_id: str) -> list[Column]:
        waiting = [node]
        while waiting:
            one = waiting[-1]
            if one.unique_id in self._known:
                waiting.pop()
                continue
            unknown = [] if _tells_itself(one) else await self._unknown(one, connection)
            if unknown:
                waiting += unknown
                continue
            self._known[waiting.pop().unique_id] = await self._work_out(one, connection, thread_id)
        return self._known[node.unique_id]

    async def _unknown(self, node: Node, connection: Connection) -> list[Node]:
        """What a node reads that isn't in the database, and isn't worked out yet."""
        return [
            parent
            for parent in self._parents(node)
            if parent.unique_id not in self._known and not await self._is_there(parent, connection)
        ]

    async def _is_there(self, node: Node, connection: Connection) -> bool:
        return not node.is_ephemeral and bool(await connection.columns(self._relation(node)))

    def _relation(self, node: Node) -> Relation:
        return self._templates.deferred.get(node.unique_id) or self._templates.relations.this(node)

    def _parents(self, node: Node) -> list[Node]:
        manifest = self._templates.manifest
        return [manifest.everything[key] for key in manifest.parents_of(node.unique_id)]

    async def _work_out(self, node: Node, connection: Connection, thread_id: str) -> list[Column]:
        if isinstance(node, Seed) and self._seed_columns is not None:
            return await self._seed_columns(node)
        described = self._described(node)
        if not _tells_itself(node):
            try:
                sql = await self._sql_over_no_rows(node, connection, thread_id)
                return await connection.query_columns(sql)
            except (CompilationError, AdapterError) as error:
                if not described:
                    raise _UnknownColumnsError(f"'{node.name}': {error}") from error
        if not described:
            raise _UnknownColumnsError(f"'{node.name}' has no columns with a data_type.")
        return described

    def _described(self, node: Node) -> list[Column]:
        """The columns in the node's properties, if all of them have a type."""
        columns = node.columns.values()
        if not all(column.data_type for column in columns):
            return []
        return [self._templates.described_column(column) for column in columns]

    async def _sql_over_no_rows(self, node: Node, connection: Connection, thread_id: str) -> str:
        """What a node is built of, over inputs without a row."""
        ctes: dict[str, tuple[str, str]] = {}
        relations: dict[str, Relation] = {}
        for parent in self._parents(node):
            columns = self._known.get(parent.unique_id)
            if columns is None:
                relations[parent.unique_id] = without_type(self._relation(parent))
                continue
            name = CTE_PREFIX + parent.unique_id.replace(".", "_")
            relations[parent.unique_id] = Relation(None, None, name, RelationType.CTE)
            ctes[parent.unique_id] = (
                name,
                await self._no_rows(parent, columns, connection, thread_id),
            )
        scope = self._templates.scope(node, connection, thread_id).scope
        stand_ins = _StandIns(self._templates, node, relations)
        scope = scope.with_names(ref=stand_ins.ref, source=stand_ins.source)
        sql = await self._templates.render_text(node.raw_code, scope, node)
        sql = inject_ctes(without_last_semicolon(sql), list(ctes.values()))
        return await _snapshot_sql(node, scope, sql) if isinstance(node, Snapshot) else sql

    async def _no_rows(
        self, node: Node, columns: list[Column], connection: Connection, thread_id: str
    ) -> str:
        """A select of a node's columns that gives nothing."""

        async def tell() -> list[Column]:
            return columns

        scope = self._templates.scope(node, connection, thread_id).scope
        scope = telling(self._templates, scope, connection, tell)
        return printed(await scope.call_macro("get_fixture_sql", [], None)).strip()


class _StandIns:
    """`ref` and `source` of a model of which only the columns are asked for."""

    def __init__(
        self, templates: TemplateEngine, node: Node, relations: Mapping[str, Relation]
    ) -> None:
        self._lookup = templates.manifest.lookup
        self._node = node
        self._relations = relations

    def ref(self, *arguments: str, **named: Any) -> Relation:
        """The relation of a model, or the name of what stands for it."""
        found = self._lookup.ref(ref_call(arguments, named), self._node.package_name)
        return self._relation(found, arguments)

    def source(self, *arguments: str) -> Relation:
        """The relation of a source's table, or the name of what stands for it."""
        found = self._lookup.source(source_call(arguments), self._node.package_name)
        return self._relation(found, arguments)

    def _relation(self, found: Node | None, arguments: tuple[str, ...]) -> Relation:
        relation = self._relations.get(found.unique_id) if found is not None else None
        if relation is None:
            raise CompilationError(f"it reads {arguments}, which isn't among what it depends on")
        return relation


class _TellingAdapter(RunningAdapter):
    """`adapter` for the rows of a node that may not be in the database."""

    def __init__(self, *arguments: Any, tell: Tell) -> None:
        super().__init__(*arguments)
        self._tell = tell

    async def get_columns_in_relation(self, relation: Relation) -> list[Column]:
        return await super().get_columns_in_relation(relation) or await self._tell()


def telling(templates: TemplateEngine, scope: Scope, connection: Connection, tell: Tell) -> Scope:
    """A scope in which the columns of what isn't in the database are told by somebody else."""
    kind = partial(_TellingAdapter, tell=tell)
    return scope.with_names(
        {"adapter": lambda inner: templates.adapter_in(inner, connection, kind)}
    )


def _tells_itself(node: Node) -> bool:
    """Whether a node's columns can be told without looking at what it reads."""
    return not isinstance(node, Model | Snapshot) or _is_contracted(node)


async def _snapshot_sql(node: Snapshot, scope: Scope, sql: str) -> str:
    """What a snapshot's table is first built of: its query with the columns of its own."""
    model = {**scope.context_name("model"), "compiled_code": sql}
    scope = scope.with_names(model=model, sql=sql)
    strategy = await scope.call_macro("strategy_dispatch", str(node.config.values["strategy"]))
    parts = await strategy(model, "snapshotted_data", "source_data", config_dict(node), False)
    return printed(await scope.call_macro("build_snapshot_table", parts, sql))


def _is_contracted(node: Node) -> bool:
    contract = node.config.values.get("contract")
    return isinstance(contract, Mapping) and bool(contract.get("enforced"))
