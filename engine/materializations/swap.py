"""How a relation is swapped for a new one under a name that readers keep using.

All that is decided about it is decided here, by the adapter's `swap_policy`:

    a materialization → swap_in(make) → drop and make | make beside, exchange | make beside, rename
    a project's macro → is_put_aside → … → let_go
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeGuard, TypeVar

from msgspec.structs import replace

from ...adapters.base import Adapter, Deferred, Response, SwapPolicy
from ...adapters.connection_abilities import Keeping, Restore, Swapped, Swapping
from ...adapters.relation import Relation, RelationType
from ..template.dbt.adapter_facade import drop_sql
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

Made = TypeVar("Made")


async def build_and_swap(build: NodeBuild, kind: RelationType) -> Deferred:
    """Build a table or a view from the node's SQL, and swap it for what stands under its name.

    Inside the node's transaction: a reader sees the old relation until COMMIT, and the new one
    from then on. What is returned is answered once it has been sent.

    Raises:
        DatabaseError: the SQL is refused, or what depends on the old relation can't follow.
        DatabaseLockedError: somebody keeps the old relation locked.
    """
    existing = await build.existing()
    policy = build.adapter.swap_policy
    if kind is RelationType.VIEW and policy is SwapPolicy.EXCHANGE and _is_view(existing):
        return await _swap_view(build, existing)
    # A view's text is not run when the view is made.
    may_read_itself = kind is not RelationType.VIEW and await reads_itself(build)
    make = partial(_create, build, kind)
    return await swap_in(build, kind, make, may_read_itself=may_read_itself)


async def swap_in(
    build: NodeBuild,
    kind: RelationType,
    make: Callable[[Relation], Awaitable[Made]],
    *,
    may_read_itself: bool = False,
) -> Made:
    """Have a relation made, in place of what stands under the node's name.

    `make` is told under which name, and its answer is given back. With `may_read_itself` what
    is there has to stay until the new one is made. Raises as `build_and_swap` does.
    """
    target = replace(build.relation, type=kind)
    existing = await build.existing()
    build.is_made_anew = kind is not RelationType.VIEW
    if existing is None:
        return await make(target)
    policy = build.adapter.swap_policy
    if policy is SwapPolicy.IN_PLACE and not may_read_itself:
        await _drop(build, existing)
        return await make(target)
    temporary = replace(build.temporary_relation, type=kind)
    made = await make(temporary)
    if policy is SwapPolicy.EXCHANGE:
        await _exchange(build, existing, temporary)
    else:
        await _drop(build, existing)
        build.defer(await build.macro("get_rename_table_sql", temporary, target.identifier))
    return made


async def _drop(build: NodeBuild, existing: Relation) -> None:
    """Drop what is there. What somebody has made on it is made again when the swap is settled."""
    restore = keep(build, existing)

    async def settle_this() -> None:
        restore(existing.identifier or "")

    build.swapped.settle = settle_this
    build.defer(await drop_statement(build, existing))


async def drop_statement(build: NodeBuild, relation: Relation) -> str:
    """The SQL that drops a relation, by the project's own macros where it has some."""
    names = ("get_drop_sql", "drop_view" if relation.is_view else "drop_table")
    if (relation.is_table or relation.is_view) and all(map(build.scope.is_default, names)):
        return drop_sql(relation)  # which is what these macros say
    return await build.macro("get_drop_sql", relation)


def keep(build: NodeBuild, relation: Relation) -> Restore:
    """Note what goes with a relation that is going to be dropped: where the adapter can't, nothing.

    What is returned has it made again, on the relation of a name.
    """
    if isinstance(build.connection, Keeping):
        return build.connection.keep(relation)
    return lambda name: None


async def _exchange(build: NodeBuild, existing: Relation, temporary: Relation) -> None:
    """Let what was built beside take the place of what is there, with what depends on that."""
    build.swapped = await _swapping(build).swap(
        existing,
        temporary,
        build.is_ours,
        gets_more=_gets_more(build),
        hooks_follow=build.has_hooks_afterwards,
        comes_anew=build.comes_anew,
    )
    if temporary.type is RelationType.TABLE and build.has_contract:
        target = replace(build.relation, type=temporary.type)
        sql = await build.macro("rename_constraints", target, temporary.identifier)
        if sql:
            build.defer(sql)


async def _swap_view(build: NodeBuild, existing: Relation) -> Deferred:
    """Give a view that is there its new text, or build it beside where the text doesn't fit."""
    kind = RelationType.VIEW
    temporary = replace(build.temporary_relation, type=kind)

    async def build_beside() -> Relation:
        await build.connection.execute(await _create_sql(build, kind, temporary))
        return temporary

    sql = await _create_sql(build, kind, replace(build.relation, type=kind))
    build.swapped = await _swapping(build).swap_view(existing, sql, build_beside, build.is_ours)
    return Deferred(sql, response=Response("CREATE VIEW", "CREATE VIEW"))


async def settle(build: NodeBuild) -> None:
    """End the swap when all hooks of the transaction have run.

    What the relation has got from the project by now is noted as such, so that it isn't taken for
    somebody's handiwork the next time.
    """
    await build.swapped.settle()
    exchanges = build.adapter.swap_policy is SwapPolicy.EXCHANGE
    if exchanges and build.is_made_anew and _gets_more(build):
        build.defer(_swapping(build).noting_made(build.relation))


def _gets_more(build: NodeBuild) -> bool:
    """Whether the project gives the relation constraints, indexes or the like."""
    return (
        build.has_contract
        or build.has_hooks_afterwards
        or bool(build.node.config.values.get("indexes"))
        or build.scope.is_overridden("create_indexes")
    )


def puts_aside(adapter: Adapter) -> bool:
    """Whether what a project's macro drops stays, under another name, to the transaction's end.

    By then something else may stand under its name, which takes over what depends on it.
    """
    return adapter.swap_policy is SwapPolicy.EXCHANGE


async def find_for_macro(build: NodeBuild, relation: Relation) -> Relation | None:
    """What stands under a name, as a macro's own transaction sees it."""
    return await _swapping(build).find_relation(relation)


async def let_go(build: NodeBuild, relation: Relation, former: str) -> None:
    """Drop what a macro has put aside, once what depends on it follows its successor.

    `former` is the name under which it stood, and its successor may stand.
    """
    successor = await find_for_macro(build, relation.with_identifier(former))
    if successor is None:
        await build.execute(drop_sql(relation))
        return
    connection = _swapping(build)
    swapped = await connection.swap(
        relation,
        successor,
        build.is_ours,
        gets_more=True,
        comes_anew=build.comes_anew,
    )
    # It has taken the name that the old one had last, and now gets its own again.
    taken = replace(relation, type=successor.type)
    for sql in await build.connection.rename_statements(taken, former):
        await build.execute(sql)
    if not successor.is_view:
        build.defer(connection.noting_made(successor))
    _add(build.swapped, swapped)


def _add(sum_of_all: Swapped, swapped: Swapped) -> None:
    sum_of_all.statements += swapped.statements
    sum_of_all.dropped += swapped.dropped
    sum_of_all.foreign_keys += swapped.foreign_keys


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
    if is_table and name == inner and build.scope.is_built_in(inner):
        config = build.node.config.values
        if "sql_header" not in config and not build.has_contract:
            plain = build.adapter.plain_table(relation, build.sql, config)
            if plain is not None:
                return plain
    arguments = (False, relation, build.sql) if is_table else (relation, build.sql)
    return await build.macro(name, *arguments)


def _swapping(build: NodeBuild) -> Swapping:
    connection = build.connection
    assert isinstance(connection, Swapping), "one of an adapter whose policy is to exchange"
    return connection


def _is_view(existing: Relation | None) -> TypeGuard[Relation]:
    return existing is not None and existing.is_view


async def reads_itself(build: NodeBuild) -> bool:
    """Whether the SQL may read the relation that it replaces.

    It says the name somewhere, or reads what may be a view over it: a source, or a view that is
    not the project's, through whatever template its name got there.
    """
    if build.node.sources:
        return True
    sql = build.sql.casefold()
    if _names(sql, build.relation):
        return True
    views = await build.cache.views(build.relation.namespace, build.is_ours)
    return any(_names(sql, view) for view in views)


def names_itself(build: NodeBuild) -> bool:
    """Whether the SQL says the name of the node's relation somewhere."""
    return _names(build.sql.casefold(), build.relation)


def _names(sql: str, relation: Relation) -> bool:
    """Whether SQL in small letters says a relation's name."""
    identifier = (relation.identifier or "").casefold().replace('"', '""')
    # Compiling a pattern costs more than the rest of a small node's build.
    if identifier not in sql:
        return False
    return re.search(rf"(?<!\w){re.escape(identifier)}(?!\w)", sql) is not None
