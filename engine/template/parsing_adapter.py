"""`adapter` in a template while parsing: every method has an answer, and none asks a database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from ...adapters.base import Rows
from .dbt.adapter_values import AdapterValues
from .dbt.result_table import ResultTable

ASKING = frozenset(
    (
        *("execute", "add_query", "commit", "clear_transaction", "get_relation"),
        *("already_exists", "list_relations", "list_relations_without_caching"),
        *("get_columns_in_relation", "get_columns_in_table", "get_missing_columns"),
        *("get_column_schema_from_query", "assert_contract", "expand_target_column_types"),
        *("valid_snapshot_target", "assert_valid_snapshot_target_given_strategy"),
        *("check_schema_exists", "list_schemas", "create_schema", "drop_schema"),
        *("drop_relation", "truncate_relation", "rename_relation", "cache_added"),
        *("cache_dropped", "cache_renamed", "get_incremental_strategy_macro"),
        "nice_connection_name",
    )
)
"""What `adapter` answers of the database, or of what is known of it."""


class ParsingAdapter(AdapterValues):
    """`adapter` while parsing: there is no database, so that most answers are None."""

    template_names: ClassVar[frozenset[str]] = AdapterValues.template_names | ASKING

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in ASKING:
            raise AttributeError(f"adapter has no method '{name}'")
        answer = _PARSE_ANSWERS.get(name, _nothing)
        return lambda *arguments, **named: answer()


def _nothing() -> None:
    return None


def _no_rows() -> tuple[str, ResultTable]:
    return "", ResultTable(Rows((), ()))


_PARSE_ANSWERS: Mapping[str, Callable[[], Any]] = MappingProxyType(
    {
        "execute": _no_rows,
        "get_columns_in_relation": list,
        "get_columns_in_table": list,
        "get_column_schema_from_query": list,
        "get_missing_columns": list,
        "list_relations": list,
        "list_relations_without_caching": list,
        "list_schemas": list,
        "check_schema_exists": bool,
        "already_exists": bool,
        "cache_added": str,
        "cache_dropped": str,
        "cache_renamed": str,
        "nice_connection_name": str,
        "assert_contract": str,
    }
)
