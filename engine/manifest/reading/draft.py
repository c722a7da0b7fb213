"""Nodes in the making: what their files and their properties say of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, field

from ...core.errors import Location
from ...project.project import Project
from ...project.project_keys import locate_configuration
from ..jinja.line_numbers import line_configuring
from ..nodes.node import Checksum, Column
from ..nodes.node_calls import Call
from ..nodes.resource_type import ResourceType


class Draft(Struct):
    """A node in the making: what its file and its properties say."""

    resource_type: ResourceType
    name: str
    unique_id: str
    project: Project
    path: str
    original_file_path: str
    fqn: tuple[str, ...]
    raw_code: str
    checksum: Checksum
    patch_config: Mapping[str, Any] = field(default_factory=dict)
    in_file_config: Mapping[str, Any] = field(default_factory=dict)
    written_patch_config: Mapping[str, Any] | None = None
    """What its properties configure, as its author wrote it: with its Jinja."""
    description: str = ""
    doc_blocks: tuple[str, ...] = ()
    columns: Mapping[str, Column] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    """What only its kind has, by the names of the node's fields."""
    referred: tuple[Call, ...] = ()
    """What its properties refer to, beside what its template does."""
    patch_path: str | None = None
    locate_in_patch: Callable[[str], Location] | None = None
    """Where its properties configure a key. For messages: finding the place takes its time."""
    default_alias: str | None = None
    described_by: Project | None = None
    """The project that configures it in a properties file, where that isn't its own."""

    @property
    def location(self) -> Location:
        return Location(self.original_file_path)

    def configured_at(self, key: str) -> Location:
        """Where the value of a configuration comes from."""
        if key in self.in_file_config:
            line = line_configuring(self.raw_code, key)
            return Location(self.original_file_path, line)
        if key in self.patch_config:
            return self.locate_in_patch(key) if self.locate_in_patch else self.location
        document = self.project.document
        return locate_configuration(document, key) or Location(document.display)

    def origin_of(self, level: Mapping[str, Any]) -> Location:
        """Where a whole level of its configuration comes from."""
        if level is self.in_file_config:
            return self.location
        if level is self.patch_config and self.locate_in_patch:
            return self.locate_in_patch("config")
        return Location(self.project.document.display)
