"""`on-run-start` and `on-run-end`: SQL before and after all nodes, as nodes of its own."""

from __future__ import annotations

from typing import Literal

from ...core.errors import Location
from ...project.yaml_file import YamlDocument
from .node import Node

RunHookType = Literal["on-run-start", "on-run-end"]

START: RunHookType = "on-run-start"
END: RunHookType = "on-run-end"


class RunHook(Node, frozen=True, kw_only=True):
    """One hook of a run. Its SQL is rendered when its turn comes.

    `index` is its place among those of its project, `position` among all of its type, both
    from 0; it is written in the project file `document`.
    """

    hook_type: RunHookType
    index: int
    position: int
    document: YamlDocument

    @property
    def location(self) -> Location:
        # Of a text that isn't in a list, this finds the key.
        return self.document.locate(self.hook_type, self.index)

    @property
    def is_embedded(self) -> bool:
        return True

    @property
    def kind(self) -> str:
        return "hook:"

    @property
    def display_name(self) -> str:
        return f"{self.package_name}.{self.hook_type}.{self.position}"

    @property
    def build_path(self) -> str:
        return f"{self.package_name}/dbt_project.yml/{self.path}"
