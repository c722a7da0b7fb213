"""From a project's files to its manifest.

Macros come first, since they may name and configure everything else; then properties files,
then the nodes, then what connects them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from ...core.checkpoints import checked, checkpoint
from ...core.errors import (
    Location,
    ParseError,
    YamlError,
)
from ...core.events import WarningRaised
from ...project.config_tree import unused_paths_warning
from ...project.discovery import (
    SourceFile,
    find_files,
    read_source,
)
from ...project.project import Project
from ...project.text_file import read_text
from ...project.yaml_file import YamlDocument, parse_yaml
from ..declared.declarations import Declarations
from ..declared.declared import DeclaredContext
from ..jinja.macro_index import (
    BUILTIN_PACKAGE,
    MacroFile,
    MacroIndex,
    read_macros,
)
from ..jinja.plain_macros import is_plain, read_plain_macros
from ..jinja.syntax import SyntaxEnvironment
from ..lookup import MissingTargetError, NodeLookup
from ..manifest import Manifest
from ..nodes.group import Group
from ..nodes.hook_node import RunHook
from ..nodes.macro import Macro, MacroProperties
from ..nodes.materialization_names import heeds_packages
from ..nodes.node import Node
from ..nodes.snapshot_node import RELATION_KINDS
from ..nodes.source_node import Source
from ..nodes.test_nodes import Test
from .config_names import misspelt_configs
from .constraint_entries import check_contract
from .deprecated_forms import (
    arguments_beside,
    deprecated_forms,
    overriding_packages,
)
from .deprecation import deprecation_warnings
from .docs import (
    OVERVIEW,
    Docs,
    read_docs,
)
from .gaps import gaps_of_nodes
from .groups import check_groups, read_groups, reference_check
from .inputs import ParseInputs
from .macro_properties import read_macro_properties
from .microbatch_settings import check_microbatch_models
from .node_factory import NodeFactory
from .parse_cache import ParseCache
from .patches import SourcePatch
from .properties import (
    NODE_SECTIONS,
    Properties,
    PropertiesReader,
)
from .run_hooks import RunHookReader
from .snapshots import read_snapshots
from .source_overrides import apply_source_overrides
from .sql_nodes import SqlNodeReader
from .unit_tests import SECTION as UNIT_TESTS
from .unit_tests import UnitTests
from .versions import check_versioned_names
from .yaml_nodes import GenericTestReader
from .yaml_nodes import read_source as read_source_node


def load_manifest(inputs: ParseInputs) -> Manifest:
    """Parse every file of the projects, and connect what they hold.

    Raises:
        HeadraceError: a file can't be read, parsed, or fitted to the others; says where.
    """
    syntax = SyntaxEnvironment()

    def read(file: MacroFile) -> Iterable[Macro]:
        checkpoint()

        def anew() -> tuple[Macro, ...]:
            return tuple(read_plain_macros(file) if is_plain(file) else read_macros(syntax, file))

        return inputs.cache.macros(file, anew)

    macros = MacroIndex(
        _macro_files(inputs),
        syntax=syntax,
        root_package=inputs.root.name,
        dialect=inputs.dialect,
        read=read,
        search_order=_builtin_search_order(inputs),
        effects=inputs.effects,
    )
    found = _Found()
    docs = Docs(
        (doc for project in inputs.projects for doc in read_docs(project)),
        inputs.root.name,
        inputs.yaml,
    )
    renderer = inputs.make_renderer(macros)
    factory = NodeFactory(
        inputs.root, macros, renderer, schema=inputs.schema, database=inputs.database
    )
    all_properties = {
        project.name: _read_properties(inputs, project) for project in inputs.projects
    }
    apply_source_overrides(all_properties, inputs.warn)
    for project in inputs.projects:
        properties = all_properties[project.name]
        reader = SqlNodeReader(
            inputs,
            project,
            properties,
            macros=macros,
            docs=docs,
            factory=factory,
            renderer=renderer,
            syntax=syntax,
        )
        found.add_all(reader.models())
        found.add_all(reader.analyses())
        found.add_all(reader.seeds())
        found.add_all(reader.singular_tests())
        if inputs.inline is not None and project is inputs.root:
            found.add(reader.inline_query(inputs.inline))
        found.add_all(read_snapshots(project, properties, reader, inputs.warn))
        found.groups += read_groups(properties.declared["groups"], inputs, project)
        reader.warn_of_unused_patches()
        _check_sources(properties.sources)
        for source in properties.sources:
            found.add(read_source_node(source, inputs, project, factory, docs))
        tests = GenericTestReader(
            inputs, project, macros=macros, docs=docs, factory=factory, renderer=renderer
        )
        _add_generic_tests(found, project, properties, tests)
        if inputs.root.flags.get("require_generic_test_arguments_property") is not False:
            for form in arguments_beside(properties):
                inputs.warn(form)
        found.macro_properties |= read_macro_properties(
            properties.macros, inputs, project, docs, macros
        )
        context = DeclaredContext(inputs, project, docs, factory)
        found.declarations.read(properties.declared, context)
        found.unit_tests.read(properties.declared[UNIT_TESTS], context)
    for gap in gaps_of_nodes(found.nodes.values(), inputs.ignored_configs):
        inputs.warn(gap)
    for name in misspelt_configs([*found.nodes.values(), *found.sources.values()], inputs.root):
        inputs.warn(name)
    for form in deprecated_forms(found.nodes.values(), macros):
        inputs.warn(form)
    if heeds_packages(inputs.root.flags):
        for override in overriding_packages(macros):
            inputs.warn(override)
    _warn_of_unused_configuration(inputs, found)
    hooks = RunHookReader(inputs, macros, renderer, syntax).read()
    manifest = found.connect(inputs, macros, docs, tuple(hooks))
    for node in checked(manifest.nodes.values()):
        check_contract(node)
    everything = {**manifest.nodes, **manifest.sources}
    for warning in check_microbatch_models(everything, manifest.parents, macros):
        inputs.warn(warning)
    return manifest


class _Found:
    """The nodes so far, checked against each other as they come."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.sources: dict[str, Source] = {}
        self.disabled: dict[str, Node] = {}
        self.groups: list[Group] = []
        self.declarations = Declarations()
        self.unit_tests = UnitTests()
        self.macro_properties: dict[str, MacroProperties] = {}

    def add_all(self, nodes: Iterable[Node]) -> None:
        for node in nodes:
            self.add(node)

    def add(self, node: Node) -> None:
        checkpoint()
        if not node.config.enabled:
            self.disabled[node.unique_id] = node
            return
        home: dict[str, Any] = self.sources if isinstance(node, Source) else self.nodes
        twin = home.get(node.unique_id) or self._other_kind(node)
        if twin is not None:
            raise ParseError(
                f"two resources have the name '{node.name}', so that nobody could tell which "
                f"one is meant: {twin.location} and {node.location}. Rename one of them.",
                location=node.location,
            )
        home[node.unique_id] = node

    def _other_kind(self, node: Node) -> Node | None:
        """A seed of a model's name, or the like: `ref` could mean either."""
        if not isinstance(node, RELATION_KINDS):
            return None
        ids = (f"{kind}.{node.package_name}.{node.name}" for kind in NODE_SECTIONS.values())
        return next((self.nodes[unique_id] for unique_id in ids if unique_id in self.nodes), None)

    def connect(
        self, inputs: ParseInputs, macros: MacroIndex, docs: Docs, hooks: Iterable[RunHook]
    ) -> Manifest:
        """Resolve every ref and source."""
        check_versioned_names(self.nodes.values())
        declared = self.declarations
        check_groups([*self.nodes.values(), *declared.nodes.values()], self.groups)
        self._check_relations()
        check_reference = reference_check(inputs.projects)
        lookup = NodeLookup(
            self.nodes.values(), self.sources.values(), self.disabled.values(), inputs.root.name
        )
        parents: dict[str, tuple[str, ...]] = {}
        for node in checked(list(self.nodes.values())):
            try:
                parents[node.unique_id] = tuple(
                    dict.fromkeys(_parents(node, lookup, check_reference))
                )
            except MissingTargetError as error:
                self._leave_out(node, error, inputs)
        declared.connect(lookup, check_reference, inputs.root.name)
        self.unit_tests.connect(self.nodes, lookup)
        for warning in deprecation_warnings(self.nodes, parents, datetime.now(UTC)):
            inputs.warn(warning)
        return Manifest(
            project_name=inputs.root.name,
            nodes=self.nodes,
            sources=self.sources,
            macros=macros,
            docs={OVERVIEW.unique_id: OVERVIEW, **docs.by_id},
            disabled={**self.disabled, **declared.disabled, **self.unit_tests.disabled},
            parents={**parents, **declared.parents, **self.unit_tests.parents},
            lookup=lookup,
            groups={group.unique_id: group for group in self.groups},
            declared=declared.nodes,
            unit_tests=self.unit_tests.nodes,
            macro_properties=self.macro_properties,
            run_hooks={hook.unique_id: hook for hook in hooks},
            hook_parents={
                hook.unique_id: tuple(dict.fromkeys(_parents(hook, lookup, check_reference)))
                for hook in hooks
            },
        )

    def _leave_out(self, node: Node, error: MissingTargetError, inputs: ParseInputs) -> None:
        """As in dbt, a test whose model isn't there is left out; for any other node it's fatal."""
        if not isinstance(node, Test):
            raise error
        self.disabled[node.unique_id] = self.nodes.pop(node.unique_id)
        if not error.is_disabled:
            message = f"{error.problem} The test is left out."
            inputs.warn(WarningRaised("NodeNotFoundOrDisabled", message, error.location))

    def _check_relations(self) -> None:
        """No two nodes may build the same relation, not even in another case of letters."""
        taken: dict[tuple[str, str, str], Node] = {}
        for node in checked(self.nodes.values()):
            if not isinstance(node, RELATION_KINDS) or node.is_ephemeral:
                continue
            key = ((node.database or "").casefold(), node.schema.casefold(), node.alias.casefold())
            twin = taken.setdefault(key, node)
            if twin is not node:
                raise ParseError(
                    "found two resources with the database representation "
                    f'"{node.schema}.{node.alias}": {twin.location} and {node.location}. '
                    "Give one of them another alias or schema.",
                    location=node.location,
                )


def _parents(
    node: Node, lookup: NodeLookup, check_reference: Callable[[Node, Node, Location], None]
) -> Iterator[str]:
    for source_call in node.sources:
        source = lookup.source(source_call)
        if source is None:
            raise lookup.missing_source(source_call, node)
        yield source.unique_id
    for call in node.refs:
        found = lookup.ref(call, node.package_name)
        if found is None:
            raise lookup.missing_ref(call, node)
        check_reference(node, found, Location(node.original_file_path, call.line))
        yield found.unique_id


def _builtin_search_order(inputs: ParseInputs) -> Iterator[str]:
    """The packages that the root project lets implement what built-in macros dispatch."""
    for entry in inputs.root.dispatch:
        order = entry["search_order"]
        if entry["macro_namespace"] == BUILTIN_PACKAGE and isinstance(order, list):
            yield from (str(package) for package in order)


def _macro_files(inputs: ParseInputs) -> Iterator[MacroFile]:
    yield from inputs.builtin_macros
    for project in inputs.projects:
        generic_tests = tuple(f"{path}/generic" for path in project.test_paths)
        for file in find_files(project.root, (*project.macro_paths, *generic_tests), (".sql",)):
            source = read_source(file)
            yield MacroFile(project.name, file.root_relative, file.root_relative, source)


def _read_properties(inputs: ParseInputs, project: Project) -> Properties:
    reader = PropertiesReader(project.name, inputs.warn)
    for file in find_files(project.root, project.properties_paths, (".yml", ".yaml")):
        document = _read_document(file, inputs.cache)
        for warning in document.warnings():
            inputs.warn(warning)
        reader.read(document)
    return reader.properties


def _read_document(file: SourceFile, cache: ParseCache) -> YamlDocument:
    text = read_text(file.absolute, display=file.root_relative, error=YamlError)
    read: list[YamlDocument] = []

    def data() -> object:
        read.append(parse_yaml(text, file.root_relative))
        # A key that stands twice is to be warned of each time.
        return None if read[0].duplicates else read[0].data

    known = cache.document(text, data)
    return read[0] if read else YamlDocument(known, file.root_relative, text)


def _add_generic_tests(
    found: _Found, project: Project, properties: Properties, tests: GenericTestReader
) -> None:
    for patch in properties.nodes:
        # The tests of an entry in the wrong section count, as in dbt.
        sections = (patch.section, *NODE_SECTIONS)
        ids = (f"{NODE_SECTIONS[x]}.{project.name}.{patch.versioned_name}" for x in sections)
        attached = next((found.nodes[id_] for id_ in ids if id_ in found.nodes), None)
        if attached is not None:
            found.add_all(tests.of_node(patch, attached))
    for patch_of_source in properties.sources:
        name = f"{patch_of_source.source['name']}.{patch_of_source.table['name']}"
        if f"source.{project.name}.{name}" in found.sources:
            found.add_all(tests.of_source(patch_of_source))


def _check_sources(patches: Iterable[SourcePatch]) -> None:
    """No table may be declared twice.

    Raises:
        ParseError: one is; says where both stand.
    """
    seen: dict[tuple[str, str], SourcePatch] = {}
    for patch in patches:
        twin = seen.setdefault((patch.source["name"], patch.table["name"]), patch)
        if twin is not patch:
            raise ParseError(
                f"the table '{patch.table['name']}' of the source '{patch.source['name']}' is "
                f"declared twice: here and at {twin.location}. Merge the two entries.",
                location=patch.location,
            )


def _warn_of_unused_configuration(inputs: ParseInputs, found: _Found) -> None:
    declared = found.declarations
    everything = [
        *found.nodes.values(),
        *found.sources.values(),
        *found.disabled.values(),
        *declared.nodes.values(),
        *declared.disabled.values(),
    ]
    kinds = {
        **NODE_SECTIONS,
        "sources": "source",
        "tests": "test",
        "exposures": "exposure",
        "metrics": "metric",
        "semantic_models": "semantic_model",
        "saved_queries": "saved_query",
    }
    used = {
        tree: [node.fqn for node in everything if node.resource_type == kind]
        for tree, kind in kinds.items()
    }
    trees = {tree: inputs.root.config_trees.get(tree, {}) for tree in kinds}
    warning = unused_paths_warning(trees, used)
    if warning is not None:
        inputs.warn(warning)
