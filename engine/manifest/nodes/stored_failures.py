"""`store_failures`: tests whose rows are kept in a relation, to be looked at.

(https://docs.getdbt.com/reference/resource-configs/store_failures)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...core.errors import ParseError
from .declared_nodes import Declared
from .node import Node
from .query_nodes import Analysis
from .resource_type import ResourceType
from .snapshot_node import RELATION_KINDS
from .test_nodes import Test
from .unit_test_node import UnitTest

STORED_AS = ("ephemeral", "table", "view")
"""What `store_failures_as` may say; "ephemeral" stores nothing."""


def settled(values: dict[str, Any]) -> dict[str, Any]:
    """A test's configuration in which `store_failures` and `store_failures_as` agree.

    As in dbt the second beats the first, whichever is the more particular.
    """
    stored_as = values.get("store_failures_as")
    if stored_as is not None:
        return {**values, "store_failures": stored_as != "ephemeral"}
    stores = values.get("store_failures")
    if stores is None:
        return values
    return {**values, "store_failures_as": "table" if stores else "ephemeral"}


def stores_failures(node: Node, flag: bool) -> bool:
    """Whether a node is a test that keeps its rows; `flag` decides where it says nothing."""
    if not isinstance(node, Test):
        return False
    configured = node.config.values.get("store_failures")
    return flag if configured is None else bool(configured)


def has_relation(node: Node, flag: bool) -> bool:
    """Whether something stands in the database under a node's name."""
    if isinstance(node, Test):
        return stores_failures(node, flag)
    if node.is_ephemeral or node.resource_type is ResourceType.OPERATION:
        return False
    return not isinstance(node, (UnitTest, Analysis, Declared))


def check_stored_names(storing: Iterable[Node], everything: Mapping[str, Node]) -> None:
    """See that no two tests keep their rows in one relation, and none in a model's.

    Raises:
        ParseError: two do.
    """
    taken: dict[tuple[str, str, str], Node] = {
        _relation_key(node): node
        for node in everything.values()
        if isinstance(node, RELATION_KINDS) and not node.is_ephemeral
    }
    for node in storing:
        twin = taken.setdefault(_relation_key(node), node)
        if twin is not node:
            raise ParseError(
                f"'{twin.unique_id}' ({twin.location}) and '{node.unique_id}' would both be "
                f"stored as {node.schema}.{node.alias}, so that one's rows would replace the "
                "other's. Give the test another 'alias' in its config.",
                location=node.location,
            )


def _relation_key(node: Node) -> tuple[str, str, str]:
    return (node.database or "").casefold(), node.schema.casefold(), node.alias.casefold()
