"""What a change of a model's contract breaks for those who rely on it.

(https://docs.getdbt.com/reference/resource-configs/contract#detecting-breaking-changes)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .past_manifest import PastNode

_ENFORCED_BY = ("table", "incremental")


def has_contract(node: PastNode) -> bool:
    return node.contract is not None and bool(node.contract.enforced)


def is_same_contract(old: PastNode, new: PastNode) -> bool:
    """Whether a model promises what it did: nothing, or the same."""
    if not has_contract(old):
        return not has_contract(new)
    assert old.contract is not None
    return has_contract(new) and new.contract == old.contract


def breaking_changes(old: PastNode, new: PastNode) -> tuple[str, ...]:
    """What the new contract doesn't keep of the old one, each in a clause."""
    return tuple(_breaking_changes(old, new)) if has_contract(old) else ()


def _breaking_changes(old: PastNode, new: PastNode) -> Iterator[str]:
    if not has_contract(new):
        yield "its contract isn't enforced any more"
    columns = new.columns or {}
    is_enforced = old.materialized in _ENFORCED_BY
    for name, column in sorted((old.columns or {}).items()):
        now = columns.get(name)
        if now is None:
            yield f"the column '{name}' is gone"
            continue
        if now.data_type != column.data_type:
            yield f"the column '{name}' is {now.data_type} and was {column.data_type}"
        if is_enforced:
            for lost in _lost(column.constraints, now.constraints):
                yield f"the column '{name}' has lost its constraint {_named(lost)}"
    if is_enforced:
        for lost in _lost(old.constraints, new.constraints):
            yield f"it has lost its constraint {_named(lost)}"
    if is_enforced and new.materialized not in _ENFORCED_BY and _has_constraints(old):
        yield f"it is a {new.materialized} and was a {old.materialized}, which keeps constraints"


def _lost(old: Sequence[Any] | None, new: Sequence[Any] | None) -> list[Any]:
    return [
        constraint
        for constraint in old or ()
        if not any(_is_kept(constraint, kept) for kept in new or ())
    ]


def _is_kept(old: Any, new: Any) -> bool:
    """Whether two constraints are the same. A manifest of a run names the relation that a key
    leads to, where properties have the `ref` or `source`.
    """
    if not isinstance(old, dict) or not isinstance(new, dict):
        return bool(old == new)
    if str(old.get("to") or "").startswith(("ref(", "source(")):
        return bool(old == new)
    return {**old, "to": None} == {**new, "to": None}


def _named(constraint: Any) -> str:
    name = constraint.get("name") if isinstance(constraint, dict) else None
    kind = constraint.get("type") if isinstance(constraint, dict) else constraint
    return f"'{name or kind}'"


def _has_constraints(node: PastNode) -> bool:
    columns = (node.columns or {}).values()
    return bool(node.constraints) or any(column.constraints for column in columns)
