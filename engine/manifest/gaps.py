"""What a project asks for that this version doesn't have: said once for each, never passed over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..events import WarningRaised
from .nodes import Node

_GAPS: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "store_failures": lambda values: bool(
        values.get("store_failures") or values.get("store_failures_as")
    ),
}
"""Configuration that is read and has no effect yet."""


def gaps_of_nodes(nodes: Iterable[Node], ignored: Iterable[str] = ()) -> list[WarningRaised]:
    """A warning for each kind of configuration that has no effect, with its first place.

    `ignored` is what the target's database has nothing for.
    """
    ignored = sorted(ignored)
    asking: dict[str, list[Node]] = {}
    for node in nodes:
        for name, is_asked_for in _GAPS.items():
            if is_asked_for(node.config.values):
                asking.setdefault(name, []).append(node)
        for name in ignored:
            if _says_something(node.config.values.get(name)):
                asking.setdefault(name, []).append(node)
    return [
        WarningRaised(
            "NotThereYet" if name in _GAPS else "NothingForThisDatabase",
            f"the configuration '{name}' has no effect {_why(name)} "
            f"({_counted(len(found))}, '{found[0].name}' first).",
            found[0].location,
        )
        for name, found in sorted(asking.items())
    ]


def _says_something(value: object) -> bool:
    return any(value.values()) if isinstance(value, Mapping) else bool(value)


def _why(name: str) -> str:
    if name in _GAPS:
        return "yet in this version of headrace"
    return "in this database, which has nothing of the kind"


def _counted(number: int) -> str:
    return "1 node asks for it" if number == 1 else f"{number} nodes ask for it"
