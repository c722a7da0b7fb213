"""Snapshots of a project: from blocks in SQL files, and from properties files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any

import msgspec

from ...core.errors import ParseError
from ...core.events import WarningRaised
from ...project.discovery import (
    checksum,
    find_files,
    read_source,
)
from ...project.project import Project
from ..jinja.snapshot_blocks import SnapshotBlock, snapshot_blocks
from ..nodes.node import Checksum
from ..nodes.resource_type import ResourceType
from ..nodes.snapshot_node import Snapshot, check_configuration
from .node_factory import Draft
from .patches import NodePatch
from .properties import Properties
from .sql_nodes import SqlNodeReader

SECTION = "snapshots"

_CALL = re.compile(r"\s*(?:ref|source)\s*\([^{}]*\)\s*")


def read_snapshots(
    project: Project,
    properties: Properties,
    reader: SqlNodeReader,
    warn: Callable[[WarningRaised], None],
) -> Iterator[Snapshot]:
    """Every snapshot of a project, enabled or not.

    Raises:
        ParseError: a block or an entry can't be read, or its configuration isn't whole.
    """
    for file in find_files(project.root, project.snapshot_paths, (".sql",), warn=warn):
        source = read_source(file)
        directories = (*file.directories, file.stem)
        blocks = list(snapshot_blocks(source, file.root_relative))
        for block in blocks:
            draft = _draft(project, block, file.root_relative, directories, source)
            draft.path = file.relative
            yield _read(reader, draft, line=block.line, has_own_file=len(blocks) == 1)
    for patch in properties.nodes:
        if patch.section == SECTION and "relation" in patch.values:
            yield _of_properties(project, patch, reader)


def _of_properties(project: Project, patch: NodePatch, reader: SqlNodeReader) -> Snapshot:
    """A snapshot of all that a relation has."""
    call, location = patch.values["relation"], patch.document.locate(*patch.keys, "relation")
    if not isinstance(call, str) or not _CALL.fullmatch(call):
        raise ParseError(
            f"the 'relation' of the snapshot '{patch.name}' is {call!r}, and must be "
            "ref('…') or source('…', '…').",
            location=location,
        )
    path = patch.document.display
    found_by = (f"{below}/" for below in project.properties_paths)
    relative = PurePosixPath(
        next((path.removeprefix(start) for start in found_by if path.startswith(start)), path)
    )
    block = SnapshotBlock(patch.name, f"select * from {{{{ {call} }}}}", location.line or 1)
    draft = _draft(project, block, path, relative.parent.parts, patch.document.text)
    draft.path = f"{relative}/{patch.name}.sql"
    return _read(reader, draft, line=block.line, has_own_file=False)


def _draft(
    project: Project,
    block: SnapshotBlock,
    original_file_path: str,
    directories: tuple[str, ...],
    source: str,
) -> Draft:
    return Draft(
        resource_type=ResourceType.SNAPSHOT,
        name=block.name,
        unique_id=f"snapshot.{project.name}.{block.name}",
        project=project,
        path=original_file_path,
        original_file_path=original_file_path,
        fqn=(project.name, *directories, block.name),
        raw_code=block.placed_code,
        checksum=Checksum("sha256", checksum(source)),
    )


def _read(reader: SqlNodeReader, draft: Draft, **fields: Any) -> Snapshot:
    """The node of a draft, checked, and placed where its configuration of old says."""
    node = reader.read(Snapshot, draft, SECTION, **fields)
    values = node.config.values
    if node.config.enabled:
        try:
            check_configuration(values)
        except ParseError as error:
            where = error.location or node.location
            raise ParseError(f"snapshot '{node.name}': {error.problem}", location=where) from error
    # Meant literally, and stronger than what `generate_schema_name` makes of `schema`.
    places = {"schema": values.get("target_schema"), "database": values.get("target_database")}
    given: dict[str, Any] = {part: str(name) for part, name in places.items() if name}
    return msgspec.structs.replace(node, **given) if given else node
