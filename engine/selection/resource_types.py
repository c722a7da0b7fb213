"""Which types of node a command takes of a selection."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ..core.errors import UsageError, did_you_mean

RESOURCE_TYPES = frozenset(
    "model seed snapshot test source analysis exposure metric semantic_model saved_query "
    "unit_test".split()
)
"""All of them."""


class NodeTypes(Struct, frozen=True):
    """What a command takes of a selection.

    Attributes:
        types: the types of node.
        on_request: those of them that it takes only if they are asked for.
        models_flag_narrows: whether `--models`, unlike `--select`, means models alone.
        takes_ephemeral: whether there is something to do for an ephemeral model.
    """

    types: frozenset[str]
    on_request: frozenset[str] = frozenset()
    models_flag_narrows: bool = False
    takes_ephemeral: bool = False


_EVERY = frozenset({"all", "default"})
"""dbt's names for all that the command takes."""

_OTHERS = frozenset({"function"})
"""Types that dbt has and this version doesn't: there is no node of them to take."""


def wanted_types(
    takes: NodeTypes, included: Sequence[str], excluded: Sequence[str] = ()
) -> frozenset[str]:
    """The types that a command takes, as its `--resource-type` flags narrow them down.

    Raises:
        UsageError: a flag names no type of node.
    """
    known = RESOURCE_TYPES | _OTHERS | _EVERY
    for name in (*included, *excluded):
        if name not in known:
            raise UsageError(
                f"'{name}' is no type of node.{did_you_mean(name, known)} There are: "
                f"{', '.join(sorted(known))}."
            )
    wanted = takes.types
    if included and _EVERY.isdisjoint(included):
        wanted &= frozenset(included)
    elif "all" not in included:
        wanted -= takes.on_request
    return wanted - frozenset(excluded)
