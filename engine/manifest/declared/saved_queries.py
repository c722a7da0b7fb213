"""Saved queries (https://docs.getdbt.com/docs/build/saved-queries)."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from ..nodes.declared_nodes import SavedQuery
from ..nodes.node_calls import MetricCall
from ..nodes.resource_type import ResourceType
from ..reading.declared_entry import DeclaredEntry, entries_under
from ..reading.entries import Place, read_entry
from ..reading.package_parse import PackageParse
from .semantic_values import Filter, filter_dict, in_small_letters


class _QueryParams(msgspec.Struct, frozen=True, kw_only=True):
    metrics: list[str] = []
    group_by: list[str] = []
    where: Filter = None
    order_by: list[str] = []
    limit: int | None = None


class _Export(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    config: dict[str, Any] = {}


class _ExportConfig(msgspec.Struct, frozen=True, kw_only=True):
    export_as: Literal["table", "view"]
    schema_name: str | None = None
    alias: str | None = None
    database: str | None = None


class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    query_params: _QueryParams
    description: str | None = None
    label: str | None = None
    exports: list[_Export] = []
    tags: list[str] | str = []
    config: dict[str, Any] = {}


def read_saved_queries(package: PackageParse) -> None:
    """Read every saved query."""
    for entry in entries_under(package, "saved_queries"):
        entry.add(_read(entry))


def _read(declared: DeclaredEntry) -> SavedQuery:
    """A saved query out of its entry.

    Raises:
        ParseError: something in it has the wrong shape; says where.
    """
    place = declared.place("a saved query")
    entry = read_entry(_Entry, declared.patch.values, place, None)
    query = entry.query_params
    node = declared.make(
        SavedQuery,
        ResourceType.SAVED_QUERY,
        entry.config,
        metrics=tuple(MetricCall(name) for name in query.metrics),
        own_tags=tuple([entry.tags] if isinstance(entry.tags, str) else entry.tags),
    )
    exports = [
        _export_dict(export, node, Place(place.document, (*place.keys, "exports", position), ""))
        for position, export in enumerate(entry.exports)
    ]
    fields = {
        "label": entry.label,
        "query_params": {**msgspec.to_builtins(query), "where": filter_dict(query.where)},
        "exports": exports,
    }
    return msgspec.structs.replace(node, fields=fields)


def _export_dict(export: _Export, node: SavedQuery, at: Place) -> dict[str, Any]:
    """An export in the shape of the artifact: what it doesn't say, its query does."""
    own = {**node.config.values, **export.config}
    own["schema_name"] = own.get("schema_name") or own.get("schema")
    wanted = {key: own[key] for key in _ExportConfig.__struct_fields__ if own.get(key) is not None}
    place = Place(at.document, (*at.keys, "config"), f"the export '{export.name}'")
    wanted = in_small_letters(_ExportConfig, wanted)
    config = read_entry(_ExportConfig, wanted, place, lambda warning: None)
    return {
        "name": export.name,
        "config": {
            "export_as": config.export_as,
            "schema_name": config.schema_name or node.schema,
            "alias": config.alias or export.name,
            "database": config.database or node.database,
        },
        "unrendered_config": export.config,
    }
