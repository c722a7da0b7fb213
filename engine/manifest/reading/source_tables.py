"""Sources: tables that somebody else fills, as properties files declare them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ...core.errors import ParseError
from ...core.events import WarningRaised
from ...project.config_tree import merge_config
from ..nodes.freshness_rules import AgeEntry, LoadedAt, read_age
from ..nodes.node import Checksum
from ..nodes.resource_type import ResourceType
from ..nodes.source_node import Source
from .draft import Draft
from .entries import Place, directories_of, typed_entry
from .node_properties import (
    SOURCE_CONFIG_BESIDE,
    locate_config,
    patch_config,
    read_columns,
    written_config,
)
from .package_parse import PackageParse
from .patches import SourcePatch

_NO_FILE = Checksum("none", "")


class _Quoting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    database: bool | None = None
    schema: bool | None = None
    identifier: bool | None = None
    column: bool | None = None


class _Partition(msgspec.Struct, frozen=True):
    name: str | None = None
    description: str | None = None
    data_type: str | None = None
    meta: dict[Any, Any] | None = None


class _External(msgspec.Struct, frozen=True):
    location: str | None = None
    file_format: str | None = None
    row_format: str | None = None
    tbl_properties: str | None = None
    partitions: list[_Partition | str] | None = None


class _SourceEntry(msgspec.Struct, frozen=True):
    """What of a source has but one type, beside what has a reader of its own."""

    name: str
    loader: str | None = None
    meta: dict[Any, Any] | None = None
    quoting: _Quoting | None = None


class _TableEntry(_SourceEntry, frozen=True):
    external: _External | None = None


def read_sources(package: PackageParse) -> None:
    """Read every table of every source.

    Raises:
        ParseError: an entry has the wrong shape, or a table is declared twice.
    """
    _check_unique(package.properties.sources)
    for patch in package.properties.sources:
        package.found.add(_read(package, patch))


def _external(table: Mapping[str, Any]) -> dict[str, Any] | None:
    """A table's `external:` with every key that one has, and with those of its own."""
    given = table.get("external")
    if given is None:
        return None
    return {**dict.fromkeys(_External.__struct_fields__), **given}


def _read(package: PackageParse, patch: SourcePatch) -> Source:
    source, table = patch.source, patch.table
    of_source = _Entry(package, patch, source, patch.keys[:2])
    of_table = _Entry(package, patch, table, patch.keys)
    typed_entry(_SourceEntry, source, Place(patch.document, of_source.keys, "a source"))
    typed_entry(_TableEntry, table, Place(patch.document, of_table.keys, "a source's table"))
    configs = of_source.config(), of_table.config()
    merged = _sorted_tags(merge_config(*configs))
    made = package.factory.make(
        Source,
        _draft(package, patch, merged),
        source_name=source["name"],
        identifier=of_table.name("identifier") or table["name"],
        source_description=of_source.description(),
        written_schema=patch.written_source.get("schema"),
        written_database=patch.written_source.get("database"),
        loader=source.get("loader") or "",
        source_meta=configs[0].get("meta") or {},
        external=_external(table),
        quoting={**(source.get("quoting") or {}), **(table.get("quoting") or {})},
    )
    ages = of_source.age(configs[0]), of_table.age(configs[1])
    freshness, loaded_at = read_age(*ages, made.config.values)
    if freshness is not None and freshness.is_checked and loaded_at == LoadedAt():
        package.inputs.warn(_nothing_to_age_by(patch))
    written = made.unrendered_config
    if any("freshness" in level for age in ages for level, _ in age.levels()):
        written = {**written, "freshness": msgspec.to_builtins(freshness)}
    # A source's schema is meant literally: no custom schema is put together for it.
    return replace(
        made,
        schema=of_source.name("schema") or source["name"],
        alias=made.identifier,
        database=of_source.name("database") or made.database,
        freshness=freshness,
        unrendered_config=written,
        loaded_at_field=loaded_at.field,
        loaded_at_query=loaded_at.query,
    )


def _nothing_to_age_by(patch: SourcePatch) -> WarningRaised:
    return WarningRaised(
        "FreshnessConfigProblem",
        "The configured adapter does not support metadata-based freshness. A loaded_at_field must "
        f"be specified for source '{patch.source['name']}.{patch.table['name']}'.",
        patch.location,
    )


def _sorted_tags(config: dict[str, Any]) -> dict[str, Any]:
    """The tags of a source in dbt's order, which is that of the alphabet."""
    return config | {"tags": sorted({*config["tags"]})} if config.get("tags") else config


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
        written_patch_config=_sorted_tags(
            merge_config(_written(patch.written_source), _written(patch.written_table))
        ),
        description=docs.describe(table, package.name, document, patch.keys),
        doc_blocks=docs.called_by(table, package.name),
        columns=read_columns(patch.columns, package.name, document, docs, package.inputs),
        locate_in_patch=partial(locate_config, document, patch.keys),
    )


def _written(written: Mapping[str, Any]) -> dict[str, Any]:
    """What an entry configures, as it was written, whichever of it goes by two places."""
    beside = {key: written[key] for key in ("meta", "tags") if written.get(key)}
    config = written_config(written, SOURCE_CONFIG_BESIDE)
    if config.get("tags"):
        config = {**config, "tags": _texts(config["tags"])}
    try:
        return merge_config(beside, config)
    except ParseError:  # a template stands for the whole of one
        return config


def _texts(given: object) -> list[str]:
    """Those tags that are texts: dbt passes over others."""
    return [tag for tag in (given if isinstance(given, list) else [given]) if isinstance(tag, str)]


class _Entry(Struct, frozen=True):
    """A source's entry, or one of its tables'; `keys` lead to it."""

    package: PackageParse
    patch: SourcePatch
    values: Mapping[str, Any]
    keys: tuple[str | int, ...]

    def name(self, key: str) -> str | None:
        """A name that the entry gives.

        Raises:
            ParseError: it is a list or a mapping.
        """
        found = self.values.get(key)
        if isinstance(found, dict | list):
            raise ParseError(
                f"the '{key}' of a source must be a name.",
                location=self.patch.document.locate(*self.keys, key),
            )
        return None if found is None else str(found)

    def config(self) -> dict[str, Any]:
        """What the entry configures: `meta` and `tags` beside `config:` and in it, together."""
        config = patch_config(self.values, self.patch.document, self.keys, SOURCE_CONFIG_BESIDE)
        if config.get("tags"):
            config = {**config, "tags": self._tags(config["tags"])}
        beside = {key: self.values[key] for key in ("meta", "tags") if self.values.get(key)}
        return merge_config(beside, config)

    def _tags(self, given: object) -> list[str]:
        """Those tags under `config:` that are texts. Of others, as in dbt, there is a warning."""
        texts, count = _texts(given), len(given) if isinstance(given, list) else 1
        if len(texts) < count and self._is_told_of:
            field = f"`config.tags`: {given}"
            self.package.inputs.warn(
                WarningRaised(
                    "ValidationWarning",
                    f"Field {field} is not valid for source ({self.values['name']}).",
                    locate_config(self.patch.document, self.keys, "tags"),
                    {
                        "field_name": field,
                        "resource_type": "source",
                        "node_name": self.values["name"],
                    },
                )
            )
        return texts

    @property
    def _is_told_of(self) -> bool:
        """Whether it is the first time that this entry is read: a source's is for each table."""
        return self.keys == self.patch.keys or self.patch.keys[-1] == 0

    def description(self) -> str:
        docs = self.package.docs
        return docs.describe(self.values, self.package.name, self.patch.document, self.keys)

    def age(self, config: Mapping[str, Any]) -> AgeEntry:
        """What the entry says of how old its rows may be, with its configuration."""
        if self.values.get("loaded_at_field") == "":
            raise ParseError(
                "loaded_at_field cannot be an empty string. Name a column, or say null.",
                location=self.patch.document.locate(*self.keys, "loaded_at_field"),
            )
        keys = ("freshness", "loaded_at_field", "loaded_at_query")
        beside = {key: self.values[key] for key in keys if key in self.values}
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
