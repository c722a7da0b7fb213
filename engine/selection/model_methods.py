"""The methods of selection that speak of groups, access and versions, and of what is declared."""

from __future__ import annotations

from fnmatch import fnmatchcase

from ..errors import SelectionError
from ..manifest.nodes import Model, Node, Test
from ..manifest.versions import is_newer
from .grammar import Criterion

_VERSIONS = ("latest", "prerelease", "old", "none")


def by_group(node: Node, criterion: Criterion) -> bool:
    """What is in a group itself; tests come along with what they test."""
    group = None if isinstance(node, Test) else node.group
    return group is not None and fnmatchcase(group, criterion.value)


def by_access(node: Node, criterion: Criterion) -> bool:
    return isinstance(node, Model) and node.access == criterion.value


def by_version(node: Node, criterion: Criterion) -> bool:
    """Versions by how they stand to the latest one.

    Raises:
        SelectionError: the value is no such relation.
    """
    wanted = criterion.value
    if wanted not in _VERSIONS:
        raise SelectionError(
            f"Invalid version type selector {wanted}: expected one of: {', '.join(_VERSIONS)}."
        )
    if not isinstance(node, Model):
        return False
    version, latest = node.version, node.latest_version
    if version is None or latest is None:
        return wanted == "none"
    if wanted == "latest":
        return version == latest
    return (wanted == "prerelease" and is_newer(version, latest)) or (
        wanted == "old" and is_newer(latest, version)
    )


def by_declared_name(node: Node, criterion: Criterion) -> bool:
    """An exposure, a metric… by the method of its type: its name, or its package and its name.

    Raises:
        SelectionError: the value has more parts.
    """
    *package, name = criterion.value.split(".")
    if len(package) > 1:
        raise SelectionError(
            f"Invalid {criterion.method} selector value '{criterion.value}': it is a name, or a "
            f"package and a name, as in {criterion.method}:shop.revenue."
        )
    return (
        node.resource_type.value == criterion.method
        and fnmatchcase(node.name, name)
        and all(fnmatchcase(node.package_name, part) for part in package)
    )


def version_names(model: Model) -> tuple[str, ...]:
    """What a version goes by alone: "orders", "orders.v2" and "orders_v2"."""
    return model.name, model.versioned_name, f"{model.name}_v{model.version}"
