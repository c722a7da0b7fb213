"""A project on PostgreSQL for one test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from ..postgres_server import PostgresServer
from .support import Shop


@pytest.fixture
def shop(
    postgres: PostgresServer,
    schema: str,
    write_project: Callable[[Mapping[str, str]], Path],
) -> Shop:
    """A project whose target is a schema of its own."""
    return Shop(write_project({"profiles.yml": postgres.profile(schema)}), postgres, schema)
