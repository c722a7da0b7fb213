"""What the tests of the conformance suite share: names in the target's schema, and waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import anyio

from .base import Adapter, Target
from .relation import Namespace, Relation

_DATABASES = ("database", "dbname", "project", "catalog")
_OF_TARGETS = frozenset({"type", "schema", "threads"})


def target_of(output: Mapping[str, object], root: Path) -> Target:
    """The target that one output of a profile describes, with 4 threads."""
    database = next((output[key] for key in _DATABASES if key in output), None)
    return Target(
        type=str(output["type"]),
        name="dev",
        profile_name="conformance",
        schema=str(output["schema"]),
        database=None if database is None else str(database),
        threads=4,
        project_root=root,
        keys={key: value for key, value in output.items() if key not in _OF_TARGETS},
        invocation_id="conformance",
    )


def target_namespace(adapter: Adapter) -> Namespace:
    """The target's schema."""
    return Namespace(adapter.target.database, adapter.target.schema)


def target_relation(adapter: Adapter, identifier: str) -> Relation:
    """A relation in the target's schema."""
    return adapter.relation(adapter.target.schema, identifier)


async def identifiers(adapter: Adapter) -> set[str | None]:
    """What the target's schema holds."""
    listed = await adapter.list_relations(target_namespace(adapter))
    return {relation.identifier for relation in listed}


async def until(is_true: Callable[[], bool]) -> None:
    """Let other tasks run until something is true; a second at most."""
    for _ in range(1000):
        if is_true():
            return
        await anyio.sleep(0.001)
    raise TimeoutError("it never came true")


async def cancel_after(task: asyncio.Task[None], seconds: float) -> None:
    """Cancel a task as a host would, and wait for its end."""
    await anyio.sleep(seconds)
    task.cancel()
    await asyncio.wait([task])
