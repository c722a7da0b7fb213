"""Which materialization builds a node: one of ours, or one of the project's own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path

from ..errors import CompilationError
from ..manifest.macro_index import BUILTIN_PACKAGE, MacroIndex
from ..manifest.nodes import Macro, Node, Seed
from .custom import AdapterMaker, custom
from .incremental import incremental
from .materialized_view import materialized_view
from .node_build import NodeBuild, Outcome
from .seed import seed, table_reader
from .snapshot import snapshot
from .table import table, view
from .tests import data_test
from .unit_test import unit_test

Materialize = Callable[[NodeBuild], Awaitable[Outcome]]

_PREFIX = "materialization_"

_OURS: Mapping[str, Materialize] = {
    "table": table,
    "view": view,
    "incremental": incremental,
    "materialized_view": materialized_view,
    "snapshot": snapshot,
    "test": data_test,
    "unit": unit_test,
}
_NOT_FOR_MODELS = frozenset({"seed", "snapshot", "test", "unit"})


class Materializations:
    """The materializations of one project, for one kind of database."""

    def __init__(
        self,
        macros: MacroIndex,
        adapter_type: str,
        make_adapter: AdapterMaker,
        project_roots: Mapping[str, Path],
    ) -> None:
        """`project_roots` are the directories of the packages, by name."""
        self._macros = macros
        self._adapter_type = adapter_type
        self._make_adapter = make_adapter
        self._project_roots = project_roots

    def of(self, node: Node) -> Materialize:
        """What builds a node.

        Raises:
            CompilationError: there is no materialization of that name; says which there are.
        """
        name = node.config.materialized
        own, ours = self._own(node), self._ours(node)
        if own is not None:
            names = {}
            if isinstance(node, Seed):
                names["load_agate_table"] = table_reader(node, self._path(node))
            return partial(custom, macro=own, make_adapter=self._make_adapter, names=names)
        if name in ours:
            return ours[name]
        there = ", ".join(f"'{known}'" for known in sorted(self._known_to_models()))
        searched = " and ".join(f"'{prefix}'" for prefix in reversed(self._macros.dialect))
        raise CompilationError(
            f"No materialization '{name}' was found for adapter {self._adapter_type}! (searched "
            f"types {searched}) There are {there}.",
            location=node.location,
        )

    def _ours(self, node: Node) -> Mapping[str, Materialize]:
        if isinstance(node, Seed):
            return {**_OURS, "seed": partial(seed, node=node, path=self._path(node))}
        return _OURS

    def _own(self, node: Node) -> Macro | None:
        """What a project defines under that name. A built-in one gives way to the root's alone."""
        name = node.config.materialized
        for prefix in self._macros.dialect:
            macro_name = f"{_PREFIX}{name}_{prefix}"
            if name in _OURS or name == "seed":
                macro = self._macros.find_in(self._macros.root_package, macro_name)
            else:
                macro = self._macros.find_anywhere(macro_name, node.package_name)
            if macro is not None:
                return macro
        return None

    def _known_to_models(self) -> set[str]:
        """What a model may be materialized as, for those who have misspelt it."""
        own = {
            macro.name.removeprefix(_PREFIX).rpartition("_")[0]
            for macro in self._macros
            if macro.name.startswith(_PREFIX) and macro.package_name != BUILTIN_PACKAGE
        }
        return own | (_OURS.keys() - _NOT_FOR_MODELS) | {"ephemeral"}

    def _path(self, node: Seed) -> Path:
        return self._project_roots[node.package_name] / node.original_file_path
