"""A project on PostgreSQL for one test."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from ..postgres_server import PostgresServer, running_server
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
