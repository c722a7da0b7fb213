"""A query that was given on the command line, with `--inline`, as a node of its own."""

from __future__ import annotations

from hashlib import sha256

from ...project.project import Project
from ..nodes.node import Checksum
from ..nodes.query_nodes import INLINE_NAME, inline_id
from ..nodes.resource_type import ResourceType
from .node_factory import Draft

_PATH = f"sql/{INLINE_NAME}"


def inline_draft(text: str, project: Project) -> Draft:
    """The node in the making. Messages call its place `--inline`."""
    return Draft(
        resource_type=ResourceType.SQL_OPERATION,
        name=INLINE_NAME,
        unique_id=inline_id(project.name),
        project=project,
        path=_PATH,
        original_file_path="--inline",
        fqn=(project.name, "sql", INLINE_NAME),
        raw_code=text.strip(),
        checksum=Checksum("sha256", sha256(text.encode()).hexdigest()),
    )
