"""A project with snapshots for one test, once on each database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from .support import SOURCES, PostgresShop, Shop, SqliteShop

WriteProject = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def sqlite_shop(write_project: WriteProject) -> Shop:
    return SqliteShop(write_project({"models/sources.yml": SOURCES}))


@pytest.fixture
def postgres_shop(request: pytest.FixtureRequest, write_project: WriteProject) -> Shop:
    server, schema = request.getfixturevalue("postgres"), request.getfixturevalue("schema")
    files = {"models/sources.yml": SOURCES, "profiles.yml": server.profile(schema)}
    return PostgresShop(write_project(files), server=server, schema=schema)


@pytest.fixture(params=["sqlite", "postgres"])
def shop(request: pytest.FixtureRequest) -> Shop:
    """The project, on whichever database it is this time."""
    found: Shop = request.getfixturevalue(f"{request.param}_shop")
    return found
