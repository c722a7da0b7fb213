"""The methods of selection that ask an earlier run: `state:`, `result:` and `source_status:`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..core.errors import SelectionError, did_you_mean
from ..manifest.nodes.node import Node
from ..state.comparison import Comparison
from .grammar import Criterion
from .selection_context import MethodContext, Predicate

_CHECKS: Mapping[str, Callable[[Comparison, Node], bool]] = {
    "new": Comparison.is_new,
    "old": lambda comparison, node: not comparison.is_new(node),
    "modified": Comparison.is_modified,
    "unmodified": lambda comparison, node: not comparison.is_modified(node),
    "modified.body": Comparison.has_changed_body,
    "modified.configs": Comparison.has_changed_configs,
    "modified.persisted_descriptions": Comparison.has_changed_descriptions,
    "modified.relation": Comparison.has_changed_relation,
    "modified.macros": Comparison.has_changed_macro,
    "modified.contract": Comparison.has_changed_contract,
}
_LOOKING_AT_CONTRACTS = ("modified", "unmodified", "modified.contract")


def by_state(criterion: Criterion, context: MethodContext) -> Predicate:
    """What has changed since the manifest of `--state`.

    Raises:
        SelectionError: there is no such question, or no manifest.
        UsageError: the manifest can't be read.
        ParseError: a version breaks its contract, or is gone with it.
    """
    check = _CHECKS.get(criterion.value)
    if check is None:
        raise SelectionError(
            f'Got an invalid selector "{criterion.value}", expected one of: '
            f"{', '.join(_CHECKS)}.{did_you_mean(criterion.value, _CHECKS)}"
        )
    comparison = context.comparison
    if criterion.value in _LOOKING_AT_CONTRACTS:
        comparison.look_for_removed_contracts()
    return lambda node: check(comparison, node)


def by_result(criterion: Criterion, context: MethodContext) -> Predicate:
    """What ended so in the run of `--state`.

    Raises:
        SelectionError: there are no results.
        UsageError: they can't be read.
    """
    statuses, wanted = context.state.statuses, criterion.value.lower()
    return lambda node: statuses.get(node.unique_id, "").lower() == wanted


def by_source_status(criterion: Criterion, context: MethodContext) -> Predicate:
    """Sources that have been loaded since the check of `--state`.

    Raises:
        SelectionError: there is no such status, or one of the two checks is missing.
        UsageError: one can't be read.
    """
    if criterion.value != "fresher":
        raise SelectionError(
            f"Invalid source_status selector '{criterion.value}': there is only 'fresher'."
        )
    before, now = context.state.source_ages

    def is_fresher(node: Node) -> bool:
        loaded = now.get(node.unique_id)
        if loaded is None:
            return False
        earlier = before.get(node.unique_id)
        return earlier is None or loaded > earlier

    return is_fresher
