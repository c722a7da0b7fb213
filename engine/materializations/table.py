"""`table`, `view` and `materialized_view`: relations that are made of their SQL alone."""

from __future__ import annotations

from msgspec.structs import replace

from ...adapters.relation import RelationType
from ..errors import CompilationError
from .node_build import NodeBuild, Outcome
from .node_transaction import node_transaction
from .swap import build_and_swap


async def table(build: NodeBuild) -> Outcome:
    """Build a table, and swap it in."""
    return await _rebuild(build, RelationType.TABLE)


async def view(build: NodeBuild) -> Outcome:
    """Build a view, and swap it in."""
    return await _rebuild(build, RelationType.VIEW)


async def materialized_view(build: NodeBuild) -> Outcome:
    """Refresh a materialized view that is there, or build it.

    Raises:
        CompilationError: the database has no such thing.
    """
    if not build.adapter.has_materialized_views:
        raise CompilationError(
            f"{build.adapter.type} has no materialized views: make the model a table.",
            location=build.node.location,
        )
    kind = RelationType.MATERIALIZED_VIEW
    existing = await build.existing()
    if existing is None or not existing.is_materialized_view or build.is_full_refresh:
        return await _rebuild(build, kind)
    async with node_transaction(build):
        sql = await build.macro("refresh_materialized_view", existing)
        build.made = build.defer(sql, wants_response=True)
    return build.success()


async def _rebuild(build: NodeBuild, kind: RelationType) -> Outcome:
    target = replace(build.relation, type=kind)
    existing = await build.existing()
    try:
        async with node_transaction(build):
            build.made = await build_and_swap(build, kind)
            build.cache.add(target)  # for the hooks that come now
    except BaseException:
        if not build.committed:
            build.cache.drop(target)
            if existing is not None:
                build.cache.add(existing)
        raise
    return build.success()
