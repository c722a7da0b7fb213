"""Which types of node a command takes of a selection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..core.errors import UsageError, did_you_mean

RESOURCE_TYPES: Mapping[str, frozenset[str]] = {
    "run": frozenset({"model"}),
    "seed": frozenset({"seed"}),
    "snapshot": frozenset({"snapshot"}),
    "test": frozenset({"test", "unit_test"}),
    "build": frozenset("model seed snapshot test unit_test exposure saved_query".split()),
    "clone": frozenset({"model", "seed", "snapshot"}),
    "compile": frozenset({"model", "snapshot", "test", "analysis"}),
    "generate": frozenset({"model", "snapshot", "test", "analysis", "seed", "source"}),
    "show": frozenset({"model", "seed", "snapshot", "test", "analysis"}),
    "freshness": frozenset({"source"}),
    "ls": frozenset(
        "model seed snapshot test source analysis exposure metric semantic_model "
        "saved_query unit_test".split()
    ),
}
"""What each command takes of a selection."""

_EVERY = frozenset({"all", "default"})
"""dbt's names for all that the command takes."""

_ON_REQUEST = frozenset({"analysis"})
"""What `ls` lists only if it is asked for by its type."""

_OTHERS = frozenset({"function"})
"""Types that dbt has and this version doesn't: there is no node of them to take."""


def wanted_types(
    command: str, included: Sequence[str], excluded: Sequence[str] = ()
) -> frozenset[str]:
    """The types that a command takes, as its `--resource-type` flags narrow them down.

    Raises:
        UsageError: a flag names no type of node.
    """
    known = RESOURCE_TYPES["ls"] | _OTHERS | _EVERY
    for name in (*included, *excluded):
        if name not in known:
            raise UsageError(
                f"'{name}' is no type of node.{did_you_mean(name, known)} There are: "
                f"{', '.join(sorted(known))}."
            )
    wanted = RESOURCE_TYPES[command]
    if included and _EVERY.isdisjoint(included):
        wanted &= frozenset(included)
    elif command == "ls" and "all" not in included:
        wanted -= _ON_REQUEST
    return wanted - frozenset(excluded)
