"""Paths in dbt_project.yml that configure nothing."""

from __future__ import annotations

from collections.abc import Iterator

from ...core.events import WarningRaised
from ...project.config_tree import unused_paths_warning
from ..nodes.resource_type import ResourceType
from .package_parse import Parse

_TREES = (
    "models",
    "seeds",
    "snapshots",
    "sources",
    "tests",
    "exposures",
    "metrics",
    "semantic_models",
    "saved_queries",
)

_CONFIGURED_BY_THE_WAY = (ResourceType.ANALYSIS, ResourceType.OPERATION)
"""What is written for models holds for these as well, which is no use for it."""


def unused_configuration(parse: Parse) -> Iterator[WarningRaised]:
    """One warning of all the paths that apply to no node."""
    found = parse.found
    used: dict[str, list[tuple[str, ...]]] = {tree: [] for tree in _TREES}
    for node in (
        *found.nodes_and_sources(),
        *found.disabled.values(),
        *found.disabled_twins,
        *(test.node for test in found.left_out.values()),
        *found.declared.nodes.values(),
        *found.declared.disabled.values(),
    ):
        kind = node.resource_type
        if kind not in _CONFIGURED_BY_THE_WAY and kind.config_tree in used:
            used[kind.config_tree].append(node.fqn)
    configured = parse.inputs.root.config_trees
    warning = unused_paths_warning({tree: configured.get(tree, {}) for tree in _TREES}, used)
    if warning is not None:
        yield warning
