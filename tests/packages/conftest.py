"""A web server for packages that come from the web."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .support import Web, web_server


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as server:
        yield server
