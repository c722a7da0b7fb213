"""The manifest as its artifact: `manifest.json` in the shape of dbt's version 12.

The shape is the one of https://schemas.getdbt.com/dbt/manifest/v12.json.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
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

Entry = tuple[str, Any]
"""An entry of a section: its key, most often a unique id, and what is said of it."""

Section = tuple[str, Iterable[Entry]]
"""A section: its name, and its entries."""


class ManifestDocument(Struct, frozen=True):
    """`manifest.json`, which is made entry by entry: as a whole it takes a lot of memory.

    Attributes:
        read: gives the manifest, which may have to be read.
        metadata: its first section.
        compiled: the SQL of the nodes that were compiled.
        tells_arguments: whether macros of which nothing is said have the arguments of their text.
    """

    read: Callable[[], Manifest]
    metadata: Mapping[str, Any]
    relation_name: RelationName
    compiled: Mapping[str, str]
    selectors: Mapping[str, Any] = MappingProxyType({})
    target_path: str = "target"
    tells_arguments: bool = False

    @property
    def head(self) -> dict[str, Any]:
        """The section that is another one with each invocation."""
        return {"metadata": {"dbt_schema_version": SCHEMA, **self.metadata}}

    def sections(self) -> Iterator[Section]:
        """The sections after the first one."""
        manifest, relation_name = _without_inline_query(self.read()), self.relation_name
        written = _Written(manifest, relation_name, self.compiled, self.target_path)
        properties, tells_arguments = manifest.macro_properties, self.tells_arguments
        yield "nodes", chain(written.nodes(), written.hooks())
        yield (
            "sources",
            (
                (source.unique_id, source_dict(source, relation_name(source)))
                for source in manifest.sources.values()
            ),
        )
        yield "macros", macro_dicts(manifest.macros, properties, tells_arguments=tells_arguments)
        yield (
            "docs",
            (
                (doc.unique_id, {"resource_type": "doc", **msgspec.structs.asdict(doc)})
                for doc in manifest.docs.values()
            ),
        )
        for section, kind in SECTIONS.items():
            yield section, written.declared(kind)
        yield "groups", ((each.unique_id, group_dict(each)) for each in manifest.groups.values())
        yield "selectors", self.selectors.items()
        yield "disabled", _disabled(manifest).items()
        yield from _maps(manifest)
        members = [*manifest.nodes.values(), *manifest.declared.values()]
        yield "group_map", group_map(members, manifest.groups.values()).items()
        yield (
            "unit_tests",
            (
                (test.unique_id, declared_dict(test, manifest.parents[test.unique_id]))
                for test in manifest.unit_tests.values()
            ),
        )

    def as_dict(self) -> dict[str, Any]:
        """The whole artifact."""
        return {**self.head, **{name: dict(entries) for name, entries in self.sections()}}


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

    def nodes(self) -> Iterator[Entry]:
        manifest = self.manifest
        keys = primary_keys([*manifest.told_nodes, *manifest.disabled.values()])
        for node in checked(manifest.told_nodes):
            unique_id = node.unique_id
            described = _written_node(
                node,
                parents=manifest.parents_of(unique_id),
                relation_name=self.relation_name(node),
                compiled_code=self.compiled.get(unique_id),
                target_path=self.target_path,
                primary_key=keys.get(unique_id, ()),
            )
            if unique_id in self.compiled and isinstance(node, Model):
                self._resolve_keys(node, described)
            yield unique_id, described

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

    def hooks(self) -> Iterator[Entry]:
        for hook in self.manifest.run_hooks.values():
            described = _written_node(
                hook,
                parents=self.manifest.parents_of(hook.unique_id),
                compiled_code=self.compiled.get(hook.unique_id),
                target_path=self.target_path,
            )
            yield hook.unique_id, described

    def declared(self, kind: type[Declared]) -> Iterator[Entry]:
        for node in self.manifest.declared.values():
            if isinstance(node, kind):
                yield node.unique_id, self._declared(node)

    def _declared(self, node: Declared) -> dict[str, Any]:
        parents = self.manifest.parents[node.unique_id]
        is_about_model = isinstance(node, SemanticModel) and parents
        model = self.manifest.nodes.get(parents[0]) if is_about_model else None
        return declared_dict(node, parents, model, self.relation_name(model) if model else None)


def _maps(manifest: Manifest) -> Iterator[Section]:
    """What each node needs, and what needs it."""
    left_out = {unique_id: test.parents for unique_id, test in manifest.left_out.items()}
    all_parents = {**manifest.parents, **left_out, **manifest.hook_parents}
    parent_map = {unique_id: sorted(parents) for unique_id, parents in all_parents.items()}
    parent_map.update({unique_id: [] for unique_id in manifest.sources})
    child_map: dict[str, list[str]] = {unique_id: [] for unique_id in parent_map}
    for unique_id in checked(sorted(all_parents)):
        for parent in all_parents[unique_id]:
            child_map[parent].append(unique_id)
    yield "parent_map", parent_map.items()
    yield "child_map", child_map.items()


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
