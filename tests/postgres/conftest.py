"""A project on PostgreSQL for one test."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path

import pytest

from ..postgres_server import PostgresServer, running_server
from .adding import TABLES, counts, window, write_models
from .support import Shop


@pytest.fixture
def private_server() -> Iterator[PostgresServer]:
    """A small server for one test, which may be stopped, or be told strange settings."""
    with running_server(max_connections=14) as server:
        yield server


@pytest.fixture
def private_shop(
    private_server: PostgresServer, write_project: Callable[[Mapping[str, str]], Path]
) -> Shop:
    """A project on a server of its own."""
    return Shop(
        write_project({"profiles.yml": private_server.profile("shop")}), private_server, "shop"
    )


@pytest.fixture
def shop(
    postgres: PostgresServer,
    schema: str,
    write_project: Callable[[Mapping[str, str]], Path],
) -> Shop:
    """A project whose target is a schema of its own."""
    return Shop(write_project({"profiles.yml": postgres.profile(schema)}), postgres, schema)


async def _grow(shop: Shop) -> None:
    await shop.execute("create schema if not exists {schema}")
    await shop.execute("create table {schema}.audit (id int)")
    write_models(shop, 1)
    ran = await shop.run("build", **window(1))
    assert ran.exit_code == 0, [result.error for result in ran.outcome.results]
    assert await counts(shop) == dict.fromkeys(TABLES, 1)
    write_models(shop, 2)


@pytest.fixture
def grow() -> Callable[[Shop], Awaitable[None]]:
    """Give a project something of each kind that adds rows, and its first run."""
    return _grow


@pytest.fixture
async def grown(shop: Shop) -> Shop:
    """A project with something of each kind that adds rows, after its first run."""
    await _grow(shop)
    return shop
