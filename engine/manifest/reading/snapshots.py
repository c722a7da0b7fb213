"""Snapshots of a project: from blocks in SQL files, and from properties files."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import msgspec

from ...core.errors import ParseError
from ...project.discovery import checksum, read_source
from ...project.project import Project
from ..jinja.bare_calls import bare_call
from ..jinja.blocks import tags_beside
from ..jinja.old_calls import unexpected_tag
from ..jinja.snapshot_blocks import SNAPSHOT_WORDS, SnapshotBlock, snapshot_blocks
from ..nodes.node import Checksum
from ..nodes.resource_type import ResourceType
from ..nodes.snapshot_node import Snapshot, check_configuration
from .draft import Draft
from .node_properties import apply_properties
from .package_parse import PackageParse
from .patches import NodePatch
from .sql_files import node_files
from .sql_templates import sql_node

SECTION = "snapshots"


def read_snapshots(package: PackageParse) -> None:
    """Read every snapshot of a project, enabled or not.

    Raises:
        ParseError: a block or an entry can't be read, or its configuration isn't whole.
    """
    project = package.project
    for file in node_files(package, project.snapshot_paths, ".sql"):
        source = read_source(file)
        directories = (*file.directories, file.stem)
        blocks = list(snapshot_blocks(source, file.root_relative))
        for word, line in tags_beside(source, SNAPSHOT_WORDS):
            package.inputs.warn(unexpected_tag(word, file.root_relative, line))
        for block in blocks:
            draft = _draft(project, block, file.root_relative, directories, source)
            draft.path = file.relative
            snapshot = _read(package, draft, line=block.line, has_own_file=len(blocks) == 1)
            package.found.add(snapshot)
    for patch in package.properties.nodes:
        if patch.relation is not None and package.reads(patch.document.display):
            package.found.add(_of_properties(package, patch))


def _of_properties(package: PackageParse, patch: NodePatch) -> Snapshot:
    """A snapshot of all that a relation has."""
    project = package.project
    call, location = patch.relation, patch.document.locate(*patch.keys, "relation")
    if not isinstance(call, str) or not _is_reference(call):
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
    return _read(package, draft, line=block.line, has_own_file=False)


def _is_reference(text: str) -> bool:
    """Whether a text is one call, computed or not, that can stand between braces."""
    return bare_call(text) in ("ref", "source") and not {*"{}"} & {*text}


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


def _read(package: PackageParse, draft: Draft, **fields: Any) -> Snapshot:
    """The node of a draft, checked, and placed where its configuration of old says."""
    said = package.patches.named(SECTION, draft.name)
    if said is not None:
        apply_properties(said, draft, package.docs, package.inputs)
    node = sql_node(package, Snapshot, draft, **fields)
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
