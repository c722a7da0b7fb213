"""Files that hold one node each: found, and made drafts of with what properties say of them."""

from __future__ import annotations

from collections.abc import Sequence

from ...project.discovery import SourceFile, checksum, read_source
from ..nodes.node import Checksum
from ..nodes.resource_type import ResourceType
from .draft import Draft
from .node_properties import apply_properties
from .package_parse import PackageParse

_SECTIONS = {ResourceType.ANALYSIS: "analyses"}
"""The sections of properties files that aren't called as the kind's configuration is."""


def node_files(package: PackageParse, paths: Sequence[str], suffix: str) -> list[SourceFile]:
    """The files of one kind of node."""
    warn = package.inputs.warn if package.again is None else None
    files = package.project.find_files(paths, suffix, warn=warn)
    return [file for file in files if package.reads(file.root_relative)]


def sql_draft(package: PackageParse, file: SourceFile, kind: ResourceType) -> Draft:
    """A draft of the node that a SQL file holds.

    Raises:
        ProjectError: the file can't be read.
        ParseError: what a properties file says of it has the wrong shape.
    """
    source = read_source(file)
    return file_draft(package, file, kind, source.rstrip(), Checksum("sha256", checksum(source)))


def file_draft(
    package: PackageParse, file: SourceFile, kind: ResourceType, code: str, digest: Checksum
) -> Draft:
    """A draft of the node that a file holds, with what properties say of it.

    Raises:
        ParseError: that has the wrong shape; says where.
    """
    patch = package.patches.of_file(_SECTIONS.get(kind, kind.config_tree), file.stem)
    name = file.stem if patch is None else patch.name
    draft = Draft(
        resource_type=kind,
        name=name,
        unique_id=f"{kind}.{package.name}.{name}",
        project=package.project,
        path=file.relative,
        original_file_path=file.root_relative,
        fqn=(package.name, *file.directories, name),
        raw_code=code,
        checksum=digest,
    )
    if patch is not None:
        apply_properties(patch, draft, package.docs, package.inputs)
    return draft
