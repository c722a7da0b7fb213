"""Groups in the shape of the artifact, and who is in them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..nodes.group import Group
from ..nodes.node import Node


def group_map(nodes: Iterable[Node], groups: Iterable[Group]) -> dict[str, list[str]]:
    """The ids of the members of each group, by its name."""
    members: dict[str, list[str]] = {group.name: [] for group in groups}
    for node in nodes:
        if node.group in members:
            members[node.group].append(node.unique_id)
    return members


def group_dict(group: Group) -> dict[str, Any]:
    """A group in the artifact's shape."""
    return {
        "name": group.name,
        "resource_type": "group",
        "package_name": group.package_name,
        "path": group.path,
        "original_file_path": group.original_file_path,
        "unique_id": group.unique_id,
        "owner": dict(group.owner),
        "description": group.description,
        "config": dict(group.config),
    }
