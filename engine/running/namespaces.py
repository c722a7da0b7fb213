"""The schemas that a run builds in, each in a database."""

from __future__ import annotations

from collections.abc import Iterable

from ...adapters.base import Adapter
from ...adapters.relation import Namespace
from ..core.errors import ProjectError
from ..manifest.nodes.node import Node
from ..materializations.built_name import keeps_whole
from ..workspace.workspace import Workspace


def namespaces_of(workspace: Workspace, built: Iterable[Node]) -> list[Namespace]:
    """The schemas that nodes are made in, as the database calls them.

    Without those whose names it would cut, each of whose nodes says so for itself.

    Raises:
        ProjectError: a node is to be built in a database that can't be reached.
    """
    adapter = workspace.adapter
    named: set[Namespace] = set()
    for node in built:
        namespace = workspace.relations.of(node).namespace
        if not adapter.reaches(namespace.database):
            raise _other_database(node, namespace, adapter)
        named.add(namespace)
    kept = (one for one in named if one.schema and keeps_whole(adapter, one.schema))
    return sorted(kept, key=lambda one: (one.database or "", one.schema))


def _other_database(node: Node, namespace: Namespace, adapter: Adapter) -> ProjectError:
    own = adapter.target.database
    return ProjectError(
        f"Cross-db references not allowed in {adapter.type} ({namespace.database} vs {own}): "
        f"'{node.name}' is to be built in '{namespace.database}', and the profile connects to "
        f"'{own}' alone. Take its 'database' away, or see what generate_database_name makes of it.",
        location=node.location,
    )
