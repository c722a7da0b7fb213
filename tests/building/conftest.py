"""Every test of building ends with a look at what must hold after any run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .support import check_invariants


@pytest.fixture(autouse=True)
def invariants(tmp_path: Path) -> Iterator[None]:
    """Nothing half-built, half-written or without a status is left behind."""
    yield
    for project in tmp_path.iterdir():
        if project.is_dir():
            check_invariants(project)
