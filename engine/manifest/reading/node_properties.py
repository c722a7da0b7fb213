"""What properties files say of the nodes that have a file of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from ...core.errors import Location, ParseError
from ...core.events import WarningRaised
from ...project.config_tree import config_key
from ...project.yaml_file import YamlDocument
from ..nodes.node import Column
from ..nodes.resource_type import ResourceType
from ..nodes.version_order import version_text
from .constraint_entries import check_primary_key, read_constraints, referred_calls
from .deprecation import read_deprecation_date
from .docs import Docs
from .draft import Draft
from .entries import Place, typed_entry
from .inputs import ParseInputs
from .patches import NodePatch
from .property_keys import COLUMN_KEYS
from .time_spines import read_time_spine
from .versions import PlacedColumn, VersionOf, deep_merge

_CONFIG_BESIDE = ("meta", "docs", "access", "group", "contract")
"""Configuration that may stand beside `config:`, as it did before there was one.

`tags` may not: dbt passes over a model's."""

SOURCE_CONFIG_BESIDE = ("meta", "tags")
"""The same for a source and its tables."""


class _ColumnConfig(msgspec.Struct, frozen=True):
    meta: dict[Any, Any] | None = None


class _ColumnEntry(msgspec.Struct, frozen=True):
    """What of a column has but one type."""

    name: str
    data_type: str | None = None
    quote: bool | None = None
    granularity: str | None = None
    meta: dict[Any, Any] | None = None
    config: _ColumnConfig | None = None


def apply_properties(patch: NodePatch, draft: Draft, docs: Docs, inputs: ParseInputs) -> None:
    """Add what a properties file says of a node to its draft.

    Raises:
        ParseError: something in it has the wrong shape; says where.
        ProjectError: a template in it fails.
    """
    package, document, keys = draft.project.name, patch.document, patch.keys
    draft.patch_config = patch_config(patch.values, document, keys)
    draft.written_patch_config = written_config(patch.written)
    draft.description = docs.describe(patch.values, package, document, keys)
    draft.doc_blocks = docs.called_by(patch.values, package)
    draft.columns = read_columns(patch.columns, package, document, docs, inputs)
    draft.patch_path = patch.patch_path
    if draft.patch_config and patch.package_name != draft.project.name:
        projects = {project.name: project for project in inputs.projects}
        draft.described_by = projects[patch.package_name]
    draft.locate_in_patch = partial(locate_config, document, keys)
    if patch.version is not None:
        _apply_version(patch, patch.version, draft)
    if draft.resource_type is not ResourceType.MODEL:
        if patch.values.get("constraints"):
            inputs.warn(_no_field(patch, "constraints", draft.resource_type))
    else:
        place = Place(document, keys, "a model")
        warn = inputs.warn
        constraints = read_constraints(patch.values, place, warn, of_column=False)
        check_primary_key(constraints, draft.columns, place)
        draft.fields = {
            **draft.fields,
            "deprecation_date": read_deprecation_date(patch.values, place),
            "constraints": constraints,
            "time_spine": read_time_spine(patch.values, draft.columns, place),
        }
        draft.referred = tuple(referred_calls(constraints, draft.columns, place))


def _no_field(patch: NodePatch, name: str, resource_type: ResourceType) -> WarningRaised:
    kind = resource_type.value
    return WarningRaised(
        "ValidationWarning",
        f"Field {name} is not valid for {kind} ({patch.name}).",
        patch.document.locate(*patch.keys, name),
        {"field_name": name, "resource_type": kind, "node_name": patch.name},
    )


def _apply_version(patch: NodePatch, version: VersionOf, draft: Draft) -> None:
    """What makes a file one version of a model: its names, and its model's configuration."""
    name = f"v{version.version}"
    draft.unique_id = f"{draft.unique_id}.{name}"
    draft.fqn = (*draft.fqn, name)
    draft.default_alias = f"{patch.name}_v{version_text(version.version)}"
    draft.fields = {"version": version.version, "latest_version": version.latest}
    below = patch_config(version.model_values, patch.document, version.model_keys)
    draft.patch_config = deep_merge(below, draft.patch_config)
    written = draft.written_patch_config or {}
    draft.written_patch_config = deep_merge(written_config(version.written_model), written)


def patch_config(
    values: Mapping[str, Any],
    document: YamlDocument,
    keys: tuple[str | int, ...],
    beside: Sequence[str] = _CONFIG_BESIDE,
) -> dict[str, Any]:
    """The configuration in a properties entry: under `config:`, and in the old places beside it.

    Raises:
        ParseError: `config:` is no mapping.
    """
    config = {key: values[key] for key in beside if values.get(key) is not None}
    given = values.get("config")
    if given is None:
        return config
    if not isinstance(given, dict):
        raise ParseError(
            "'config' must be a mapping of configurations.",
            location=document.locate(*keys, "config"),
        )
    return config | {config_key(str(key)): value for key, value in given.items()}


def written_config(
    written: Mapping[str, Any], beside: Sequence[str] = _CONFIG_BESIDE
) -> dict[str, Any]:
    """The same, as its author wrote it."""
    config = {key: written[key] for key in beside if written.get(key) is not None}
    given = written.get("config") or {}
    return config | {config_key(str(key)): value for key, value in given.items()}


def locate_config(document: YamlDocument, keys: tuple[str | int, ...], key: str) -> Location:
    """Where a properties entry configures something: under `config:`, or beside it."""
    above = document.locate(*keys, "config")
    for spelled in (key, key.replace("_", "-")):
        place = document.locate(*keys, "config", spelled)
        if place != above:
            return place
    return document.locate(*keys, key)


def read_columns(
    columns: Sequence[PlacedColumn],
    package: str,
    document: YamlDocument,
    docs: Docs,
    inputs: ParseInputs,
) -> dict[str, Column]:
    """The columns that a properties file describes of a package's node, by name."""
    found: dict[str, Column] = {}
    for column, keys in columns:
        place = Place(document, keys, "a column")
        typed_entry(_ColumnEntry, column, place)
        found[column["name"]] = msgspec.structs.replace(
            read_column(column, docs.describe(column, package, document, keys)),
            constraints=read_constraints(column, place, inputs.warn, of_column=True),
            doc_blocks=docs.called_by(column, package),
        )
    return found


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
        granularity=column.get("granularity"),
        tags=tuple(map(str, tags if isinstance(tags, list | tuple) else (tags,))),
        extra={key: value for key, value in column.items() if key not in COLUMN_KEYS},
    )
