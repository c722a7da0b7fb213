"""An adapter that isn't ours, found by its entry point, does what every adapter does."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

import pytest
from headrace.adapters.conformance import ProjectConformance

from .support import ENDLESS_QUERY

DISTRIBUTION = Path(__file__).parent / "acme"


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have its distribution installed, here and in the processes that the tests start."""
    monkeypatch.syspath_prepend(str(DISTRIBUTION))
    paths = (str(DISTRIBUTION), os.environ.get("PYTHONPATH"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))


class TestAcme(ProjectConformance):
    endless_query: ClassVar[str] = ENDLESS_QUERY

    @pytest.fixture
    def output(self, tmp_path: Path) -> dict[str, object]:
        return {"type": "acme", "directory": str(tmp_path / "acme"), "schema": "shop"}
