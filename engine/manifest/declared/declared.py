"""What properties files declare and nothing is built of: exposures, metrics and their like.

They hang in the graph as nodes do, so that a selection can start or end at one, and are kept in
the manifest for those who read it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from msgspec import Struct

from ...project.config_tree import config_key
from ...project.project import Project
from ..nodes.declared_nodes import Declared
from ..nodes.node import Checksum
from ..nodes.resource_type import ResourceType
from ..reading.docs import Docs
from ..reading.entries import Keys, Place, below_search_path, directories_of
from ..reading.inputs import ParseInputs
from ..reading.node_factory import Draft, NodeFactory
from ..reading.node_properties import locate_config
from ..reading.patches import NodePatch

DeclaredT = TypeVar("DeclaredT", bound=Declared)

_NO_FILE = Checksum("none", "")


class DeclaredContext(Struct, frozen=True):
    """What reading the declared nodes of one project takes."""

    inputs: ParseInputs
    project: Project
    docs: Docs
    factory: NodeFactory

    def render(self, patch: NodePatch, later: Callable[[Keys], bool]) -> dict[str, Any]:
        """An entry with its Jinja done, but for what says yes to `later`, and descriptions.

        Raises:
            ProjectError: a template in it fails.
        """

        def keep(path: Keys) -> bool:
            below = path[len(patch.keys) :]
            return bool(below) and (below[-1] == "description" or later(below))

        rendered = self.inputs.yaml.render(patch.document, patch.values, patch.keys, keep=keep)
        assert isinstance(rendered, dict)  # a mapping is rendered to a mapping
        return rendered

    def make(
        self,
        kind: type[DeclaredT],
        resource_type: ResourceType,
        patch: NodePatch,
        config: Mapping[str, Any],
        *,
        written_config: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> DeclaredT:
        """A node out of an entry. `config` is its configuration, rendered.

        Raises:
            ParseError: a value of its configuration has the wrong type.
        """
        display, name = patch.document.display, patch.name
        path = below_search_path(display, self.project)
        written = patch.values.get("config") or {} if written_config is None else written_config
        draft = Draft(
            resource_type=resource_type,
            name=name,
            unique_id=f"{resource_type}.{self.project.name}.{name}",
            project=self.project,
            path=path,
            original_file_path=display,
            fqn=(self.project.name, *directories_of(display, self.project), name),
            raw_code="",
            checksum=_NO_FILE,
            patch_config={config_key(str(key)): value for key, value in config.items()},
            written_patch_config=written,
            description=self.describe(patch.values, patch),
            locate_in_patch=lambda key: locate_config(patch.document, patch.keys, key),
        )
        return self.factory.make(kind, draft, **fields)

    def describe(self, values: Mapping[str, Any], patch: NodePatch, *below: str | int) -> str:
        """The description in an entry, or in what is `below` it.

        Raises:
            ParseError: there is no such docs block.
        """
        keys = (*patch.keys, *below)
        return self.docs.describe(values, self.project.name, patch.document, keys)

    def place(self, patch: NodePatch, what: str) -> Place:
        return Place(patch.document, patch.keys, what)


def never(path: Keys) -> bool:
    return False
