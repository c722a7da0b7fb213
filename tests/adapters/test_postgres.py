"""PostgreSQL does what every adapter does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import ClassVar

import pytest
from headrace.adapters.base import Adapter

from ..postgres_server import PostgresServer
from .conformance import SqlConformance
from .support import ENDLESS_QUERY, postgres_adapter


@pytest.fixture
async def adapter(postgres: PostgresServer, schema: str, tmp_path: Path) -> AsyncIterator[Adapter]:
    async with postgres_adapter(postgres, tmp_path, schema) as opened:
        yield opened


class TestPostgres(SqlConformance):
    endless_query: ClassVar[str] = ENDLESS_QUERY
