"""What the methods of selection look things up in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from ..core.events import WarningRaised
from ..manifest.manifest import Manifest
from ..manifest.nodes.node import Node
from ..manifest.used_vars import UsedVars
from ..project.vars import Vars
from ..state.comparison import Comparison, vars_count
from ..state.previous import PreviousState
from .grammar import Criterion

Predicate = Callable[[Node], bool]


class MethodContext:
    """A project's nodes, and what is known of an earlier run of it.

    Attributes:
        nodes: all that can be selected, by unique id.
        root: the project's directory.
        state: the artifacts of an earlier run.
        flags: the project's `flags:`.
    """

    def __init__(
        self,
        manifest: Manifest,
        *,
        root: Path,
        variables: Vars,
        state: PreviousState,
        warn: Callable[[WarningRaised], None],
        flags: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        self.manifest = manifest
        self.nodes: Mapping[str, Node] = manifest.everything
        self.root = root
        self.state = state
        self._variables = variables
        self._warn = warn
        self._flags = flags

    @cached_property
    def comparison(self) -> Comparison:
        """Today's nodes against the earlier manifest."""
        used_vars = UsedVars(self.manifest, self._variables)
        return Comparison(
            self.state.manifest,
            self.manifest,
            used_vars,
            self._warn,
            vars_count=vars_count(self._flags),
        )


Method = Callable[[Criterion, MethodContext], Predicate]
"""What a criterion means: checks it once, and then judges nodes by it."""
