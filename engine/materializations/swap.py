"""Building a relation anew under a name that readers keep using."""

from __future__ import annotations

import re
from dataclasses import replace

from ...adapters.base import Deferred
from ...adapters.relation import Relation, RelationType
from .node_build import NodeBuild

_CREATE_MACROS = {
    RelationType.TABLE: ("get_create_table_as_sql", "create_table_as"),
    RelationType.VIEW: ("get_create_view_as_sql", "create_view_as"),
}


async def build_and_swap(build: NodeBuild, kind: RelationType) -> Deferred:
    """Build a table or a view from the node's SQL, in place of what stands under its name.

    Inside the node's transaction: a reader sees the old relation until COMMIT, and the new one
    from then on. What is returned is answered once it has been sent. Where the database hides
    a transaction's drops from readers, the relation is built under its own name, unless its SQL
    reads what it replaces.
    """
    target = replace(build.relation, type=kind)
    existing = await build.existing()
    if build.adapter.hides_drops and (kind is RelationType.VIEW or not _reads_itself(build)):
        if existing is not None:
            build.defer(await build.macro("get_drop_sql", existing))
        return build.defer(await _create_sql(build, kind, target))
    temporary = replace(build.temporary_relation, type=kind)
    made = build.defer(await _create_sql(build, kind, temporary))
    if existing is not None:
        build.defer(await build.macro("get_drop_sql", existing))
    build.defer(await build.macro("get_rename_table_sql", temporary, target.identifier))
    return made


async def _create_sql(build: NodeBuild, kind: RelationType, relation: Relation) -> str:
    is_view = kind is RelationType.VIEW
    entry, inner = _CREATE_MACROS[kind]
    # The outer macro only calls the inner one, unless a project has its own.
    name = inner if build.scope.is_built_in(entry) else entry
    arguments = (relation, build.sql) if is_view else (False, relation, build.sql)
    return await build.macro(name, *arguments)


def _reads_itself(build: NodeBuild) -> bool:
    """Whether the SQL may read the relation that it replaces: it says the name somewhere."""
    identifier = (build.relation.identifier or "").casefold()
    sql = build.sql.casefold()
    # Compiling a pattern costs more than the rest of a small node's build.
    if identifier not in sql:
        return False
    return re.search(rf"(?<!\w){re.escape(identifier)}(?!\w)", sql) is not None
