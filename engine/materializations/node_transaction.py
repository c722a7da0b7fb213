"""A node's transaction, with all that belongs around its build."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from .finishing import apply_grants, persist_docs
from .node_build import NodeBuild


@asynccontextmanager
async def node_transaction(build: NodeBuild) -> AsyncIterator[None]:
    """The transaction in which a node is built: hooks, the block, hooks, grants, docs, COMMIT.

    Hooks that stay outside come before BEGIN and after COMMIT. The order is dbt's
    (https://docs.getdbt.com/reference/resource-configs/pre-hook-post-hook).
    """
    config = build.node.config
    await build.run_hooks(config.pre_hook, in_transaction=False)
    transaction = None
    try:
        async with build.connection.transaction(traceable=not build.is_repeatable) as transaction:
            for leftover in await build.leftovers():
                build.defer(await build.macro("get_drop_sql", leftover))
                build.cache.drop(leftover)
            await build.run_hooks(config.pre_hook, in_transaction=True)
            yield
            await build.run_hooks(config.post_hook, in_transaction=True)
            await apply_grants(build)
            await persist_docs(build)
    finally:
        build.committed = transaction is not None and transaction.committed
    await build.run_hooks(config.post_hook, in_transaction=False)
