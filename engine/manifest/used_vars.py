"""Which variables a node's SQL hangs on, and what they are: for comparisons with a later state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..project.vars import Vars
from .jinja.macro_file import BUILTIN_PACKAGE
from .jinja.named_vars import named_vars
from .manifest import Manifest
from .nodes.macro import Macro
from .nodes.node import Node


class UsedVars:
    """The variables that the nodes of a manifest name, themselves and through their macros.

    Only names that are written out are seen: those of `var('x')`, and not of `var(name)`.
    """

    def __init__(self, manifest: Manifest, variables: Vars) -> None:
        self._manifest = manifest
        self._variables = variables
        self._macros = {macro.unique_id: macro for macro in manifest.macros}
        self._by_macro: dict[str, frozenset[str]] = {}

    def of(self, node: Node) -> dict[str, Any]:
        """The values of a node's variables by name, without those that nobody has set."""
        names = set(named_vars(node.raw_code))
        for macro in node.macros:
            names |= self._named_below(macro)
        place = node.resource_type.config_tree, node.fqn
        found = {
            name: self._variables.lookup(node.package_name, name, place) for name in sorted(names)
        }
        return {name: value for name, (is_set, value) in found.items() if is_set}

    def all(self) -> Mapping[str, Mapping[str, Any]]:
        """The same of every node that has any, by unique id."""
        nodes = self._manifest.nodes.values()
        return {node.unique_id: used for node in nodes if (used := self.of(node))}

    def _named_below(self, unique_id: str) -> frozenset[str]:
        known = self._by_macro.get(unique_id)
        if known is None:
            reached = self._reached(unique_id)
            known = frozenset(name for macro in reached for name in named_vars(macro.macro_sql))
            self._by_macro[unique_id] = known
        return known

    def _reached(self, unique_id: str) -> list[Macro]:
        """A macro of a project with those that it calls. The built-in ones use no variables."""
        seen: dict[str, Macro] = {}
        waiting = [self._macros.get(unique_id)]
        while waiting:
            macro = waiting.pop()
            is_known = macro is None or macro.unique_id in seen
            if macro is not None and not is_known and macro.package_name != BUILTIN_PACKAGE:
                seen[macro.unique_id] = macro
                waiting += self._manifest.macros.called_by(macro)
        return list(seen.values())
