"""One node's SQL: its template rendered, and its ephemeral parents put in front.

`compile` returns; what is done with the SQL is somebody else's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct, field

from ...adapters.base import Connection
from ..core.errors import CompilationError, Location
from ..manifest.nodes.model_node import Model
from ..manifest.nodes.node import Node
from ..manifest.nodes.pieces import Constant, Piece
from ..manifest.nodes.query_nodes import Analysis
from ..manifest.nodes.snapshot_node import Snapshot
from ..manifest.nodes.test_nodes import GenericTest, SingularTest
from ..manifest.nodes.unit_test_node import UnitTest
from ..project.event_time import EventWindow
from .ctes import inject_ctes, without_last_semicolon
from .relations import CTE_PREFIX
from .rendering import node_frame
from .scope import Scope
from .template_engine import NodeScope, TemplateEngine
from .unbuilt_columns import SeedColumns, UnbuiltColumns
from .unit_test_inputs import render_unit_test

_TAKEN_APART = (Model, SingularTest, Snapshot, Analysis)
_BUILT_INTO_OTHERS = (Model, SingularTest, Snapshot)
"""Nodes whose SQL becomes a part of a statement, in which a semicolon would be its end."""


class Compiled(Struct, frozen=True):
    """A node's SQL, ready for its materialization.

    `ctes` are the ephemeral models in it by unique id, each with its own SQL, parents first.
    `read_from_state` are the schemas that its deferred references, and theirs, lead to.
    """

    sql: str
    node_scope: NodeScope
    ctes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    read_from_state: frozenset[str] = frozenset()


class BatchScope(Struct, frozen=True):
    """One batch of a microbatch model, as the model's templates see it."""

    id: str
    window: EventWindow
    is_incremental: bool

    def enter(self, scope: Scope) -> Scope:
        """The scope with the batch in it."""

        def model(inner: Scope) -> dict[str, Any]:
            times = {"event_time_start": self.window.start, "event_time_end": self.window.end}
            return {**scope.context_name("model"), "batch": {"id": self.id, **times}}

        scope_of_batch = scope.with_names({"model": model})
        if not self.is_incremental:
            return scope_of_batch
        return scope_of_batch.with_forced(
            {"is_incremental": lambda: True, "should_full_refresh": lambda: False}
        )


class _Ephemeral(Struct, frozen=True):
    """An ephemeral model's own SQL, and the ephemeral models that it reads itself."""

    sql: str
    parents: tuple[Node, ...]
    read_from_state: frozenset[str]


class Compiler:
    """Compiles the nodes of one session.

    An ephemeral model is rendered once, for the first child that needs it.
    """

    def __init__(self, templates: TemplateEngine, seed_columns: SeedColumns | None = None) -> None:
        self._templates = templates
        self._unbuilt = UnbuiltColumns(templates, seed_columns)
        self._ephemeral: dict[str, _Ephemeral] = {}

    async def compile(
        self,
        node: Node,
        connection: Connection,
        thread_id: str = "",
        batch: BatchScope | None = None,
        names: Mapping[str, Any] | None = None,
    ) -> Compiled:
        """The SQL of a model or a test, on a connection that its template may query.

        `batch` is what its templates see of the batch that it is built for, where it is one;
        `names` is what else they see.

        Raises:
            CompilationError: the template failed.
            AdapterError: a query that it ran was refused.
        """
        scoped = self._templates.scope(node, connection, thread_id, batch.window if batch else None)
        if isinstance(node, UnitTest):
            sql, given = await render_unit_test(
                self._templates, self._unbuilt, node, connection, thread_id
            )
            return Compiled(inject_ctes(sql, given), scoped)
        if batch is not None:
            scoped = NodeScope(batch.enter(scoped.scope), scoped.references)
        if names:
            scoped = NodeScope(scoped.scope.with_names(**names), scoped.references)
        sql = await self._template(node, scoped)
        if isinstance(node, Snapshot):
            sql = sql.lstrip("\n")  # the lines of its file that stand before it
        read_from_state = frozenset(scoped.references.read_from_state)
        if not scoped.references.ephemeral:
            return Compiled(sql, scoped, read_from_state=read_from_state)
        parents = scoped.references.ephemeral.values()
        ctes = await self._ctes_of(parents, connection, thread_id)
        schemas = (self._ephemeral[parent].read_from_state for parent in ctes)
        return Compiled(
            inject_ctes(sql, list(ctes.values())), scoped, ctes, read_from_state.union(*schemas)
        )

    async def _template(self, node: Node, scoped: NodeScope) -> str:
        """What a node's own template gives."""
        pieces = node.pieces if isinstance(node, _TAKEN_APART) else None
        if pieces is not None:
            sql = fill(pieces, node, scoped)
        elif isinstance(node, GenericTest):
            sql = await self._templates.render_test(node, scoped.scope)
        else:
            sql = await self._templates.render_text(node.raw_code, scoped.scope, node)
        if ";" in sql and isinstance(node, _BUILT_INTO_OTHERS):
            sql = without_last_semicolon(sql)
        return scoped.references.settle_aliases(sql) if scoped.references.selections else sql

    async def _ctes_of(
        self, parents: Iterable[Node], connection: Connection, thread_id: str
    ) -> dict[str, tuple[str, str]]:
        """The ephemeral models that a node reads, and those that they read, parents first.

        A chain of them may be longer than Python lets functions call each other.
        """
        ctes: dict[str, tuple[str, str]] = {}
        waiting = list(parents)[::-1]
        while waiting:
            node = waiting[-1]
            known = self._ephemeral.get(node.unique_id)
            if known is None:
                known = await self._render_ephemeral(node, connection, thread_id)
            before = [parent for parent in known.parents if parent.unique_id not in ctes]
            if before and node.unique_id not in ctes:
                waiting += reversed(before)
                continue
            waiting.pop()
            ctes.setdefault(node.unique_id, (f"{CTE_PREFIX}{node.alias}", known.sql))
        return ctes

    async def ephemeral_sql(self, unique_id: str, connection: Connection, thread_id: str) -> str:
        """The SQL of an ephemeral model that a child has needed, as it is by itself."""
        found = self._ephemeral[unique_id]
        ctes = await self._ctes_of(found.parents, connection, thread_id)
        return inject_ctes(found.sql, list(ctes.values()))

    async def _render_ephemeral(
        self, node: Node, connection: Connection, thread_id: str
    ) -> _Ephemeral:
        scoped = self._templates.scope(node, connection, thread_id)
        sql = await self._template(node, scoped)
        parents = tuple(scoped.references.ephemeral.values())
        schemas = frozenset(scoped.references.read_from_state)
        found = self._ephemeral[node.unique_id] = _Ephemeral(sql, parents, schemas)
        return found


def fill(pieces: tuple[Piece, ...], node: Node, scoped: NodeScope) -> str:
    """The text of a template that is nothing but text and literal calls.

    Raises:
        CompilationError: a call failed; says where.
    """
    text: list[str] = []
    for piece in pieces:
        if isinstance(piece, Constant):
            text.append(piece.text)
            continue
        try:
            if piece.function == "ref":
                value: Any = scoped.references.ref(*piece.arguments)
            elif piece.function == "source":
                value = scoped.references.source(*piece.arguments)
            else:
                value = scoped.scope.context_name(piece.function)
                if piece.function != "this":
                    value = value(*piece.arguments)
            text.append(str(value))
        except CompilationError as error:
            raise CompilationError(
                error.problem,
                location=Location(node.original_file_path, piece.line),
                stack=(node_frame(node),),
            ) from error
    return "".join(text)
