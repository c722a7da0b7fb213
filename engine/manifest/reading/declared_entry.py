"""Entries of properties files that are all that there is of what they name.

Of exposures, metrics and their like nothing is built. They hang in the graph as nodes do, so
that a selection can start or end at one, and are kept in the manifest for those who read it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from msgspec import Struct

from ...project.config_tree import config_key
from ..nodes.declared_nodes import Declared
from ..nodes.node import Checksum
from ..nodes.resource_type import ResourceType
from .draft import Draft
from .entries import Place, below_search_path, directories_of
from .node_properties import locate_config
from .package_parse import PackageParse
from .patches import NodePatch

DeclaredT = TypeVar("DeclaredT", bound=Declared)

_NO_FILE = Checksum("none", "")


class DeclaredEntry(Struct, frozen=True):
    """One entry, with the parse of the project that it stands in."""

    package: PackageParse
    patch: NodePatch

    @property
    def name(self) -> str:
        return self.patch.name

    def make(
        self,
        kind: type[DeclaredT],
        resource_type: ResourceType,
        config: Mapping[str, Any],
        **fields: Any,
    ) -> DeclaredT:
        """A node out of the entry. `config` is its configuration, rendered.

        Raises:
            ParseError: a value of its configuration has the wrong type.
        """
        package, patch = self.package, self.patch
        display, name = patch.document.display, patch.name
        draft = Draft(
            resource_type=resource_type,
            name=name,
            unique_id=f"{resource_type}.{package.name}.{name}",
            project=package.project,
            path=below_search_path(display, package.project),
            original_file_path=display,
            fqn=(package.name, *directories_of(display, package.project), name),
            raw_code="",
            checksum=_NO_FILE,
            patch_config={config_key(str(key)): value for key, value in config.items()},
            written_patch_config=patch.written_config,
            description=self.describe(patch.values),
            locate_in_patch=lambda key: locate_config(patch.document, patch.keys, key),
        )
        return package.factory.make(kind, draft, **fields)

    def add(self, node: Declared) -> None:
        """Take down what was made of the entry.

        Raises:
            ParseError: it was declared already.
        """
        self.package.found.declared.add(node, self.patch)

    def describe(self, values: Mapping[str, Any], *below: str | int) -> str:
        """The description in the entry, or in what is `below` it.

        Raises:
            ParseError: there is no such docs block.
        """
        package, patch = self.package, self.patch
        return package.docs.describe(values, package.name, patch.document, (*patch.keys, *below))

    def place(self, what: str) -> Place:
        return Place(self.patch.document, self.patch.keys, what)


def entries_under(package: PackageParse, section: str) -> Iterator[DeclaredEntry]:
    """What the properties files of a project have in a section of declared nodes."""
    for patch in package.properties.declared[section]:
        yield DeclaredEntry(package, patch)
