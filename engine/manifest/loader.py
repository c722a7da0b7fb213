"""From a project's files to its manifest.

Macros come first, since they may name and configure everything else; then properties files;
then the nodes, by a list of readers; then what connects them. Lists of checks say what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..core.checkpoints import checkpoint
from .checks import CHECKS_OF_GRAPH, CHECKS_OF_NODES, heed
from .jinja.macro_file import MacroFile
from .jinja.macro_index import MacroIndex
from .jinja.macro_reader import read_macros
from .jinja.syntax import SyntaxEnvironment
from .manifest import Manifest
from .nodes.macro import Macro
from .readers import DECLARED_SECTIONS, DESCRIBED_READERS, READERS, Reader
from .reading.docs import read_docs
from .reading.foreign_patches import hand_over_patches
from .reading.found import Found
from .reading.inputs import ParseInputs
from .reading.node_factory import NodeFactory
from .reading.node_links import connect
from .reading.node_patches import NodePatches
from .reading.package_parse import PackageParse, Parse
from .reading.project_files import macro_files, read_properties
from .reading.source_overrides import apply_source_overrides


def load_manifest(inputs: ParseInputs) -> Manifest:
    """Parse every file of the projects, and connect what they hold.

    Raises:
        HeadraceError: a file can't be read, parsed, or fitted to the others; says where.
    """
    parse = _open(inputs)
    _read(parse.packages, DESCRIBED_READERS)
    _read(hand_over_patches(parse), DESCRIBED_READERS)
    _read(parse.packages, READERS)
    heed(CHECKS_OF_NODES, parse)
    manifest = connect(parse)
    heed(CHECKS_OF_GRAPH, parse)
    return manifest


def _read(packages: Iterable[PackageParse], readers: Iterable[Reader]) -> None:
    for package in packages:
        for reader in readers:
            reader.read(package)


def _open(inputs: ParseInputs) -> Parse:
    """A parse whose macros, docs blocks and properties files are read, and no nodes yet."""
    syntax = SyntaxEnvironment()
    macros = _read_macros(inputs, syntax)
    docs = read_docs(inputs)
    renderer = inputs.make_renderer(macros)
    factory = NodeFactory(
        inputs.root, macros, renderer, schema=inputs.schema, database=inputs.database
    )
    parse = Parse(inputs, syntax, macros, docs, renderer, factory, Found())
    properties = {
        project.name: read_properties(inputs, project, DECLARED_SECTIONS)
        for project in inputs.projects
    }
    apply_source_overrides(properties, inputs.warn)
    for project in inputs.projects:
        said = properties[project.name]
        parse.packages.append(PackageParse(parse, project, said, NodePatches(said)))
    return parse


def _read_macros(inputs: ParseInputs, syntax: SyntaxEnvironment) -> MacroIndex:
    def read(file: MacroFile) -> Iterable[Macro]:
        checkpoint()
        return inputs.cache.macros(file, lambda: tuple(read_macros(syntax, file)))

    files = list(macro_files(inputs))
    return MacroIndex(
        files,
        (macro for file in files for macro in read(file)),
        root_package=inputs.root.name,
        dialect=inputs.dialect,
        search_orders=inputs.search_orders,
        effects=inputs.effects,
    )
