"""Configuration for which the target's database has nothing: said once, never passed over."""

from __future__ import annotations

from collections.abc import Mapping

from ...core.events import WarningRaised
from ..nodes.node import Node
from .package_parse import Parse


def gaps_of_nodes(parse: Parse) -> list[WarningRaised]:
    """A warning for each kind of configuration that has no effect, with its first place."""
    names = parse.inputs.ignored_configs
    asking: dict[str, list[Node]] = {}
    for node in parse.found.nodes.values():
        values = node.config.values
        for name in names & values.keys():
            if _says_something(values[name]):
                asking.setdefault(name, []).append(node)
    return [
        WarningRaised(
            "NothingForThisDatabase",
            f"the configuration '{name}' has no effect in this database, which has nothing of the "
            f"kind ({_counted(len(found))}, '{found[0].name}' first).",
            found[0].location,
        )
        for name, found in sorted(asking.items())
    ]


def _says_something(value: object) -> bool:
    return any(value.values()) if isinstance(value, Mapping) else bool(value)


def _counted(number: int) -> str:
    return "1 node asks for it" if number == 1 else f"{number} nodes ask for it"
