"""What the tests of parsing share: a project on disk, parsed as a command would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from headrace.engine.core.errors import HeadraceError
from headrace.engine.core.events import WarningRaised
from headrace.engine.core.graph import Graph
from headrace.engine.manifest.manifest import Manifest
from headrace.engine.manifest.nodes.node import Node
from headrace.engine.settings.options import Options
from headrace.engine.workspace.loaded_project import LoadedProject
from headrace.engine.workspace.project_parse import parse_project
from headrace.engine.workspace.start import Start
from headrace.engine.workspace.workspace import Workspace, open_workspace


@dataclass(frozen=True, slots=True)
class Parsed:
    """A project that was parsed, and the warnings on the way."""

    project: LoadedProject
    warnings: tuple[WarningRaised, ...]

    @property
    def workspace(self) -> Workspace:
        return self.project.workspace

    @property
    def manifest(self) -> Manifest:
        return self.project.manifest

    @property
    def graph(self) -> Graph:
        return self.project.graph

    def node(self, name: str) -> Node:
        """The only node or source of that name."""
        everything = (*self.manifest.nodes.values(), *self.manifest.sources.values())
        (found,) = (node for node in everything if node.name == name)
        return found

    def parents(self, name: str) -> tuple[str, ...]:
        return self.manifest.parents[self.node(name).unique_id]


def parse(
    root: Path,
    *,
    vars: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Parsed:
    """Parse a project with its profile beside it, and with no other environment than given."""
    warnings: list[WarningRaised] = []
    start = Start(Options(vars=vars or {}), dict(environ or {}), root)
    workspace = open_workspace(start, warnings.append)
    project = parse_project(workspace, warnings.append)
    return Parsed(project, tuple(warnings))


def failure(root: Path) -> HeadraceError:
    """The error that parsing a project ends in."""
    with pytest.raises(HeadraceError) as raised:
        parse(root)
    return raised.value
