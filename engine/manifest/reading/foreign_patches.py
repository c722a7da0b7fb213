"""Properties files that describe a node of another project: of a package, or of the root.

An entry is about the node of its name in its own project; else in whichever project has one, as
in dbt. Which nodes there are is known only when all are read, so that those are read again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

from msgspec.structs import replace

from ...core.errors import ParseError
from ..nodes.node import Node
from ..nodes.query_nodes import Analysis
from ..nodes.snapshot_node import RELATION_KINDS
from .found import Found
from .package_parse import PackageParse, Parse
from .patches import NodePatch
from .property_keys import NODE_SECTIONS

KINDS = {**NODE_SECTIONS, "analyses": "analysis"}
"""The sections whose entries describe nodes that have a file, and the kinds of these."""


def hand_over_patches(parse: Parse) -> list[PackageParse]:
    """Give each entry to the project whose node it is about.

    The nodes of those files are forgotten again; what is returned reads them, with what is said.

    Raises:
        ParseError: a node is described in two projects, or two projects have such a node.
    """
    packages = {package.name: package for package in parse.packages}
    if len(packages) == 1:
        return []
    named = _nodes_by_name(parse.found)
    stale: set[tuple[str, str]] = set()
    for package in parse.packages:
        for section, patch in package.patches.entries():
            node = _foreign_node(parse.found, section, patch, named)
            if node is None or KINDS[section] != node.resource_type:
                continue
            package.patches.hand_over(section, patch.name, packages[node.package_name].patches)
            stale.add((node.package_name, node.original_file_path))
            own = parse.found.disabled.get(f"{KINDS[section]}.{package.name}.{patch.name}")
            if own is not None:
                stale.add((package.name, own.original_file_path))
    parse.found.forget(stale, frozenset(KINDS.values()))
    return [
        replace(packages[name], again=frozenset(path for _, path in files))
        for name, files in groupby(sorted(stale), key=lambda file: file[0])
    ]


def _nodes_by_name(found: Found) -> Mapping[tuple[bool, str], list[Node]]:
    """The nodes that an entry may describe, by whether they are analyses and by name."""
    named: dict[tuple[bool, str], list[Node]] = {}
    for node in found.nodes.values():
        if isinstance(node, (*RELATION_KINDS, Analysis)):
            named.setdefault((isinstance(node, Analysis), node.name), []).append(node)
    return named


def _foreign_node(
    found: Found,
    section: str,
    patch: NodePatch,
    named: Mapping[tuple[bool, str], list[Node]],
) -> Node | None:
    """The node of another project that an entry is about; None where it is one of its own."""
    homes = named.get((section == "analyses", patch.name))
    if section not in KINDS or not homes or any(_own_nodes(found, section, patch)):
        return None
    first, *others = homes
    if others:
        paths = ", ".join(f"{node.unique_id} ({node.original_file_path})" for node in homes)
        raise ParseError(
            f"'{patch.name}' could be any of the nodes {paths}. Describe it in a properties file "
            "of its own project.",
            location=patch.location,
        )
    return first


def _own_nodes(found: Found, section: str, patch: NodePatch) -> Iterator[Node]:
    """The nodes of its own project that an entry may be about.

    One that is disabled counts where the entry itself has disabled it.
    """
    kinds = ["analysis"] if section == "analyses" else NODE_SECTIONS.values()
    for kind in kinds:
        unique_id = f"{kind}.{patch.package_name}.{patch.name}"
        node = found.nodes.get(unique_id) or found.disabled.get(unique_id)
        if node is not None and (node.config.enabled or _says_whether_enabled(patch)):
            yield node


def _says_whether_enabled(patch: NodePatch) -> bool:
    config = patch.values.get("config")
    return isinstance(config, Mapping) and "enabled" in config
