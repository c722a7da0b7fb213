"""The names of materializations, and of the macros that define them.

A project's `{% materialization table, adapter='postgres' %}` is a macro
`materialization_table_postgres`.
"""

from __future__ import annotations

from collections.abc import Mapping

PREFIX = "materialization_"

BUILT_IN = frozenset(
    {"incremental", "materialized_view", "seed", "snapshot", "table", "test", "unit", "view"}
)

_FLAG = "require_explicit_package_overrides_for_builtin_materializations"


def heeds_packages(flags: Mapping[str, object]) -> bool:
    """Whether a package's materialization stands in for a built-in one, as the root's does.

    It doesn't unless the root project's flags say so
    (https://docs.getdbt.com/reference/global-configs/behavior-changes#package-override-for-built-in-materialization).
    """
    return flags.get(_FLAG) is False
