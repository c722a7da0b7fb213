"""Exposures, metrics, semantic models and saved queries in the shape of the artifact."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ..nodes.declared_nodes import Declared, Exposure, Metric, SavedQuery, SemanticModel
from ..nodes.node import Node
from ..nodes.unit_test_node import UnitTest
from .unit_test_dicts import unit_test_dict

_GROUPED: dict[str, Any] = {"enabled": True, "group": None, "meta": {}}
_CONFIG: Mapping[type[Declared], Mapping[str, Any]] = MappingProxyType(
    {
        Exposure: {"enabled": True, "tags": [], "meta": {}},
        Metric: _GROUPED,
        SemanticModel: _GROUPED,
        SavedQuery: {**_GROUPED, "export_as": None, "schema": None, "cache": {"enabled": False}},
    }
)

SECTIONS: Mapping[str, type[Declared]] = MappingProxyType(
    {
        "exposures": Exposure,
        "metrics": Metric,
        "saved_queries": SavedQuery,
        "semantic_models": SemanticModel,
    }
)
"""The sections of the artifact by what they hold."""


def declared_dict(
    node: Declared,
    parents: tuple[str, ...] = (),
    related: Node | None = None,
    relation_name: str | None = None,
) -> dict[str, Any]:
    """A declared node in the artifact's shape.

    `related` is the model that a semantic model is about, with its relation's name.
    """
    if isinstance(node, UnitTest):
        return unit_test_dict(node, parents)
    config = {**_CONFIG[type(node)], **node.config.values}
    if isinstance(node, Exposure):
        config["tags"] = list(node.tags)
    described: dict[str, Any] = {
        "name": node.name,
        "resource_type": node.resource_type.value,
        "package_name": node.package_name,
        "path": node.path,
        "original_file_path": node.original_file_path,
        "unique_id": node.unique_id,
        "fqn": list(node.fqn),
        "description": node.description,
        **node.fields,
        "config": config,
        "unrendered_config": dict(node.unrendered_config),
        "depends_on": {"macros": [], "nodes": list(parents)},
        "refs": [
            {"name": call.name, "package": call.package, "version": call.version}
            for call in node.refs
        ],
        "created_at": node.created_at,
        **_own_keys(node),
    }
    if isinstance(node, SemanticModel):
        described["node_relation"] = None if related is None else _relation(related, relation_name)
    return described


def _own_keys(node: Declared) -> dict[str, Any]:
    """What only a node's kind has, or has in a way of its own."""
    match node:
        case Exposure():
            return {
                "tags": list(node.tags),
                "meta": node.config.meta,
                "sources": _sources(node),
                "metrics": _metrics(node),
            }
        case Metric():
            return {
                "tags": list(node.tags),
                "meta": node.config.meta or dict(node.own_meta),
                "group": node.group,
                "metadata": None,
                "sources": _sources(node),
                "metrics": _metrics(node),
            }
        case SemanticModel():
            description = node.description or None
            return {"description": description, "group": node.group, "metadata": None}
        case _:
            return {
                "description": node.description or None,
                "tags": list(node.tags),
                "group": node.group,
                "metadata": None,
            }


def _sources(node: Declared) -> list[list[str]]:
    return [[call.source_name, call.table_name] for call in node.sources]


def _metrics(node: Declared) -> list[list[str]]:
    return [[call.package, call.name] if call.package else [call.name] for call in node.metrics]


def _relation(model: Node, relation_name: str | None) -> dict[str, Any]:
    return {
        "alias": model.alias,
        "schema_name": model.schema,
        "database": model.database,
        "relation_name": relation_name,
    }
