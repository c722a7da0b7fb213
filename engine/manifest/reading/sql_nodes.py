"""Models, seeds and singular tests: the nodes that have a file of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import msgspec

from ...core.errors import (
    Location,
    ParseError,
    did_you_mean,
)
from ...core.events import WarningRaised
from ...project.discovery import (
    SourceFile,
    checksum,
    find_files,
    read_source,
    seed_checksum,
)
from ...project.project import Project
from ...project.render import has_template
from ..jinja.literal_template import scan_literal_template
from ..jinja.macro_index import MacroIndex
from ..jinja.scanner import Scan, scan
from ..jinja.syntax import SyntaxEnvironment
from ..nodes.model_node import Model
from ..nodes.node import Checksum
from ..nodes.pieces import Piece
from ..nodes.query_nodes import Analysis, InlineQuery
from ..nodes.resource_type import ResourceType
from ..nodes.seed_node import Seed
from ..nodes.snapshot_node import Snapshot
from ..nodes.test_nodes import SingularTest
from .constraint_entries import split_calls
from .docs import Docs
from .groups import check_access
from .inline_query import inline_draft
from .inputs import ParseInputs
from .node_factory import (
    Captured,
    Draft,
    NodeFactory,
    ParseRenderer,
)
from .node_properties import apply_properties
from .patches import NodePatch
from .properties import NODE_SECTIONS, Properties

_NO_SINGULAR_TESTS = ("generic/", "fixtures/")
_MOST_PROPOSALS = 100
SqlNodeT = TypeVar("SqlNodeT", bound=Model | SingularTest | Analysis | Snapshot)
HookedT = TypeVar("HookedT", bound=Model | SingularTest | Analysis | Snapshot | Seed)


class SqlNodeReader:
    """Reads one project's nodes from their files, with what its properties say of them."""

    def __init__(
        self,
        inputs: ParseInputs,
        project: Project,
        properties: Properties,
        *,
        macros: MacroIndex,
        docs: Docs,
        factory: NodeFactory,
        renderer: ParseRenderer,
        syntax: SyntaxEnvironment,
    ) -> None:
        self._inputs = inputs
        self._project = project
        self._macros = macros
        self._docs = docs
        self._factory = factory
        self._renderer = renderer
        self._syntax = syntax
        self._patches = _by_name(properties)
        self._unused = set(self._patches)
        self._versions: dict[str, NodePatch] = {}
        self._names_by_section: dict[str, set[str]] = {}

    def models(self) -> Iterator[Model]:
        files = self._files(self._project.model_paths, ".sql")
        self._versions = self._files_of_versions({file.stem for file in files})
        for file in files:
            draft = self._draft(file, ResourceType.MODEL, "models")
            model = self._read(Model, draft)
            check_access(model, draft)
            yield model
        for file in find_files(self._project.root, self._project.model_paths, (".py",)):
            self._inputs.warn(
                WarningRaised(
                    "NotThereYet",
                    "Python models aren't there yet in this version of headrace; "
                    "the file is ignored.",
                    Location(file.root_relative),
                )
            )

    def seeds(self) -> Iterator[Seed]:
        for file in self._files(self._project.seed_paths, ".csv"):
            draft = self._draft(file, ResourceType.SEED, "seeds")
            seed = self._factory.make(Seed, draft)
            _refuse_references(self._with_hooks(seed))
            yield seed

    def singular_tests(self) -> Iterator[SingularTest]:
        for file in self._files(self._project.test_paths, ".sql"):
            if not file.relative.startswith(_NO_SINGULAR_TESTS):
                draft = self._draft(file, ResourceType.TEST, "tests")
                yield self._read(SingularTest, draft)

    def read(self, kind: type[SqlNodeT], draft: Draft, section: str, **fields: Any) -> SqlNodeT:
        """The node of a draft that somebody else has found, with what properties say of it.

        `fields` are those that only its kind has.
        """
        self._names_by_section.setdefault(section, set()).add(draft.name)
        self._take_patch(draft, section, self._patches.get((section, draft.name)))
        return self._read(kind, draft, **fields)

    def analyses(self) -> Iterator[Analysis]:
        for file in self._files(self._project.analysis_paths, ".sql"):
            draft = self._draft(file, ResourceType.ANALYSIS, "analyses")
            package, *below = draft.fqn
            draft.path = f"analysis/{draft.path}"
            draft.fqn = (package, "analysis", *below)
            yield self._read(Analysis, draft)

    def inline_query(self, text: str) -> InlineQuery:
        """The query that was given beside the project's files."""
        return self._read(InlineQuery, inline_draft(text, self._project))

    def _files_of_versions(self, stems: set[str]) -> dict[str, NodePatch]:
        """What is said of each version of a model, by the name of the version's file."""
        found: dict[str, NodePatch] = {}
        for patch in self._patches.values():
            if patch.version is None:
                continue
            names = patch.version.file_names(patch.name)
            name = next((name for name in names if name in stems and name not in found), None)
            if name is not None:
                found[name] = patch
        return found

    def warn_of_unused_patches(self) -> None:
        """Warn of each properties entry whose node doesn't exist."""
        free = {
            section: self._names(section)
            - {name for kind, name in self._patches if kind == section}
            for section in {section for section, _ in self._unused}
        }
        for count, (section, name) in enumerate(sorted(self._unused)):
            patch = self._patches[section, name]
            if patch.version is not None:
                name, *_ = patch.version.file_names(patch.name)
            other = self._section_of(name)
            if other is not None:
                self._inputs.warn(_wrong_section(patch, other))
                continue
            # To look for what comes close takes as long as there are names, for each of them.
            proposal = did_you_mean(name, free[section]) if count < _MOST_PROPOSALS else ""
            self._inputs.warn(
                WarningRaised(
                    "NoNodeForYamlKey",
                    f"Did not find matching node for patch with name '{name}' in the "
                    f"'{section}' section of file '{patch.document.display}'.{proposal}",
                    patch.location,
                )
            )

    def _section_of(self, name: str) -> str | None:
        """The section that a node's entry belongs to, if there is such a node."""
        return next((found for found in NODE_SECTIONS if name in self._names(found)), None)

    def _files(self, paths: Sequence[str], suffix: str) -> list[SourceFile]:
        return find_files(self._project.root, paths, (suffix,), warn=self._inputs.warn)

    def _names(self, section: str) -> set[str]:
        """The names of the files of a section, for those who look for one in vain."""
        if section not in self._names_by_section:
            self._names_by_section[section] = self._listed_names(section)
        return self._names_by_section[section]

    def _listed_names(self, section: str) -> set[str]:
        paths, suffix = {
            "models": (self._project.model_paths, ".sql"),
            "seeds": (self._project.seed_paths, ".csv"),
            "snapshots": ((), ".sql"),
            "analyses": (self._project.analysis_paths, ".sql"),
        }.get(section, (self._project.test_paths, ".sql"))
        files = find_files(self._project.root, paths, (suffix,))
        return {file.stem for file in files}

    def _draft(self, file: SourceFile, kind: ResourceType, section: str) -> Draft:
        patch = self._patch(section, file.stem)
        name = file.stem if patch is None else patch.name
        is_seed = kind is ResourceType.SEED
        source = "" if is_seed else read_source(file)
        draft = Draft(
            resource_type=kind,
            name=name,
            unique_id=f"{kind}.{self._project.name}.{name}",
            project=self._project,
            path=file.relative,
            original_file_path=file.root_relative,
            fqn=(self._project.name, *file.directories, name),
            raw_code=source.rstrip(),
            checksum=Checksum(*seed_checksum(file))
            if is_seed
            else Checksum("sha256", checksum(source)),
        )
        self._take_patch(draft, section, patch)
        return draft

    def _take_patch(self, draft: Draft, section: str, patch: NodePatch | None) -> None:
        """Add to a draft what the properties say of it."""
        if patch is not None:
            self._unused.discard((section, patch.versioned_name))
            apply_properties(patch, draft, self._docs, self._inputs)

    def _patch(self, section: str, stem: str) -> NodePatch | None:
        """What the properties say of the node in a file."""
        if section == "models" and stem in self._versions:
            return self._versions[stem]
        patch = self._patches.get((section, stem))
        return None if patch is None or patch.version is not None else patch

    def _read(self, kind: type[SqlNodeT], draft: Draft, **fields: Any) -> SqlNodeT:
        found = self._scan(draft.raw_code, draft.original_file_path)
        pieces: tuple[Piece, ...] | None = found.pieces
        captured = Captured(found.refs, found.sources, found.config)
        if found.needs_render:
            draft.in_file_config = found.config
            bare = self._factory.make(kind, draft, **fields)
            captured = self._renderer.render(bare, draft.raw_code)
        draft.in_file_config = captured.config
        refs, sources = split_calls(draft.referred)
        node = self._factory.make(
            kind,
            draft,
            refs=(*captured.refs, *refs),
            sources=(*captured.sources, *sources),
            macros=self._macro_ids(found),
            pieces=pieces,
            **fields,
        )
        if kind is Model and node.config.materialized in ("seed", "snapshot"):
            remedy = {
                "seed": "put a CSV file into one of seed-paths.",
                "snapshot": "write a {% snapshot %} block into one of snapshot-paths.",
            }[node.config.materialized]
            raise ParseError(
                f"a model can't be materialized as a {node.config.materialized}: {remedy}",
                location=draft.location,
            )
        return self._with_hooks(node)

    def _with_hooks(self, node: HookedT) -> HookedT:
        """The node with what its hooks refer to, which it depends on as well.

        Raises:
            CompilationError: a hook isn't Jinja, or fails while nothing is executed.
        """
        hooks = (*node.config.pre_hook, *node.config.post_hook)
        templates = [hook.sql for hook in hooks if has_template(hook.sql)]
        if not templates:
            return node
        refs, sources, macros = list(node.refs), list(node.sources), list(node.macros)
        for template in templates:
            found = self._scan(template, node.original_file_path)
            captured = Captured(found.refs, found.sources, found.config)
            if found.needs_render:
                captured = self._renderer.render(node, template)
            refs += captured.refs
            sources += captured.sources
            macros += self._macro_ids(found)
        return msgspec.structs.replace(
            node,
            refs=tuple(refs),
            sources=tuple(sources),
            macros=tuple(dict.fromkeys(macros)),
        )

    def _scan(self, text: str, path: str) -> Scan:
        """What a template says, the quick way where it is that simple."""

        def fresh() -> Scan:
            found = scan_literal_template(text)
            return scan(self._syntax, text, path) if found is None else found

        return self._inputs.cache.scan(text, fresh).judged(self._is_inert)

    def _is_inert(self, names: frozenset[str], attributes: frozenset[str]) -> bool:
        if names & self._inputs.effects:
            return False
        visible = self._macros.visible_from(self._project.name)
        for name in names:
            macro = visible.get(name)
            if macro is not None:
                if not self._macros.is_inert(macro):
                    return False
            elif name in self._macros.packages:
                for member in attributes:
                    owner, _, macro_name = member.partition(".")
                    found = self._macros.find_in(owner, macro_name)
                    if owner == name and (found is None or not self._macros.is_inert(found)):
                        return False
            elif name not in self._inputs.context_names:
                return False
        overridden = ("ref", "source", "config", "var")
        return not any(visible.get(name) for name in overridden)

    def _macro_ids(self, found: Scan) -> tuple[str, ...]:
        return self._macros.ids_named_in(found, self._project.name)


def _by_name(properties: Properties) -> dict[tuple[str, str], NodePatch]:
    """What is said of each node; a version of a model goes by "orders.v2"."""
    patches: dict[tuple[str, str], NodePatch] = {}
    entries: dict[tuple[str, str], NodePatch] = {}
    for patch in [*properties.nodes, *properties.tests, *properties.analyses]:
        section = patch.section.removeprefix("data_")
        twin = entries.setdefault((section, patch.name), patch)
        if twin is not patch and _entry_keys(twin) != _entry_keys(patch):
            raise ParseError(
                f"'{patch.name}' is described twice under '{patch.section}': here and at "
                f"{twin.location}. Merge the two entries.",
                location=patch.location,
            )
        patches[section, patch.versioned_name] = patch
    return patches


def _entry_keys(patch: NodePatch) -> tuple[str, tuple[str | int, ...]]:
    """Which entry of which file a patch is read from."""
    return patch.document.display, patch.version.model_keys if patch.version else patch.keys


def _refuse_references(seed: Seed) -> None:
    if seed.refs or seed.sources:
        raise ParseError(
            f"Seeds cannot depend on other nodes, but a hook of '{seed.name}' calls ref() or "
            "source(), by itself or by a macro. Name the relation without them, or move the hook "
            "to a model.",
            location=seed.location,
        )


def _wrong_section(patch: NodePatch, section: str) -> WarningRaised:
    return WarningRaised(
        "WrongResourceSchemaFile",
        f"'{patch.name}' is a {NODE_SECTIONS[section]}, but it stands under '{patch.section}:' in "
        f"{patch.document.display}: its tests count, and nothing else does. Move it to "
        f"'{section}:'.",
        patch.location,
    )
