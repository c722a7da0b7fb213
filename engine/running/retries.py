"""When a node that failed is built again, and how that is told."""

from __future__ import annotations

import random

from ...adapters.errors import AdapterError, RelationChangedError
from ..manifest.nodes.node import Node
from .node_result import Progress

LONGEST_PAUSE_SECONDS = 5.0
OVERTAKEN_AT_MOST = 3
"""How often a node is built again because its relation was made or changed by somebody else."""


def may_retry(failure: AdapterError, progress: Progress, retries: int) -> bool:
    """Whether to build a node again after an error, which may have been in any of its steps.

    Once its transaction is through, what failed were hooks behind it; to build again would do
    what is done already a second time. So it would with what its SQL has made durable by itself.
    """
    is_through = progress.build is not None and progress.build.committed
    is_harmless = not is_through and not progress.has_kept
    return failure.may_pass and is_harmless and progress.attempts <= retries


async def was_overtaken(failure: AdapterError, progress: Progress) -> bool:
    """Whether a node failed because somebody else has made or changed its relation meanwhile.

    Two first runs at once both find that there is none. The second to build it goes on from what
    the first has made, as a run that had come later would. Lists the relation's schema again.
    """
    build = progress.build
    if (
        build is None
        or build.committed
        or progress.has_kept
        or not isinstance(failure, RelationChangedError)
        or progress.attempts > OVERTAKEN_AT_MOST
    ):
        return False
    believed = await build.cache.find(build.relation)
    await build.cache.refresh(build.relation.namespace)
    found = await build.cache.find(build.relation)
    return (believed and believed.type) is not (found and found.type)


def pause_after(attempt: int, first: float) -> float:
    """Seconds to wait after the given attempt: longer each time, and never twice the same.

    Two nodes that were in each other's way are not to meet again.
    """
    longest = min(first * 2 ** (attempt - 1), LONGEST_PAUSE_SECONDS)
    return float(longest * random.uniform(0.5, 1.0))


def retry_text(node: Node, failure: AdapterError, progress: Progress, pause: float) -> str:
    """What is said of an attempt that failed."""
    why = str(failure).split("\n", 1)[0]
    return (
        f"attempt {progress.attempts} at {node.resource_type.value} {node.name} failed ({why}); "
        f"the next one comes in {pause:.1f} s."
    )
