"""Macros of a project's that stand in for such of dbt's as nobody here calls: said, each once.

How the old relation goes and the new one comes is not left to macros: its promises hang on it.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...core.errors import Location
from ...core.events import WarningRaised
from ..jinja.macro_file import BUILTIN_PACKAGE
from ..nodes.macro import Macro
from .package_parse import Parse

UNASKED = frozenset(
    "drop_relation drop_relation_if_exists rename_relation get_or_create_relation "
    "load_cached_relation make_backup_relation make_intermediate_relation make_temp_relation "
    "make_relation_with_suffix get_create_sql get_create_intermediate_sql "
    "get_create_backup_sql get_rename_intermediate_sql get_rename_sql "
    "get_rename_materialized_view_sql get_rename_view_sql get_drop_backup_sql "
    "get_replace_materialized_view_sql get_replace_table_sql get_replace_view_sql "
    "materialized_view_setup materialized_view_teardown materialized_view_get_build_sql "
    "materialized_view_execute_build_sql materialized_view_execute_no_op get_csv_sql "
    "get_binding_char list_schemas get_columns_in_query get_column_schema_from_query "
    "get_empty_subquery_sql get_empty_schema_sql incremental_validate_on_schema_change".split()
)
"""dbt's macros that its own materializations call, and those here don't, or only snapshots do."""


def unasked_macros(parse: Parse) -> Iterator[WarningRaised]:
    """A warning for each macro of a project's that would count in dbt, and doesn't here."""
    for name in sorted(UNASKED):
        for macro in _standing_in(parse, name):
            yield WarningRaised(
                "MacroNotAsked",
                f"the macro '{macro.name}' has no effect on what headrace builds by itself, which "
                f"does without '{name}'. It counts in a materialization of your own.",
                Location(macro.original_file_path, macro.line),
            )


def _standing_in(parse: Parse, name: str) -> Iterator[Macro]:
    """Those that stand in for a macro: by its name, or as what dispatch finds of the root's."""
    macros = parse.macros
    for macro in macros.named(name):
        if macro.package_name != BUILTIN_PACKAGE:
            yield macro
    for prefix in macros.dialect:
        found = macros.find_in(macros.root_package, f"{prefix}__{name}")
        if found is not None:
            yield found
