"""The query that was given on the command line, with `--inline`."""

from __future__ import annotations

from hashlib import sha256

from msgspec.structs import replace

from ..nodes.node import Checksum
from ..nodes.query_nodes import INLINE_NAME, INLINE_PLACE, InlineQuery, inline_id
from ..nodes.resource_type import ResourceType
from .draft import Draft
from .package_parse import PackageParse
from .sql_templates import sql_node

_PATH = f"sql/{INLINE_NAME}"


def read_given_query(package: PackageParse) -> None:
    """Read the query, if there is one: as a node of the root project. Messages call its place
    `--inline`.
    """
    text = package.inputs.inline
    if text is None or not package.is_root:
        return
    draft = Draft(
        resource_type=ResourceType.SQL_OPERATION,
        name=INLINE_NAME,
        unique_id=inline_id(package.name),
        project=package.project,
        path=_PATH,
        original_file_path=INLINE_PLACE,
        fqn=(package.name, "sql", INLINE_NAME),
        raw_code=text.strip(),
        checksum=Checksum("sha256", sha256(text.encode()).hexdigest()),
    )
    node = sql_node(package, InlineQuery, draft)
    # Whoever asks for a query gets it, also where a project's models are disabled.
    package.found.add(replace(node, config=replace(node.config, enabled=True)))
