"""Analyses: SQL files below `analysis-paths`, compiled and never run."""

from __future__ import annotations

from ..nodes.query_nodes import Analysis
from ..nodes.resource_type import ResourceType
from .package_parse import PackageParse
from .sql_files import node_files, sql_draft
from .sql_templates import sql_node


def read_analyses(package: PackageParse) -> None:
    """Read every analysis."""
    for file in node_files(package, package.project.analysis_paths, ".sql"):
        draft = sql_draft(package, file, ResourceType.ANALYSIS)
        name, *below = draft.fqn
        draft.path = f"analysis/{draft.path}"
        draft.fqn = (name, "analysis", *below)
        package.found.add(sql_node(package, Analysis, draft))
