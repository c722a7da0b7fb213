"""The methods of selection that speak of groups, access and versions, and of what is declared."""

from __future__ import annotations

from fnmatch import fnmatchcase

from ..core.errors import SelectionError
from ..manifest.nodes.declared_nodes import Metric
from ..manifest.nodes.model_node import Model
from ..manifest.nodes.node import Node
from ..manifest.nodes.test_nodes import Test
from ..manifest.nodes.version_order import is_newer
from .grammar import Criterion
from .name_patterns import matches
from .selection_context import MethodContext, Predicate

_VERSIONS = ("latest", "prerelease", "old", "none")


def by_group(criterion: Criterion, context: MethodContext) -> Predicate:
    """What is in a group itself; tests come along with what they test."""

    def is_in_it(node: Node) -> bool:
        if node.unique_id not in context.manifest.nodes and not isinstance(node, Metric):
            return False
        group = None if isinstance(node, Test) else node.group
        return group is not None and fnmatchcase(group, criterion.value)

    return is_in_it


def by_access(criterion: Criterion, _context: MethodContext) -> Predicate:
    return lambda node: isinstance(node, Model) and node.access == criterion.value


def by_version(criterion: Criterion, _context: MethodContext) -> Predicate:
    """Versions by how they stand to the latest one.

    Raises:
        SelectionError: the value is no such relation.
    """
    wanted = criterion.value
    if wanted not in _VERSIONS:
        raise SelectionError(
            f"Invalid version type selector {wanted}: expected one of: {', '.join(_VERSIONS)}."
        )
    return lambda node: isinstance(node, Model) and _stands_so(node, wanted)


def _stands_so(model: Model, wanted: str) -> bool:
    version, latest = model.version, model.latest_version
    if version is None or latest is None:
        return wanted == "none"
    if wanted == "latest":
        return version == latest
    return (wanted == "prerelease" and is_newer(version, latest)) or (
        wanted == "old" and is_newer(latest, version)
    )


def by_declared_name(criterion: Criterion, _context: MethodContext) -> Predicate:
    """An exposure, a metric… by the method of its type: its name, or its package and its name.

    Raises:
        SelectionError: the value has more parts.
    """
    kind = criterion.method
    *package, name = criterion.value.split(".")
    if len(package) > 1:
        raise SelectionError(
            f"Invalid {kind} selector value '{criterion.value}': it is a name, or a "
            f"package and a name, as in {kind}:shop.revenue."
        )
    return lambda node: (
        node.resource_type.value == kind
        and matches(node.name, name)
        and all(matches(node.package_name, part) for part in package)
    )
