"""`clone`: a node's relation as it is in an earlier run's schema, without building it.

(https://docs.getdbt.com/reference/commands/clone)
"""

from __future__ import annotations

from msgspec import structs

from ...adapters.base import Response
from ...adapters.relation import Relation, RelationType
from ..core.errors import CompilationError
from ..core.results import Status
from ..manifest.nodes.node import Node
from .node_build import NodeBuild, Outcome
from .node_transaction import rebuild

_OF_BUILDING = frozenset({"contract", "indexes", "sql_header"})
"""Configuration that says how the SQL is built into a relation, which it isn't here."""

_NOTHING_DONE = Outcome(Status.SUCCESS, Response("No-op"))


def cloned_node(node: Node) -> Node:
    """The node as it is cloned: without its hooks, and what belongs to its own SQL."""
    values = {key: value for key, value in node.config.values.items() if key not in _OF_BUILDING}
    config = structs.replace(node.config, pre_hook=(), post_hook=(), values=values)
    return structs.replace(node, config=config)


async def clone(build: NodeBuild, origin: Relation) -> Outcome:
    """Make the node's relation out of another one: a copy where the database makes these from
    tables, as `can_clone_table` says, and else a view.

    What is there already stays, unless it is a full refresh.

    Raises:
        CompilationError: it would be made out of itself, and isn't there.
    """
    is_there = await build.existing() is not None
    if not build.adapter.is_elsewhere(build.relation, origin):
        if is_there:
            return _NOTHING_DONE
        raise CompilationError(
            f"{build.relation} isn't there, and the state has it under this very name: there is "
            "nothing to clone it out of. Give the state of another target, or build it.",
            location=build.node.location,
        )
    if is_there and not build.full_refresh:
        return _NOTHING_DONE
    build.sql = f"select * from {origin}"
    copies = bool(await build.scope.call_macro("can_clone_table"))
    return await rebuild(build, RelationType.TABLE if copies else RelationType.VIEW)
