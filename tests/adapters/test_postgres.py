"""PostgreSQL does what every adapter does."""

from __future__ import annotations

from typing import ClassVar

import pytest
from headrace.adapters.conformance import ProjectConformance

from ..postgres_server import PostgresServer
from .support import ENDLESS_QUERY


class TestPostgres(ProjectConformance):
    endless_query: ClassVar[str] = ENDLESS_QUERY

    @pytest.fixture
    def output(self, postgres: PostgresServer, schema: str) -> dict[str, object]:
        return {"type": "postgres", "schema": schema, **postgres.keys()}
