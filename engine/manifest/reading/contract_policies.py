"""What a model under contract must say of its columns, and what its database may not keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from ...core.checkpoints import checked
from ...core.errors import ParseError
from ...core.events import WarningRaised
from ..nodes.model_node import Model
from ..nodes.node import Node
from .package_parse import Parse

_POLICIES = ("append_new_columns", "fail")
_KEEPING = ("table", "incremental")
"""What a model is materialized as where the database can keep constraints of it."""


def check_contracts(parse: Parse) -> Iterable[WarningRaised]:
    """See that a model under contract has columns, and what becomes of new ones.

    Its constraints are warned of where it isn't materialized as what could have them.

    Raises:
        ParseError: it describes no column, or is incremental and says nothing of new ones.
    """
    for node in checked(parse.found.nodes.values()):
        contract = node.config.values.get("contract")
        if not isinstance(contract, Mapping) or not contract.get("enforced"):
            continue
        _check_policy(node)
        if isinstance(node, Model) and node.patch_path is not None:
            yield from _check_columns(node)


def _check_policy(node: Node) -> None:
    policy = node.config.values.get("on_schema_change") or "ignore"
    if node.config.materialized == "incremental" and policy not in _POLICIES:
        raise ParseError(
            f"Invalid value for on_schema_change: {policy}. Models materialized as incremental "
            "with contracts enabled must set on_schema_change to 'append_new_columns' or 'fail'",
            location=node.location,
        )


def _check_columns(model: Model) -> Iterator[WarningRaised]:
    if not model.columns:
        raise ParseError(
            f"Contract enforcement failed for '{model.name}'. Constraints must be defined in a "
            "`yml` schema configuration file like `schema.yml`: its entry describes no column.",
            location=model.location,
        )
    constraints = chain(model.constraints, *(each.constraints for each in model.columns.values()))
    is_told = any(constraint.get("warn_unsupported", True) for constraint in constraints)
    if is_told and model.config.materialized not in _KEEPING:
        yield WarningRaised(
            "UnsupportedConstraintMaterialization",
            f"Constraint types are not supported for {model.config.materialized} "
            "materializations and will be ignored. Set 'warn_unsupported: false' on this "
            "constraint to ignore this warning.",
            model.location,
            {"materialized": model.config.materialized},
        )
