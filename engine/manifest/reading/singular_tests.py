"""Singular tests: SQL files below `test-paths` whose rows are failures."""

from __future__ import annotations

from ..nodes.resource_type import ResourceType
from ..nodes.test_nodes import SingularTest
from .package_parse import PackageParse
from .sql_files import node_files, sql_draft
from .sql_templates import sql_node

_NONE_OF_THEM = ("generic/", "fixtures/")
"""Directories of `test-paths` that hold something else."""


def read_singular_tests(package: PackageParse) -> None:
    """Read every test that has a file."""
    for file in node_files(package, package.project.test_paths, ".sql"):
        if not file.relative.startswith(_NONE_OF_THEM):
            draft = sql_draft(package, file, ResourceType.TEST)
            package.found.add(sql_node(package, SingularTest, draft))
