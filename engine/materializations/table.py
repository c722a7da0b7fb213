"""`table` and `view`: the relation is built anew by every run."""

from __future__ import annotations

from dataclasses import replace

from ...adapters.relation import RelationType
from .node_build import NodeBuild, Outcome
from .swap import build_and_swap


async def table(build: NodeBuild) -> Outcome:
    """Build a table, and swap it in."""
    return await _rebuild(build, RelationType.TABLE)


async def view(build: NodeBuild) -> Outcome:
    """Build a view, and swap it in."""
    return await _rebuild(build, RelationType.VIEW)


async def _rebuild(build: NodeBuild, kind: RelationType) -> Outcome:
    async with build.transaction():
        build.made = await build_and_swap(build, kind)
    build.cache.add(replace(build.relation, type=kind))
    return build.success()
