"""Models, seeds and singular tests: the nodes that have a file of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import PurePosixPath
from typing import Any, TypeVar

from ..errors import Location, ParseError, did_you_mean
from ..events import WarningRaised
from ..project.config_tree import config_key
from ..project.discovery import SourceFile, checksum, find_files, read_source, seed_checksum
from ..project.project import Project
from ..project.yaml_file import YamlDocument
from .docs import Docs
from .inputs import ParseInputs
from .literal_template import scan_literal_template
from .macro_index import MacroIndex
from .node_factory import Captured, Draft, NodeFactory, ParseRenderer
from .nodes import (
    Checksum,
    Column,
    Model,
    Piece,
    ResourceType,
    Seed,
    SingularTest,
)
from .properties import NodePatch, Properties
from .scanner import Scan, scan
from .snapshot_node import Snapshot
from .syntax import SyntaxEnvironment

_GENERIC_TESTS = "generic/"
_CONFIG_BESIDE = ("meta", "tags", "docs", "access", "group", "quote_columns")
"""Configuration that may stand beside `config:`, as it did before there was one."""

SqlNodeT = TypeVar("SqlNodeT", Model, SingularTest, Snapshot)


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
        self._patches = _by_name(properties, inputs)
        self._unused = set(self._patches)
        self._names_by_section: dict[str, set[str]] = {}

    def models(self) -> Iterator[Model]:
        for file in self._files(self._project.model_paths, ".sql"):
            draft = self._draft(file, ResourceType.MODEL, "models")
            yield self._read(Model, draft)
        for file in find_files(self._project.root, self._project.model_paths, (".py",)):
            self._inputs.warn(
                WarningRaised(
                    "NotThereYet",
                    "Python models aren't there yet in this version of headrace; "
                    "the file is read over.",
                    Location(file.root_relative),
                )
            )

    def seeds(self) -> Iterator[Seed]:
        for file in self._files(self._project.seed_paths, ".csv"):
            draft = self._draft(file, ResourceType.SEED, "seeds")
            yield self._factory.make(Seed, draft)

    def singular_tests(self) -> Iterator[SingularTest]:
        for file in self._files(self._project.test_paths, ".sql"):
            if not file.relative.startswith(_GENERIC_TESTS):
                draft = self._draft(file, ResourceType.TEST, "tests")
                yield self._read(SingularTest, draft)

    def read(self, kind: type[SqlNodeT], draft: Draft, section: str, **fields: Any) -> SqlNodeT:
        """The node of a draft that somebody else has found, with what properties say of it.

        `fields` are those that only its kind has.
        """
        self._names_by_section.setdefault(section, set()).add(draft.name)
        self._take_patch(draft, section)
        return self._read(kind, draft, **fields)

    def warn_of_unused_patches(self) -> None:
        """Warn of each properties entry whose node doesn't exist."""
        for section, name in sorted(self._unused):
            patch = self._patches[section, name]
            known = {other for kind, other in self._patches if kind == section}
            self._inputs.warn(
                WarningRaised(
                    "NoNodeForPatch",
                    f"Did not find matching node for patch with name '{name}' in the "
                    f"'{section}' section of file '{patch.document.display}'."
                    f"{did_you_mean(name, self._names(section) - known)}",
                    patch.location,
                )
            )

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
        }.get(section, (self._project.test_paths, ".sql"))
        files = find_files(self._project.root, paths, (suffix,))
        return {PurePosixPath(file.relative).stem for file in files}

    def _draft(self, file: SourceFile, kind: ResourceType, section: str) -> Draft:
        relative = PurePosixPath(file.relative)
        name = relative.stem
        is_seed = kind is ResourceType.SEED
        source = "" if is_seed else read_source(file)
        draft = Draft(
            resource_type=kind,
            name=name,
            unique_id=f"{kind}.{self._project.name}.{name}",
            project=self._project,
            path=file.relative,
            original_file_path=file.root_relative,
            fqn=(self._project.name, *relative.parts[:-1], name),
            raw_code=source.rstrip(),
            checksum=Checksum(*seed_checksum(file))
            if is_seed
            else Checksum("sha256", checksum(source)),
        )
        self._take_patch(draft, section)
        return draft

    def _take_patch(self, draft: Draft, section: str) -> None:
        patch = self._patches.get((section, draft.name))
        if patch is not None:
            self._unused.discard((section, draft.name))
            self._apply(patch, draft)

    def _apply(self, patch: NodePatch, draft: Draft) -> None:
        draft.patch_config = patch_config(patch.values, patch.document, patch.keys, self._inputs)
        package, document, keys = patch.package_name, patch.document, patch.keys
        draft.description = self._docs.describe(patch.values, package, document, keys)
        draft.columns = {
            column["name"]: read_column(
                column,
                self._docs.describe(column, package, document, (*keys, "columns", position)),
            )
            for position, column in enumerate(patch.values.get("columns") or ())
        }
        draft.patch_path = patch.patch_path
        draft.locate_in_patch = partial(locate_config, patch.document, patch.keys)

    def _read(self, kind: type[SqlNodeT], draft: Draft, **fields: Any) -> SqlNodeT:
        found = self._inputs.cache.scan(draft.raw_code, partial(self._scan, draft))
        found = found.judged(self._is_inert)
        pieces: tuple[Piece, ...] | None = found.pieces
        captured = Captured(found.refs, found.sources, found.config)
        if found.needs_render:
            draft.in_file_config = found.config
            bare = self._factory.make(kind, draft, **fields)
            captured = self._renderer.render(bare, draft.raw_code)
        draft.in_file_config = captured.config
        node = self._factory.make(
            kind,
            draft,
            refs=captured.refs,
            sources=captured.sources,
            macros=self._macro_ids(found),
            pieces=pieces,
            **fields,
        )
        if kind is Model and node.config.materialized in ("seed", "snapshot"):
            raise ParseError(
                f"a model can't be materialized as a {node.config.materialized}.",
                location=draft.location,
            )
        return node

    def _scan(self, draft: Draft) -> Scan:
        """What the draft's template says, the quick way where it is that simple."""
        found = scan_literal_template(draft.raw_code)
        if found is None:
            found = scan(self._syntax.syntax_tree(draft.raw_code, draft.original_file_path))
        return found

    def _is_inert(self, names: frozenset[str], attributes: frozenset[str]) -> bool:
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
        visible = self._macros.visible_from(self._project.name)
        macros = [visible[name] for name in sorted(found.names) if name in visible]
        for member in sorted(found.attributes):
            owner, _, name = member.partition(".")
            macro = self._macros.find_in(owner, name)
            if macro is not None:
                macros.append(macro)
        return tuple(dict.fromkeys(macro.unique_id for macro in macros))


def patch_config(
    values: Mapping[str, Any],
    document: YamlDocument,
    keys: tuple[str | int, ...],
    inputs: ParseInputs,
) -> dict[str, Any]:
    """The configuration in a properties entry: under `config:`, and in the old places beside it.

    Raises:
        ParseError: `config:` is no mapping.
        ProjectError: a template in it fails.
    """
    config: dict[str, Any] = {
        key: inputs.yaml.render(document, values[key], (*keys, key))
        for key in _CONFIG_BESIDE
        if values.get(key) is not None
    }
    given = values.get("config")
    if given is None:
        return config
    if not isinstance(given, dict):
        raise ParseError(
            "'config' must be a mapping of configurations.",
            location=document.locate(*keys, "config"),
        )
    for key, value in given.items():
        name = config_key(str(key))
        is_hook = name in ("pre_hook", "post_hook")
        path = (*keys, "config", key)
        config[name] = value if is_hook else inputs.yaml.render(document, value, path)
    return config


def locate_config(document: YamlDocument, keys: tuple[str | int, ...], key: str) -> Location:
    """Where a properties entry configures something: under `config:`, or beside it."""
    above = document.locate(*keys, "config")
    for spelled in (key, key.replace("_", "-")):
        place = document.locate(*keys, "config", spelled)
        if place != above:
            return place
    return document.locate(*keys, key)


def read_column(column: Mapping[str, Any], description: str) -> Column:
    """A column's entry as a node's column."""
    config = column.get("config") or {}
    tags = config.get("tags") or column.get("tags") or ()
    return Column(
        name=column["name"],
        description=description,
        meta=config.get("meta") or column.get("meta") or {},
        data_type=column.get("data_type"),
        quote=column.get("quote"),
        tags=(tags,) if isinstance(tags, str) else tuple(tags),
    )


def _by_name(properties: Properties, inputs: ParseInputs) -> dict[tuple[str, str], NodePatch]:
    patches: dict[tuple[str, str], NodePatch] = {}
    for patch in [*properties.nodes, *properties.tests]:
        key = (patch.section.removeprefix("data_"), patch.name)
        twin = patches.get(key)
        if twin is not None:
            raise ParseError(
                f"'{patch.name}' is described twice under '{patch.section}': here and at "
                f"{twin.location}. Merge the two entries.",
                location=patch.location,
            )
        patches[key] = patch
    return patches
