"""What an incremental model under contract may say of new columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...core.checkpoints import checked
from ...core.errors import ParseError
from ...core.events import WarningRaised
from ..nodes.node import Node
from .package_parse import Parse

_POLICIES = ("append_new_columns", "fail")


def check_contracts(parse: Parse) -> Iterable[WarningRaised]:
    """See that an incremental model under contract adds columns or refuses them.

    Raises:
        ParseError: its `on_schema_change` says another thing.
    """
    for node in checked(parse.found.nodes.values()):
        _check(node)
    return ()


def _check(node: Node) -> None:
    values = node.config.values
    contract = values.get("contract")
    if not isinstance(contract, Mapping) or not contract.get("enforced"):
        return
    policy = values.get("on_schema_change") or "ignore"
    if node.config.materialized == "incremental" and policy not in _POLICIES:
        raise ParseError(
            f"Invalid value for on_schema_change: {policy}. Models materialized as incremental "
            "with contracts enabled must set on_schema_change to 'append_new_columns' or 'fail'",
            location=node.location,
        )
