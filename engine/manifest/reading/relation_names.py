"""Names that two nodes can't share: that of their relation, and that of a versioned model."""

from __future__ import annotations

from collections.abc import Iterable

from ...core.checkpoints import checked
from ...core.errors import ParseError
from ...core.events import WarningRaised
from ..nodes.model_node import Model
from ..nodes.node import Node
from ..nodes.snapshot_node import RELATION_KINDS
from .package_parse import Parse


def check_relation_names(parse: Parse) -> Iterable[WarningRaised]:
    """No two nodes may build the same relation, not even in another case of letters.

    Raises:
        ParseError: two do.
    """
    taken: dict[tuple[str, str, str], Node] = {}
    for node in checked(parse.found.nodes.values()):
        if not isinstance(node, RELATION_KINDS) or node.is_ephemeral:
            continue
        key = ((node.database or "").casefold(), node.schema.casefold(), node.alias.casefold())
        twin = taken.setdefault(key, node)
        if twin is not node:
            raise ParseError(
                "found two resources with the database representation "
                f'"{node.schema}.{node.alias}": {twin.location} and {node.location}. '
                "Give one of them another alias or schema.",
                location=node.location,
            )
    return ()


def check_versioned_names(parse: Parse) -> Iterable[WarningRaised]:
    """No name may stand for versions of a model and for a node without versions.

    Raises:
        ParseError: one does; names both.
    """
    versioned: dict[tuple[str, str], Node] = {}
    others: dict[tuple[str, str], Node] = {}
    for node in parse.found.nodes.values():
        if isinstance(node, RELATION_KINDS):
            home = versioned if isinstance(node, Model) and node.is_versioned else others
            home[node.package_name, node.name] = node
    for key in sorted(versioned.keys() & others.keys()):
        model, other = versioned[key], others[key]
        raise ParseError(
            f"found versioned and unversioned models with the name '{model.name}', so that nobody "
            f"could tell which one ref('{model.name}') means: {model.unique_id} "
            f"({model.location}) and {other.unique_id} ({other.location}). Rename the second, or "
            f"add it to the versions of the first.",
            location=other.location,
        )
    return ()
