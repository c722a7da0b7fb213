"""`exceptions` in a template: how a macro says that something is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from ...adapters.errors import DatabaseError
from ..errors import CompilationError
from ..events import WarningRaised


class TemplateExceptions:
    """The functions that dbt's `exceptions` has (https://docs.getdbt.com/reference/dbt-jinja-functions/exceptions)."""

    def __init__(self, warn: Callable[[WarningRaised], None]) -> None:
        self._warn = warn

    def raise_compiler_error(self, msg: str, node: Any = None) -> NoReturn:
        raise CompilationError(str(msg))

    def raise_database_error(self, msg: str, node: Any = None) -> NoReturn:
        raise DatabaseError(str(msg))

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

    def warn(self, msg: str, node: Any = None) -> str:
        self._warn(WarningRaised("JinjaLogWarning", str(msg)))
        return ""


def _name(model: Any) -> str:
    if isinstance(model, dict):
        return str(model.get("unique_id", model))
    return str(model)
