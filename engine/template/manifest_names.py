"""`model` and `graph` in a template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from ...adapters.column import translate_type
from ..manifest.artifact.declared_dicts import SECTIONS, declared_dict
from ..manifest.artifact.group_dicts import group_dict
from ..manifest.artifact.node_dicts import node_dict, source_dict
from ..manifest.artifact.primary_keys import primary_keys
from ..manifest.manifest import Manifest
from ..manifest.nodes.node import Node
from ..manifest.nodes.resource_type import ResourceType
from ..manifest.nodes.stored_failures import has_relation
from ..sandbox.owned import OwnGraph, own
from .relations import RelationFactory
from .scope import Scope

_WITHOUT_HOOKS = frozenset((ResourceType.TEST, ResourceType.UNIT_TEST, ResourceType.SOURCE))


class ManifestNames:
    """`model` and `graph`, made only for the templates that use them."""

    def __init__(
        self, manifest: Manifest, relations: RelationFactory, *, stores_failures: bool
    ) -> None:
        self._manifest = manifest
        self._relations = relations
        self._stores_failures = stores_failures
        self._gathered: dict[str, Any] = {}

    def model(self, node: Node) -> Any:
        """`model` as a node's templates see it."""
        return own(without_none(_with_alias_types(self._described(node))))

    @property
    def graph(self) -> Any:
        """`graph` for one node's templates. What packages add to it is one for a whole run."""
        return OwnGraph(self._graph, self._gathered)

    @cached_property
    def _graph(self) -> dict[str, Any]:
        sources = {
            source.unique_id: source_dict(source, self._relations.described(source))
            for source in self._manifest.sources.values()
        }
        everything = (*self._manifest.told_nodes, *self._manifest.run_hooks.values())
        nodes = {node.unique_id: _uncompiled(self._described(node)) for node in everything}
        declared = {
            section: {
                node.unique_id: declared_dict(node, self._manifest.parents[node.unique_id])
                for node in self._manifest.declared.values()
                if isinstance(node, kind)
            }
            for section, kind in SECTIONS.items()
        }
        groups = {group.unique_id: group_dict(group) for group in self._manifest.groups.values()}
        return {"nodes": nodes, "sources": sources, **declared, "groups": groups}

    @cached_property
    def _primary_keys(self) -> Mapping[str, Sequence[str]]:
        return primary_keys(self._manifest.nodes.values())

    def _described(self, node: Node) -> dict[str, Any]:
        is_there = has_relation(node, self._stores_failures)
        return node_dict(
            node,
            parents=self._manifest.parents_of(node.unique_id),
            relation_name=str(self._relations.of(node)) if is_there else None,
            primary_key=self._primary_keys.get(node.unique_id, ()),
        )


_COMPILED = ("compiled", "compiled_code", "extra_ctes", "extra_ctes_injected")


def _uncompiled(described: dict[str, Any]) -> dict[str, Any]:
    """A node without what nothing is known of before it is compiled."""
    return {key: value for key, value in described.items() if key not in _COMPILED}


def hooks_of(node: Node, key: str, scope: Scope) -> Any:
    """`pre_hooks` or `post_hooks` of a node's templates; tests and sources have none."""
    if node.resource_type in _WITHOUT_HOOKS:
        return []
    return scope.context_name("model")["config"].get(key)


def without_none(described: Mapping[str, Any]) -> dict[str, Any]:
    """A node as `model` has it: what it doesn't have isn't there, as in dbt, and so undefined."""
    known = {key: value for key, value in described.items() if value is not None}
    for part in ("config", "docs", "contract"):
        if part in known:
            known[part] = _known(known[part])
    config = known.get("config", {})
    if "docs" in config:
        config["docs"] = _known(config["docs"])
    if "columns" in known:
        known["columns"] = {name: _known(column) for name, column in known["columns"].items()}
    return known if known.get("compiled") else _uncompiled(known)


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _with_alias_types(described: dict[str, Any]) -> dict[str, Any]:
    """A model in which the types of columns that dbt has words of its own for are the database's.

    Unless its contract says otherwise (`alias_types: false`).
    """
    if (described.get("contract") or {}).get("alias_types"):
        described["columns"] = {
            name: {
                **column,
                "data_type": column["data_type"] and translate_type(column["data_type"]),
            }
            for name, column in described["columns"].items()
        }
    return described
