"""Building a relation anew under a name that readers keep using."""

from __future__ import annotations

import re

from msgspec.structs import replace

from ...adapters.abilities import Replacing
from ...adapters.base import Deferred, Response
from ...adapters.relation import Relation, RelationType
from .finishing import create_indexes
from .node_build import NodeBuild

_CREATE_MACROS = {
    RelationType.TABLE: ("get_create_table_as_sql", "create_table_as"),
    RelationType.VIEW: ("get_create_view_as_sql", "create_view_as"),
    RelationType.MATERIALIZED_VIEW: (
        "get_create_materialized_view_as_sql",
        "get_create_materialized_view_as_sql",
    ),
}


async def build_and_swap(build: NodeBuild, kind: RelationType) -> Deferred:
    """Build a table or a view from the node's SQL, in place of what stands under its name.

    Inside the node's transaction: a reader sees the old relation until COMMIT, and the new one
    from then on. What is returned is answered once it has been sent.

    Raises:
        DatabaseError: the SQL is refused, or what depends on the old relation can't follow.
        DatabaseLockedError: somebody keeps the old relation locked.
    """
    target = replace(build.relation, type=kind)
    existing = await build.existing()
    if existing is None:
        return await _create(build, kind, target)
    if build.adapter.hides_drops and (kind is RelationType.VIEW or not _reads_itself(build)):
        build.defer(await build.macro("get_drop_sql", existing))
        return await _create(build, kind, target)
    if isinstance(build.adapter, Replacing):
        return await _replace(build, build.adapter, kind, existing)
    temporary = replace(build.temporary_relation, type=kind)
    made = await _create(build, kind, temporary)
    build.defer(await build.macro("get_drop_sql", existing))
    build.defer(await build.macro("get_rename_table_sql", temporary, target.identifier))
    return made


async def _replace(
    build: NodeBuild, adapter: Replacing, kind: RelationType, existing: Relation
) -> Deferred:
    """Build beside what is there, and let it follow what depends on it."""
    temporary = replace(build.temporary_relation, type=kind)
    if kind is RelationType.VIEW and existing.is_view:

        async def build_beside() -> Relation:
            await build.connection.execute(await _create_sql(build, kind, temporary))
            return temporary

        sql = await _create_sql(build, kind, replace(build.relation, type=kind))
        build.replaced = await adapter.replace_view(
            build.connection, existing, sql, build_beside, build.is_ours
        )
        return Deferred(sql, response=Response("CREATE VIEW", "CREATE VIEW"))
    made = await _create(build, kind, temporary)
    build.replaced = await adapter.replace(build.connection, existing, temporary, build.is_ours)
    if kind is RelationType.TABLE and build.has_contract:
        target = replace(build.relation, type=kind)
        sql = await build.macro("rename_constraints", target, temporary.identifier)
        if sql:
            build.defer(sql)
    return made


async def _create(build: NodeBuild, kind: RelationType, relation: Relation) -> Deferred:
    sql = await _create_sql(build, kind, relation)
    # Of a view there is nothing to be told but that it was made.
    made = build.defer(sql, wants_response=kind is not RelationType.VIEW)
    if kind is not RelationType.VIEW:
        await create_indexes(build, relation)
    return made


async def _create_sql(build: NodeBuild, kind: RelationType, relation: Relation) -> str:
    is_table = kind is RelationType.TABLE
    entry, inner = _CREATE_MACROS[kind]
    # The outer macro only calls the inner one, unless a project has its own.
    name = inner if build.scope.is_built_in(entry) else entry
    arguments = (False, relation, build.sql) if is_table else (relation, build.sql)
    return await build.macro(name, *arguments)


def _reads_itself(build: NodeBuild) -> bool:
    """Whether the SQL may read the relation that it replaces.

    It says the name somewhere, or reads a source, which may be a view over it.
    """
    if build.node.sources:
        return True
    identifier = (build.relation.identifier or "").casefold().replace('"', '""')
    sql = build.sql.casefold()
    # Compiling a pattern costs more than the rest of a small node's build.
    if identifier not in sql:
        return False
    return re.search(rf"(?<!\w){re.escape(identifier)}(?!\w)", sql) is not None
