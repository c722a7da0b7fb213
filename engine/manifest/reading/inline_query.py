"""A query that was given on the command line, with `--inline`, as a node of its own."""

from __future__ import annotations

from hashlib import sha256

from ...project.project import Project
from ..nodes.node import (
    Analysis,
    Checksum,
    ResourceType,
)
from .node_factory import Draft

NAME = "inline_query"
_PATH = f"sql/{NAME}"


class InlineQuery(Analysis, frozen=True, kw_only=True):
    """SQL that is compiled, and run by `show`. It stands in no file, and in no artifact."""

    @property
    def is_embedded(self) -> bool:
        return True

    @property
    def kind(self) -> str:
        return "inline query"

    @property
    def build_path(self) -> str:
        return f"{self.package_name}/{self.path}.sql"


def inline_id(project_name: str) -> str:
    """The unique id of a project's inline query."""
    return f"{ResourceType.SQL_OPERATION}.{project_name}.{NAME}"


def inline_draft(text: str, project: Project) -> Draft:
    """The node in the making. Messages call its place `--inline`."""
    return Draft(
        resource_type=ResourceType.SQL_OPERATION,
        name=NAME,
        unique_id=inline_id(project.name),
        project=project,
        path=_PATH,
        original_file_path="--inline",
        fqn=(project.name, "sql", NAME),
        raw_code=text.strip(),
        checksum=Checksum("sha256", sha256(text.encode()).hexdigest()),
    )
