"""`exceptions` in a template: how a macro says that something is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NoReturn

from ....adapters.errors import DatabaseError
from ...core.errors import CompilationError
from ...core.events import WarningRaised
from ...sandbox.handed import printed
from .contracts import columns_of, contract_differences, contract_problem


class TemplateExceptions:
    """The functions that dbt's `exceptions` has (https://docs.getdbt.com/reference/dbt-jinja-functions/exceptions)."""

    template_names: ClassVar[frozenset[str]] = frozenset(
        (
            *("raise_compiler_error", "raise_database_error", "raise_parsing_error"),
            *("raise_dependency_error", "raise_dep_not_found", "raise_fail_fast_error"),
            *("raise_cache_inconsistent", "raise_invalid_property_yml_version"),
            *("raise_duplicate_resource_name", "raise_ambiguous_alias", "raise_contract_error"),
            *("warn_snapshot_timestamp_data_types", "raise_not_implemented", "missing_config"),
            *("missing_materialization", "missing_relation", "relation_wrong_type"),
            *("column_type_missing", "warn", "raise_ambiguous_catalog_match"),
            *("raise_duplicate_patch_name", "raise_dataclass_not_dict"),
        )
    )

    def __init__(self, warn: Callable[[WarningRaised], None]) -> None:
        self._warn = warn

    def raise_compiler_error(self, msg: str, node: Any = None) -> NoReturn:
        raise CompilationError(printed(msg))

    def raise_database_error(self, msg: str, node: Any = None) -> NoReturn:
        raise DatabaseError(printed(msg))

    def raise_parsing_error(self, msg: str, node: Any = None) -> NoReturn:
        raise CompilationError(printed(msg))

    def raise_dependency_error(self, msg: str) -> NoReturn:
        raise CompilationError(printed(msg))

    def raise_dep_not_found(self, node: Any, node_description: str, required_pkg: str) -> NoReturn:
        raise CompilationError(
            f'Error while parsing {node_description}.\nThe required package "{required_pkg}" was '
            'not found. Is the package installed?\nHint: You may need to run "headrace deps".'
        )

    def raise_fail_fast_error(self, msg: str, node: Any = None) -> NoReturn:
        raise CompilationError(printed(msg))

    def raise_cache_inconsistent(self, message: str) -> NoReturn:
        raise CompilationError(f"Cache inconsistency detected: {message}")

    def raise_invalid_property_yml_version(self, path: str, issue: str) -> NoReturn:
        raise CompilationError(f"The yml property file at {path} is invalid because {issue}")

    def raise_duplicate_resource_name(self, node_1: Any, node_2: Any) -> NoReturn:
        raise CompilationError(
            f'two resources have the same name: "{_name(node_1)}" and "{_name(node_2)}". Rename '
            "one of them."
        )

    def raise_ambiguous_alias(
        self, node_1: Any, node_2: Any, duped_name: str | None = None
    ) -> NoReturn:
        raise CompilationError(
            f'found two resources with the database representation "{duped_name}": '
            f"{_name(node_1)} and {_name(node_2)}. Change one's alias or schema."
        )

    def raise_contract_error(self, yaml_columns: Any, sql_columns: Any) -> NoReturn:
        """A contract that isn't kept: what it says of the columns, and what they are."""
        promised, given = columns_of(yaml_columns), columns_of(sql_columns)
        raise CompilationError(contract_problem(contract_differences(promised, given)))

    def warn_snapshot_timestamp_data_types(
        self, snapshot_time_data_type: str, updated_at_data_type: str
    ) -> str:
        self._warn(
            WarningRaised(
                "SnapshotTimestampWarning",
                f"Data type of snapshot table timestamp columns ({snapshot_time_data_type}) "
                f"doesn't match derived column 'updated_at' ({updated_at_data_type}). Please "
                "update snapshot config 'updated_at'.",
            )
        )
        return ""

    def raise_not_implemented(self, msg: str) -> NoReturn:
        raise CompilationError(f"ERROR: {msg}")

    def missing_config(self, model: Any, name: str) -> NoReturn:
        raise CompilationError(
            f"Model '{_name(model)}' does not define a required config '{name}'."
        )

    def missing_materialization(self, model: Any, adapter_type: str) -> NoReturn:
        raise CompilationError(
            f"No materialization was found for {_name(model)} on adapter {adapter_type}!"
        )

    def missing_relation(self, relation: Any, model: Any = None) -> NoReturn:
        raise CompilationError(f"Relation {relation} not found!")

    def relation_wrong_type(self, relation: Any, expected_type: str, model: Any = None) -> NoReturn:
        raise CompilationError(
            f"Trying to create {expected_type} {relation}, but it currently exists as a "
            f"{relation.type}. Either drop {relation} manually, or run with `--full-refresh`."
        )

    def column_type_missing(self, column_names: Any) -> NoReturn:
        raise CompilationError(
            f"Contracted models require data_type to be defined for each column: {column_names}"
        )

    def raise_ambiguous_catalog_match(self, unique_id: str, match_1: Any, match_2: Any) -> NoReturn:
        raise CompilationError(
            f"{unique_id} is in the catalog twice: as {printed(match_1)} and {printed(match_2)}."
        )

    def raise_duplicate_patch_name(self, patch_1: Any, existing_patch_path: str) -> NoReturn:
        raise CompilationError(
            f"{_name(patch_1)} is described twice, the other time in {existing_patch_path}. Take "
            "one of the two away."
        )

    def raise_dataclass_not_dict(self, obj: Any) -> NoReturn:
        raise CompilationError(f"{printed(obj)} is no mapping, and was used as one.")

    def warn(self, msg: str, node: Any = None) -> str:
        self._warn(WarningRaised("JinjaLogWarning", printed(msg)))
        return ""


def _name(model: Any) -> str:
    if isinstance(model, dict):
        return printed(model.get("unique_id", model))
    return printed(model)
