"""A node's transaction, with all that belongs around its build; and a relation built in one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec.structs import replace

from ...adapters.connection_abilities import WriterLocking
from ...adapters.relation import Relation, RelationType
from .finishing import apply_grants, persist_docs
from .foreign_keys import validate_keys_to
from .node_build import NodeBuild, Outcome
from .swap import build_and_swap, drop_statement, settle


@asynccontextmanager
async def node_transaction(
    build: NodeBuild, *, alone_in: Relation | None = None
) -> AsyncIterator[None]:
    """The transaction in which a node is built: hooks, the block, hooks, grants, docs, COMMIT.

    Hooks that stay outside come before BEGIN and after COMMIT. The order is dbt's
    (https://docs.getdbt.com/reference/resource-configs/pre-hook-post-hook).

    `alone_in` is a table that is read to decide what is written into it: nobody else writes to
    it from before the first hook to COMMIT. A hook that writes to it, and so has a lock of its
    own, mustn't come before: two runs would each wait for the other's.
    """
    config = build.node.config
    await build.run_hooks(config.pre_hook, in_transaction=False)
    transaction = None

    def note(name: str) -> None:
        build.note_transaction(name, True)

    try:
        async with build.connection.transaction(
            traceable=None if _may_be_done_twice(build) else note
        ) as transaction:
            if alone_in is not None:
                await keep_writers_out(build, alone_in)
            for leftover in await build.leftovers():
                build.defer(await drop_statement(build, leftover))
                build.cache.drop(leftover)
            await build.run_hooks(config.pre_hook, in_transaction=True)
            yield
            await build.run_hooks(config.post_hook, in_transaction=True)
            await settle(build)
            await apply_grants(build)
            await persist_docs(build)
    finally:
        build.note_end(transaction, completes=True)
    await build.run_hooks(config.post_hook, in_transaction=False)
    if build.swapped.foreign_keys:
        await validate_keys_to(build)


async def rebuild(build: NodeBuild, kind: RelationType) -> Outcome:
    """Build a relation of a kind, and swap it in."""
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


async def keep_writers_out(build: NodeBuild, table: Relation) -> None:
    """Be the only one who writes to a table until COMMIT, where that takes a lock."""
    if isinstance(build.connection, WriterLocking):
        await build.connection.keep_writers_out(table)


def _may_be_done_twice(build: NodeBuild) -> bool:
    """Whether a second build leaves what one would. Of a hook nobody knows what it does."""
    config = build.node.config
    hooks = (*config.pre_hook, *config.post_hook)
    return build.is_repeatable and not any(hook.transaction for hook in hooks)
