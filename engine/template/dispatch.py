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

    The packages of the search order are gone through, each with every prefix of the dialect
    (https://docs.getdbt.com/reference/dbt-jinja-functions/dispatch).

    Raises:
        CompilationError: there is none; lists where it was looked for.
    """
    index = scope.macros.index
    if namespace == BUILTIN_PACKAGE and not search_order:
        macro = index.implementation(name, scope.package)
        if macro is not None:
            return scope.bind(macro)
    if namespace is None or not (namespace in search_order or namespace in index.by_package):
        # Nothing may be called so: a package's name was changed, or its author had another one.
        # Then it is what the node's own package sees, and without a namespace anybody's.
        find = index.find_anywhere if namespace is None else index.find
        for prefix in index.dialect:
            macro = find(f"{prefix}__{name}", scope.package)
            if macro is not None:
                return scope.bind(macro)
        packages: tuple[str, ...] = (scope.package,)
    else:
        default = tuple(dict.fromkeys((index.root_package, namespace)))
        packages = search_order.get(namespace, default)
        if namespace == BUILTIN_PACKAGE and BUILTIN_PACKAGE not in packages:
            packages = (*packages, BUILTIN_PACKAGE)
        for package in packages:
            for prefix in index.dialect:
                macro = index.find_in(package, f"{prefix}__{name}")
                if macro is not None:
                    return scope.bind(macro)
    searched = ", ".join(f"'{p}.{prefix}__{name}'" for p in packages for prefix in index.dialect)
    within = f" within namespace: '{namespace}'" if namespace else ""
    raise CompilationError(
        f"In dispatch: No macro named '{name}' found{within}\n    Searched for: {searched}"
    )
