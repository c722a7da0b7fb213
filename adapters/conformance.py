"""What every adapter does alike, as tests. A new adapter is done when these pass.

A class of tests for an adapter inherits one of the three, and brings the fixture `output` (the keys
of a target, as profiles.yml has them) and an endless query:

    class TestAcme(ProjectConformance):
        endless_query = "select ..."

        @pytest.fixture
        def output(self, tmp_path: Path) -> dict[str, object]:
            return {"type": "acme", "path": str(tmp_path / "acme.db"), "schema": "main"}

`AdapterConformance` has the verbs, and asks nothing of the SQL but that relations are created and
dropped; `SqlConformance` asks for a database that keeps rows; `ProjectConformance` also runs whole
small projects, with the adapter's macros, as somebody would at a terminal.

It needs pytest and pytest-asyncio (`headrace[conformance]`), in the mode `asyncio_mode = "auto"`;
nothing else imports it.
"""

# ruff: noqa: E402 # pytest explains only those assertions that it is told of before their import

import pytest

pytest.register_assert_rewrite(
    *(f"{__package__}.conformance_{part}" for part in ("verbs", "sql", "projects"))
)

from .conformance_projects import ProjectConformance
from .conformance_sql import SqlConformance
from .conformance_support import identifiers, target_namespace, target_relation
from .conformance_verbs import AdapterConformance

__all__ = [
    "AdapterConformance",
    "ProjectConformance",
    "SqlConformance",
    "identifiers",
    "target_namespace",
    "target_relation",
]
