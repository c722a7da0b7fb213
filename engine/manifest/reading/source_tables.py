"""Sources: tables that somebody else fills, as properties files declare them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from ...core.errors import ParseError
from ...project.config_tree import merge_config
from ..nodes.freshness_rules import AgeEntry, read_age
from ..nodes.node import Checksum
from ..nodes.resource_type import ResourceType
from ..nodes.source_node import Source
from .draft import Draft
from .entries import directories_of
from .node_properties import locate_config, patch_config, read_columns, written_config
from .package_parse import PackageParse
from .patches import SourcePatch

_NO_FILE = Checksum("none", "")


def read_sources(package: PackageParse) -> None:
    """Read every table of every source.

    Raises:
        ParseError: an entry has the wrong shape, or a table is declared twice.
    """
    _check_unique(package.properties.sources)
    for patch in package.properties.sources:
        package.found.add(_read(package, patch))


def _read(package: PackageParse, patch: SourcePatch) -> Source:
    source, table = patch.source, patch.table
    of_source = _Entry(package, patch, source, patch.keys[:2])
    of_table = _Entry(package, patch, table, patch.keys)
    configs = of_source.config(), of_table.config()
    made = package.factory.make(
        Source,
        _draft(package, patch, merge_config(*configs)),
        source_name=source["name"],
        identifier=of_table.name("identifier") or table["name"],
        source_description=of_source.description(),
        written_schema=source.get("schema"),
        written_database=source.get("database"),
        loader=str(table.get("loader") or source.get("loader") or ""),
        source_meta=source.get("meta") or {},
        external=table.get("external"),
        quoting={**(source.get("quoting") or {}), **(table.get("quoting") or {})},
    )
    freshness, loaded_at = read_age(
        of_source.age(configs[0]), of_table.age(configs[1]), made.config.values
    )
    # A source's schema is meant literally: no custom schema is put together for it.
    return replace(
        made,
        schema=of_source.name("schema") or source["name"],
        alias=made.identifier,
        database=of_source.name("database") or made.database,
        freshness=freshness,
        loaded_at_field=loaded_at.field,
        loaded_at_query=loaded_at.query,
    )


def _draft(package: PackageParse, patch: SourcePatch, config: Mapping[str, Any]) -> Draft:
    source, table, document = patch.source, patch.table, patch.document
    name, path = table["name"], document.display
    docs = package.docs
    return Draft(
        resource_type=ResourceType.SOURCE,
        name=name,
        unique_id=f"source.{package.name}.{source['name']}.{name}",
        project=package.project,
        path=path,
        original_file_path=path,
        fqn=(package.name, *directories_of(path, package.project), source["name"], name),
        raw_code="",
        checksum=_NO_FILE,
        patch_config=config,
        written_patch_config=merge_config(written_config(source), written_config(table)),
        description=docs.describe(table, package.name, document, patch.keys),
        doc_blocks=docs.called_by(table, package.name),
        columns=read_columns(patch.columns, package.name, document, docs, package.inputs),
        locate_in_patch=partial(locate_config, document, patch.keys),
    )


class _Entry(Struct, frozen=True):
    """A source's entry, or one of its tables'; `keys` lead to it."""

    package: PackageParse
    patch: SourcePatch
    values: Mapping[str, Any]
    keys: tuple[str | int, ...]

    def rendered(self, key: str) -> Any:
        yaml = self.package.yaml
        return yaml.render(self.patch.document, self.values.get(key), (*self.keys, key))

    def name(self, key: str) -> str | None:
        """A name that the entry gives.

        Raises:
            ParseError: it is a list or a mapping.
        """
        found = self.rendered(key)
        if isinstance(found, dict | list):
            raise ParseError(
                f"the '{key}' of a source must be a name.",
                location=self.patch.document.locate(*self.keys, key),
            )
        return None if found is None else str(found)

    def config(self) -> dict[str, Any]:
        return patch_config(self.values, self.patch.document, self.keys, self.package.yaml)

    def description(self) -> str:
        docs = self.package.docs
        return docs.describe(self.values, self.package.name, self.patch.document, self.keys)

    def age(self, config: Mapping[str, Any]) -> AgeEntry:
        """What the entry says of how old its rows may be, with its configuration."""
        keys = ("freshness", "loaded_at_field")
        beside = {key: self.rendered(key) for key in keys if key in self.values}
        if "loaded_at_query" in self.values:  # rendered when it is sent
            beside["loaded_at_query"] = self.values["loaded_at_query"]
        return AgeEntry(beside, config, partial(locate_config, self.patch.document, self.keys))


def _check_unique(patches: Iterable[SourcePatch]) -> None:
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
