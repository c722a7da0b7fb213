"""One parse: what every reader and every check has at hand, and what has been found so far."""

from __future__ import annotations

from msgspec import Struct, field

from ...project.project import Project
from ...project.render import Renderer
from ..jinja.macro_index import MacroIndex
from ..jinja.syntax import SyntaxEnvironment
from .docs import Docs
from .found import Found
from .inputs import ParseInputs
from .node_factory import NodeFactory
from .node_patches import NodePatches
from .parse_renderer import ParseRenderer
from .properties import Properties


class Parse(Struct, frozen=True):
    """All of a parse. `packages` are the root project and its packages, in the order of inputs."""

    inputs: ParseInputs
    syntax: SyntaxEnvironment
    macros: MacroIndex
    docs: Docs
    renderer: ParseRenderer
    factory: NodeFactory
    found: Found
    packages: list[PackageParse] = field(default_factory=list)


class PackageParse(Struct, frozen=True):
    """A parse as the readers of one project see it, the root project or one of its packages.

    `patches` is what properties say of its nodes that have a file of their own. `again` are the
    only files to read, where some are read a second time.
    """

    parse: Parse
    project: Project
    properties: Properties
    patches: NodePatches
    again: frozenset[str] | None = None

    def reads(self, path: str) -> bool:
        """Whether the nodes of a file are to be read."""
        return self.again is None or path in self.again

    @property
    def name(self) -> str:
        return self.project.name

    @property
    def is_root(self) -> bool:
        return self.project is self.inputs.root

    @property
    def yaml(self) -> Renderer:
        """What renders the Jinja in its properties files: with the variables that it sees."""
        return self.inputs.yaml[self.name]

    @property
    def inputs(self) -> ParseInputs:
        return self.parse.inputs

    @property
    def macros(self) -> MacroIndex:
        return self.parse.macros

    @property
    def docs(self) -> Docs:
        return self.parse.docs

    @property
    def factory(self) -> NodeFactory:
        return self.parse.factory

    @property
    def found(self) -> Found:
        return self.parse.found
