"""The manifest as its artifact: `manifest.json` in the shape of dbt's version 12.

The shape is the one of https://schemas.getdbt.com/dbt/manifest/v12.json.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import Struct

from ...core.checkpoints import checked
from ..jinja.bare_calls import read_call
from ..manifest import Manifest
from ..nodes.declared_nodes import Declared, SemanticModel
from ..nodes.model_node import Model
from ..nodes.node import Node
from ..nodes.node_calls import RefCall, SourceCall
from ..nodes.query_nodes import InlineQuery
from ..nodes.source_node import Source
from .declared_dicts import SECTIONS, declared_dict
from .group_dicts import group_dict, group_map
from .macro_dicts import macro_dicts
from .node_dicts import node_dict, source_dict
from .primary_keys import primary_keys

SCHEMA = "https://schemas.getdbt.com/dbt/manifest/v12.json"

RelationName = Callable[[Node], str | None]


def manifest_document(
    manifest: Manifest,
    *,
    metadata: Mapping[str, Any],
    relation_name: RelationName,
    compiled: Mapping[str, str],
    selectors: Mapping[str, Any] = MappingProxyType({}),
    target_path: str = "target",
    tells_arguments: bool = False,
) -> dict[str, Any]:
    """The whole artifact. `compiled` holds the SQL of the nodes that were compiled."""
    manifest = _without_inline_query(manifest)
    written = _Written(manifest, relation_name, compiled, target_path)
    return {
        "metadata": {"dbt_schema_version": SCHEMA, **metadata},
        "nodes": {**written.nodes(), **written.hooks()},
        "sources": {
            source.unique_id: source_dict(source, relation_name(source))
            for source in manifest.sources.values()
        },
        "macros": macro_dicts(
            manifest.macros, manifest.macro_properties, tells_arguments=tells_arguments
        ),
        "docs": {
            doc.unique_id: {"resource_type": "doc", **msgspec.structs.asdict(doc)}
            for doc in manifest.docs.values()
        },
        **{section: written.declared(kind) for section, kind in SECTIONS.items()},
        "groups": {group.unique_id: group_dict(group) for group in manifest.groups.values()},
        "selectors": dict(selectors),
        "disabled": _disabled(manifest),
        **_maps(manifest),
        "group_map": group_map(
            [*manifest.nodes.values(), *manifest.declared.values()], manifest.groups.values()
        ),
        "unit_tests": {
            test.unique_id: declared_dict(test, manifest.parents[test.unique_id])
            for test in manifest.unit_tests.values()
        },
    }


def _disabled(manifest: Manifest) -> dict[str, list[dict[str, Any]]]:
    """The disabled nodes by unique id, which several may share."""
    found: dict[str, list[dict[str, Any]]] = {}
    for node in (*manifest.disabled.values(), *manifest.disabled_twins):
        found.setdefault(node.unique_id, []).append(_disabled_dict(node))
    return found


class _Written(Struct, frozen=True):
    """The nodes of a manifest by unique id, as the artifact has them."""

    manifest: Manifest
    relation_name: RelationName
    compiled: Mapping[str, str]
    target_path: str

    def nodes(self) -> dict[str, Any]:
        manifest = self.manifest
        keys = primary_keys([*manifest.told_nodes, *manifest.disabled.values()])
        written = {
            node.unique_id: _written_node(
                node,
                parents=manifest.parents_of(node.unique_id),
                relation_name=self.relation_name(node),
                compiled_code=self.compiled.get(node.unique_id),
                target_path=self.target_path,
                primary_key=keys.get(node.unique_id, ()),
            )
            for node in checked(manifest.told_nodes)
        }
        for unique_id in self.compiled.keys() & written.keys():
            node = manifest.nodes[unique_id]
            if isinstance(node, Model):
                self._resolve_keys(node, written[unique_id])
        return written

    def _resolve_keys(self, model: Model, described: dict[str, Any]) -> None:
        """Name the relations that the foreign keys of a compiled model lead to, as in dbt."""
        for holder in (described, *described["columns"].values()):
            holder["constraints"] = [
                {**constraint, "to": self._referred(model, constraint["to"])}
                if constraint["type"] == "foreign_key" and constraint.get("to")
                else constraint
                for constraint in holder["constraints"]
            ]

    def _referred(self, model: Model, text: str) -> str:
        """The relation that a key leads to."""
        call, lookup = read_call(text, ("ref", "source"), model.location), self.manifest.lookup
        found: Node | None
        if isinstance(call, RefCall):
            found = lookup.ref(call, model.package_name)
        else:
            assert isinstance(call, SourceCall), "no other call is read"
            found = lookup.source(call, model.package_name)
        return (found and self.relation_name(found)) or text

    def hooks(self) -> dict[str, Any]:
        return {
            hook.unique_id: _written_node(
                hook,
                parents=self.manifest.parents_of(hook.unique_id),
                compiled_code=self.compiled.get(hook.unique_id),
                target_path=self.target_path,
            )
            for hook in self.manifest.run_hooks.values()
        }

    def declared(self, kind: type[Declared]) -> dict[str, Any]:
        return {
            node.unique_id: self._declared(node)
            for node in self.manifest.declared.values()
            if isinstance(node, kind)
        }

    def _declared(self, node: Declared) -> dict[str, Any]:
        parents = self.manifest.parents[node.unique_id]
        is_about_model = isinstance(node, SemanticModel) and parents
        model = self.manifest.nodes.get(parents[0]) if is_about_model else None
        return declared_dict(node, parents, model, self.relation_name(model) if model else None)


def _maps(manifest: Manifest) -> dict[str, dict[str, list[str]]]:
    """What each node needs, and what needs it."""
    left_out = {unique_id: test.parents for unique_id, test in manifest.left_out.items()}
    all_parents = {**manifest.parents, **left_out, **manifest.hook_parents}
    parent_map = {unique_id: sorted(parents) for unique_id, parents in all_parents.items()}
    parent_map.update({unique_id: [] for unique_id in manifest.sources})
    child_map: dict[str, list[str]] = {unique_id: [] for unique_id in parent_map}
    for unique_id in checked(sorted(all_parents)):
        for parent in all_parents[unique_id]:
            child_map[parent].append(unique_id)
    return {"parent_map": parent_map, "child_map": child_map}


def _without_inline_query(manifest: Manifest) -> Manifest:
    """As in dbt, what was given beside the files is no part of the project."""
    inline = [key for key, node in manifest.nodes.items() if isinstance(node, InlineQuery)]
    if not inline:
        return manifest
    nodes = {key: node for key, node in manifest.nodes.items() if key not in inline}
    parents = {key: ids for key, ids in manifest.parents.items() if key not in inline}
    return replace(manifest, nodes=nodes, parents=parents)


def _written_node(node: Node, **known: Any) -> dict[str, Any]:
    """A node as it is written out: as in dbt, without the keys of compiling if it wasn't."""
    described = node_dict(node, **known)
    if not described.get("compiled"):
        for key in ("compiled", "compiled_code", "extra_ctes", "extra_ctes_injected"):
            described.pop(key, None)
    return described


def _disabled_dict(node: Node) -> dict[str, Any]:
    if isinstance(node, Declared):
        return declared_dict(node)
    return source_dict(node) if isinstance(node, Source) else _written_node(node)
