"""Which materialization builds a node: one of ours, or one of the project's own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from ..core.errors import CompilationError, did_you_mean
from ..manifest.jinja.macro_file import BUILTIN_PACKAGE
from ..manifest.jinja.macro_index import MacroIndex
from ..manifest.nodes.macro import Macro
from ..manifest.nodes.materialization_names import BUILT_IN, PREFIX
from ..manifest.nodes.node import Node
from ..manifest.nodes.seed_node import Seed
from .custom import AdapterMaker, Materialize, custom
from .incremental import incremental
from .materialized_view import materialized_view
from .seed import seed, table_reader
from .snapshot import snapshot
from .table import table, view
from .tests import data_test
from .unit_test import unit_test

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
        *,
        heeds_packages: bool,
    ) -> None:
        """Get ready.

        `project_roots` are the directories of the packages, by name. With `heeds_packages` a
        built-in materialization gives way to a package's as to the root project's.
        """
        self._macros = macros
        self._adapter_type = adapter_type
        self._make_adapter = make_adapter
        self._project_roots = project_roots
        self._heeds_packages = heeds_packages
        self._known: dict[tuple[str, str], Materialize] = {}
        """What builds the nodes of a package that are materialized in some way, but for seeds."""

    def of(self, node: Node) -> Materialize:
        """What builds a node.

        Raises:
            CompilationError: there is no materialization of that name; says which there are.
        """
        name = node.config.materialized
        key = node.package_name, name
        known = None if isinstance(node, Seed) else self._known.get(key)
        if known is None:
            known = self._found(node)
            if not isinstance(node, Seed):
                self._known[key] = known
        return known

    def _found(self, node: Node) -> Materialize:
        name = node.config.materialized
        own, ours = self._own(node), self._ours(node)
        if own is not None:
            _require_sql(own, node)
            names = {}
            if isinstance(node, Seed):
                names["load_agate_table"] = table_reader(node, self._path(node))
            make_adapter = self._make_adapter
            return partial(custom, macro=own, make_adapter=make_adapter, ours=ours, names=names)
        if name in ours:
            return ours[name]
        there = ", ".join(f"'{known}'" for known in sorted(self._known_to_models()))
        searched = " and ".join(f"'{prefix}'" for prefix in reversed(self._macros.dialect))
        raise CompilationError(
            f"No materialization '{name}' was found for adapter {self._adapter_type}! (searched "
            f"types {searched}) There are {there}.{did_you_mean(name, self._known_to_models())}",
            location=node.location,
        )

    def _ours(self, node: Node) -> Mapping[str, Materialize]:
        if isinstance(node, Seed):
            return {**_OURS, "seed": partial(seed, node=node, path=self._path(node))}
        return _OURS

    def _own(self, node: Node) -> Macro | None:
        """What a project defines under that name: for this database if possible."""
        name = node.config.materialized
        for prefix in self._macros.dialect:
            macro_name = f"{PREFIX}{name}_{prefix}"
            if name in BUILT_IN:
                macro = self._override(macro_name)
            else:
                macro = self._macros.find_anywhere(macro_name, node.package_name)
            if macro is not None:
                return macro
        return None

    def _override(self, macro_name: str) -> Macro | None:
        """What stands in for a built-in one: the root project's, or that of a package."""
        macro = self._macros.find_in(self._macros.root_package, macro_name)
        if macro is not None or not self._heeds_packages:
            return macro
        named = self._macros.named(macro_name)
        return next((found for found in named if found.package_name != BUILTIN_PACKAGE), None)

    def _known_to_models(self) -> set[str]:
        """What a model may be materialized as, for those who have misspelt it."""
        own = {
            macro.name.removeprefix(PREFIX).rpartition("_")[0]
            for macro in self._macros
            if macro.name.startswith(PREFIX) and macro.package_name != BUILTIN_PACKAGE
        }
        return own | (_OURS.keys() - _NOT_FOR_MODELS) | {"ephemeral"}

    def _path(self, node: Seed) -> Path:
        return self._project_roots[node.package_name] / node.original_file_path


def _require_sql(macro: Macro, node: Node) -> None:
    languages = macro.supported_languages or ()
    if "sql" not in languages:
        raise CompilationError(
            f'Materialization "{macro.name}" only supports languages {list(languages)}; got "sql". '
            "Models are written in SQL here.",
            location=node.location,
        )
