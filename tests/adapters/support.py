"""What the adapters' tests share: targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from headrace.adapters.base import Adapter, Target
from headrace.adapters.registry import create_adapter

from ..postgres_server import PostgresServer

ENDLESS_QUERY = (
    "with recursive counter(i) as (select 1 union all select i + 1 from counter) "
    "select count(*) from counter"
)


def make_target(
    type: str, root: Path, keys: Mapping[str, object], *, threads: int = 4, schema: str = "main"
) -> Target:
    """A target as a profile would describe it."""
    return Target(
        type=type,
        name="dev",
        profile_name="shop",
        schema=schema,
        database=None,
        threads=threads,
        project_root=root,
        keys=keys,
    )


def sqlite_adapter(
    root: Path, *, threads: int = 4, schema: str = "main", **keys: object
) -> Adapter:
    """An adapter for `shop.db` in a directory, unless keys say otherwise."""
    given = keys if "path" in keys or "schemas_and_paths" in keys else {"path": "shop.db", **keys}
    return create_adapter(make_target("sqlite", root, given, threads=threads, schema=schema))


def postgres_adapter(
    server: PostgresServer, root: Path, schema: str, *, threads: int = 4, **keys: object
) -> Adapter:
    """An adapter for a schema of a server. It calls itself "headrace" and the schema's name."""
    target = make_target("postgres", root, server.keys(**keys), threads=threads, schema=schema)
    return create_adapter(
        replace(target, database=str(target.keys["dbname"]), invocation_id=schema)
    )
