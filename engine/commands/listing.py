"""The lines of `ls`: one for each selected node."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from ..core.checkpoints import checked
from ..core.errors import UsageError, did_you_mean
from ..manifest.artifact.declared_dicts import declared_dict
from ..manifest.artifact.node_dicts import node_dict, source_dict
from ..manifest.manifest import Manifest
from ..manifest.nodes.declared_nodes import Declared
from ..manifest.nodes.model_node import Model
from ..manifest.nodes.node import Node
from ..manifest.nodes.source_node import Source
from ..settings.options import Options
from ..workspace.loaded_project import LoadedProject

_DEFAULT_KEYS = (
    "alias name package_name depends_on tags config resource_type source_name "
    "original_file_path unique_id"
).split()

RelationName = Callable[[Node], str]


def list_lines(project: LoadedProject, selected: Iterable[str], options: Options) -> list[str]:
    """The lines, in the order of the nodes' ids.

    `--output` is "selector" (what `--select` takes), "name", "path" or "json"; `--output-keys` are
    the keys of the JSON. Where none are given, they are as in dbt: selectors, and dbt's own keys.

    Raises:
        UsageError: there is no such output.
    """
    manifest, relations = project.manifest, project.workspace.relations

    def relation_name(node: Node) -> str:
        return relations.described(node)

    formats: Mapping[str, Callable[[Node], str]] = {
        "selector": _selector,
        "name": _name,
        "path": lambda node: node.original_file_path,
        "json": lambda node: _json(node, manifest, options.output_keys, relation_name),
    }
    output = options.output or "selector"
    if output not in formats:
        raise UsageError(
            f"--output '{output}' is none of {', '.join(formats)}.{did_you_mean(output, formats)}"
        )
    everything, line = manifest.everything, formats[output]
    return [line(everything[unique_id]) for unique_id in checked(sorted(selected))]


def _selector(node: Node) -> str:
    if isinstance(node, Source):
        return f"source:{node.package_name}.{node.source_name}.{node.name}"
    if isinstance(node, Declared):
        return f"{node.resource_type}:{node.package_name}.{node.name}"
    return ".".join(node.fqn)


def _name(node: Node) -> str:
    if isinstance(node, Source):
        return f"{node.source_name}.{node.name}"
    return node.versioned_name if isinstance(node, Model) else node.name


def _json(node: Node, manifest: Manifest, keys: Sequence[str], relation_name: RelationName) -> str:
    if isinstance(node, Source):
        described: dict[str, Any] = source_dict(node, relation_name(node))
    elif isinstance(node, Declared):
        described = declared_dict(node, manifest.parents[node.unique_id])
    else:
        described = node_dict(
            node,
            parents=manifest.parents[node.unique_id],
            relation_name=relation_name(node),
        )
    wanted = frozenset(keys or _DEFAULT_KEYS)
    chosen = {key: value for key, value in described.items() if key in wanted}
    # Laid out as dbt's, which is read by patterns as well.
    return json.dumps(msgspec.to_builtins(chosen, enc_hook=str), ensure_ascii=False)
