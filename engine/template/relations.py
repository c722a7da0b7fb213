"""Relations: under which name a node stands in the database, and what isn't one."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from ...adapters.base import Adapter
from ...adapters.relation import Parts, Relation, RelationType
from ..core.errors import CompilationError
from ..manifest.nodes.node import Node
from ..manifest.nodes.source_node import Source

CTE_PREFIX = "__dbt__cte__"

_TYPES: dict[str, RelationType | None] = {
    "view": RelationType.VIEW,
    "materialized_view": RelationType.MATERIALIZED_VIEW,
    "ephemeral": None,
}


def parts_of(quoting: Mapping[str, bool | None]) -> Parts:
    """Which parts of a name are quoted: all that nobody says otherwise of."""
    return Parts(*(quoting.get(part) is not False for part in ("database", "schema", "identifier")))


def without_type(relation: Relation) -> Relation:
    """A relation as templates get it, unless it is but a name inside a statement.

    As in dbt they aren't told of what type it will be; `adapter.get_relation` says what is there.
    """
    if relation.type is None or relation.type is RelationType.CTE:
        return relation
    return replace(relation, type=None)


class RelationFactory:
    """Makes relations in the database's way of naming and the project's way of quoting."""

    def __init__(self, adapter: Adapter, project_quoting: Mapping[str, bool | None]) -> None:
        self._adapter = adapter
        self.quoting = project_quoting
        self._made: dict[tuple[str | None, ...], Relation] = {}

    def this(self, node: Node) -> Relation:
        """What a node itself is called, also where nothing is built of it."""
        return self._named(node) if node.is_ephemeral else self.of(node)

    def of(self, node: Node) -> Relation:
        """What a node is to those that read it; a bare name for an ephemeral model."""
        # While parsing a node is asked for before its macros have named it, and its own config()
        # has said what it is.
        key = (
            node.unique_id,
            node.database,
            node.schema,
            node.alias,
            node.config.materialized,
        )
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = self._make(node)
        return made

    def _make(self, node: Node) -> Relation:
        if node.is_ephemeral:
            return Relation(None, None, f"{CTE_PREFIX}{node.alias}", RelationType.CTE)
        return self._named(node)

    def described(self, node: Node) -> str:
        """The name that artifacts have of a node.

        As in dbt a source's heeds the project's quoting there, though in SQL it doesn't.
        """
        if not isinstance(node, Source):
            return str(self.of(node))
        return str(self._source(node, {**self.quoting, **node.quoting}))

    def _named(self, node: Node) -> Relation:
        if isinstance(node, Source):
            # Somebody else's tables aren't called as the project calls its own
            # (https://docs.getdbt.com/reference/project-configs/quoting).
            return self._source(node, node.quoting)
        return self._adapter.relation(
            node.schema,
            node.alias,
            _TYPES.get(node.config.materialized, RelationType.TABLE),
            database=node.database,
            quote_policy=parts_of({**self.quoting, **node.config.quoting}),
        )

    def _source(self, source: Source, quoting: Mapping[str, bool | None]) -> Relation:
        return self._adapter.relation(
            source.schema,
            source.identifier,
            database=source.database,
            quote_policy=parts_of(quoting),
        )


def require_relation(value: object, method: str) -> None:
    """See that a method of `adapter` gets a relation.

    Raises:
        CompilationError: it gets something else; most often None, for one that isn't there.
    """
    if not isinstance(value, Relation):
        given = "none" if value is None else f"'{value}'"
        raise CompilationError(
            f"adapter.{method}() needs a relation, but it was given {given}. "
            "adapter.get_relation() gives none for what isn't in the database: ask for that first."
        )


def require_sql(value: object) -> str:
    """See that what is to be run is a text.

    Raises:
        CompilationError: it isn't.
    """
    if not isinstance(value, str):
        raise CompilationError(f"a statement must be a text, but this one is {value!r}.")
    return value
