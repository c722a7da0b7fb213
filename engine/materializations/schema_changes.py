"""What becomes of an incremental table whose model has other columns now: `on_schema_change`."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from msgspec import Struct

from ...adapters.column import Column
from ...adapters.relation import Relation
from ..core.errors import CompilationError
from .node_build import NodeBuild

# PostgreSQL's name for varchar, and the name itself.
_TEXT_TYPE = re.compile(
    r"(?:character varying|varchar|text)(?:\((?P<length>\d+)\))?", re.IGNORECASE
)

_MACROS = ("process_schema_changes", "check_for_schema_changes", "sync_column_schemas")

POLICIES = ("ignore", "append_new_columns", "sync_all_columns", "fail")


class SchemaChanges(Struct, frozen=True):
    """How the columns that arrive differ from those of the table."""

    added: tuple[Column, ...] = ()
    removed: tuple[Column, ...] = ()
    retyped: tuple[Column, ...] = ()
    """Columns of both, with the type in which they arrive."""

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.retyped)

    @classmethod
    def between(
        cls, arriving: Sequence[Column], existing: Sequence[Column], *, with_types: bool
    ) -> SchemaChanges:
        """The changes from the columns that exist to those that arrive.

        A text that arrives shorter than its column is none: what is there would be cut.
        """
        there = {column.name: column for column in existing}
        names = {column.name for column in arriving}
        return cls(
            added=tuple(column for column in arriving if column.name not in there),
            removed=tuple(column for column in existing if column.name not in names),
            retyped=tuple(
                column
                for column in arriving
                if with_types
                and column.name in there
                and there[column.name].data_type != column.data_type
                and not column.can_expand_to(there[column.name])
            ),
        )


async def columns_to_fill(build: NodeBuild, arriving: Relation) -> list[Column]:
    """The columns that the new rows go into, once the table has been changed by the policy.

    Where the project has one of the macros that do this in dbt, they do it.

    Raises:
        CompilationError: the columns differ, and the policy is to fail.
    """
    existing = await build.columns(build.relation)
    policy = build.node.config.values.get("on_schema_change") or "ignore"
    if policy not in POLICIES:
        raise CompilationError(
            f"on_schema_change is '{policy}', and must be one of {', '.join(POLICIES)}.",
            location=build.node.location,
        )
    if policy == "ignore" and not build.adapter.has_fixed_types:
        return existing
    columns = await build.columns(arriving)
    # A contract says the types, and what doesn't go into them is an error.
    wide = () if build.has_contract else wider(columns, existing)
    widened = {column.name: column for column in wide}
    for column in widened.values():
        await build.scope.call_macro(
            "alter_column_type", build.relation, column.name, column.data_type
        )
    if policy == "ignore":
        return existing
    existing = [widened.get(column.name, column) for column in existing]
    if any(map(build.scope.is_overridden, _MACROS)):
        call = build.scope.call_macro
        return await call("process_schema_changes", policy, arriving, build.relation) or existing
    if not columns:
        _tell_unread(build, policy, arriving)
        return existing
    changes = SchemaChanges.between(columns, existing, with_types=build.adapter.has_fixed_types)
    if changes and policy == "fail":
        raise CompilationError(_failure(changes), location=build.node.location)
    if policy == "sync_all_columns":
        await _alter(build, changes.added, changes.removed)
        for column in changes.retyped:
            # Casts where the values allow it, and says which value doesn't otherwise.
            await build.scope.call_macro(
                "alter_column_type", build.relation, column.name, column.data_type
            )
    elif policy == "append_new_columns":
        await _alter(build, changes.added, ())
    return columns


def _tell_unread(build: NodeBuild, policy: str, arriving: Relation) -> None:
    """Warns that no column of what arrives can be read; nothing is added then.

    A macro of the project that reads columns may find none of a table that has some. Taken at
    its word, it would have every column of the target dropped.

    Raises:
        CompilationError: the policy acts on columns that are gone.
    """
    message = (
        f"Could not read any columns of {arriving}, which the query of "
        f"'{build.node.unique_id}' made. This is a metadata failure, not a change of the query: "
        "'get_columns_in_relation' found nothing."
    )
    if policy in ("sync_all_columns", "fail"):
        raise CompilationError(message, location=build.node.location)
    build.scope.context_name("exceptions").warn(message)


def wider(arriving: Sequence[Column], existing: Sequence[Column]) -> list[Column]:
    """The columns of texts with a greatest length that arrive with a greater one, or none."""
    lengths = {column.name: text_length(column.data_type) for column in existing}
    found = []
    for column in arriving:
        length, now = text_length(column.data_type), lengths.get(column.name)
        if now is not None and now < math.inf and length is not None and length > now:
            found.append(column)
    return found


def text_length(data_type: str) -> float | None:
    """How many characters a type of texts holds; None for other types."""
    found = _TEXT_TYPE.fullmatch(data_type.strip())
    if found is None:
        return None
    return float(found["length"]) if found["length"] else math.inf


async def _alter(build: NodeBuild, added: Sequence[Column], removed: Sequence[Column]) -> None:
    if added or removed:
        await build.scope.call_macro(
            "alter_relation_add_remove_columns", build.relation, list(added), list(removed)
        )


def _failure(changes: SchemaChanges) -> str:
    return (
        "The source and target schemas on this incremental model are out of sync! They can be "
        "reconciled in several ways: set on_schema_change to append_new_columns or "
        "sync_all_columns, run with --full-refresh, or change the table by hand.\n"
        f"Source columns not in target: {_named(changes.added)}\n"
        f"Target columns not in source: {_named(changes.removed)}\n"
        f"New column types: {_named(changes.retyped)}"
    )


def _named(columns: Sequence[Column]) -> str:
    return ", ".join(f"{column.name} {column.data_type}".strip() for column in columns) or "none"
