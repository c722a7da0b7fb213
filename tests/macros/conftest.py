"""A project that a test runs on each database in turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from .places import Place


@pytest.fixture(params=["sqlite", "postgres"])
def place(
    request: pytest.FixtureRequest, write_project: Callable[[Mapping[str, str]], Path]
) -> Place:
    """An empty project on one of the databases."""
    if request.param == "sqlite":
        return Place(write_project({}), "main")
    server = request.getfixturevalue("postgres")
    schema = request.getfixturevalue("schema")
    return Place(write_project({"profiles.yml": server.profile(schema)}), schema, server)
