"""`adapter.dispatch`: which implementation of a macro a database has."""

from __future__ import annotations

from collections.abc import Mapping

from ..core.errors import CompilationError
from ..manifest.jinja.macro_file import BUILTIN_PACKAGE
from .scope import BoundMacro, Scope


def dispatch(
    scope: Scope, name: str, namespace: str | None, search_order: Mapping[str, tuple[str, ...]]
) -> BoundMacro:
    """The best implementation of a macro for this database.

    Raises:
        CompilationError: there is none; lists where it was looked for.
    """
    index = scope.macros.index
    if namespace == BUILTIN_PACKAGE and not search_order:
        macro = index.implementation(name, scope.package)
        if macro is not None:
            return scope.bind(macro)
    macro, packages = index.dispatch(name, namespace, scope.package, search_order)
    if macro is not None:
        return scope.bind(macro)
    searched = ", ".join(f"'{p}.{prefix}__{name}'" for p in packages for prefix in index.dialect)
    within = f" within namespace: '{namespace}'" if namespace else ""
    raise CompilationError(
        f"In dispatch: No macro named '{name}' found{within}\n    Searched for: {searched}"
    )
