"""`snapshot`: a table that keeps every version of its query's rows, with the time of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from ...adapters.base import Deferred
from ...adapters.relation import Relation, RelationType
from ..core.errors import CompilationError
from ..manifest.artifact.node_dicts import config_dict
from ..manifest.nodes.snapshot_node import meta_column_names
from .finishing import create_indexes
from .node_build import NodeBuild, Outcome
from .node_transaction import keep_writers_out, node_transaction
from .rows import write_rows
from .schema_changes import wider
from .snapshot_keys import check_keys

_STAGING_COLUMN = "dbt_change_type"
_KEY_COLUMN = "dbt_unique_key"

Strategy = Mapping[str, Any]
"""The SQL of a strategy's parts, as its macro gives it: see `snapshot_strategies.sql`."""


async def snapshot(build: NodeBuild) -> Outcome:
    """Build a snapshot's table, or note in it what has changed since.

    All of it is one transaction: whatever ends it early leaves the history as it was. Nothing
    is ever deleted, not even by `--full-refresh`.

    Raises:
        CompilationError: what stands under its name is no snapshot, the query gives a key
            twice or a row without one, or there is no such strategy.
    """
    existing = await _existing(build)
    columns = meta_column_names(build.node.config.values)
    _widen_scope(build)
    staging: Relation | None = None
    build.is_repeatable = existing is None
    async with node_transaction(build, alone_in=existing):
        if existing is None:
            existing = await _begun_by_somebody_else(build)
        strategy = await _strategy(build, target_exists=existing is not None)
        if existing is None:
            build.made = await _create(build, strategy)
        else:
            await _check_target(build, strategy, columns)
            staging, build.made = await _add(build, strategy)
    build.cache.add(replace(build.relation, type=RelationType.TABLE))
    if staging is not None:
        await build.macro("post_snapshot", staging)
    return build.success()


async def _existing(build: NodeBuild) -> Relation | None:
    """The snapshot's table, where it has been begun."""
    existing = await build.existing()
    if existing is not None and not existing.is_table:
        raise CompilationError(
            f"{existing.display_name} is a {existing.type}, and a snapshot needs a table of its "
            "own. Give the snapshot another alias or schema, or drop what is there.",
            location=build.node.location,
        )
    return existing


async def _begun_by_somebody_else(build: NodeBuild) -> Relation | None:
    """The table, where another run has made it since the schema was listed."""
    if not await build.connection.columns(build.relation):
        return None
    await build.cache.refresh(build.relation.namespace)
    existing = await _existing(build)
    if existing is not None:
        await keep_writers_out(build, existing)
    return existing


def _widen_scope(build: NodeBuild) -> None:
    """Let macros see the compiled SQL, as those of a snapshot do in dbt."""
    model = {**build.scope.context_name("model"), "compiled_code": build.sql}
    build.scope = build.scope.with_names(model=model, sql=build.sql)


async def _strategy(build: NodeBuild, *, target_exists: bool) -> Strategy:
    """The parts of the node's strategy, one of ours or the project's."""
    name = str(build.node.config.values["strategy"])
    macro = await build.scope.call_macro("strategy_dispatch", name)
    model = build.scope.context_name("model")
    found = await macro(
        model, "snapshotted_data", "source_data", config_dict(build.node), target_exists
    )
    if not isinstance(found, Mapping) or not {"unique_key", "updated_at", "row_changed"} <= {
        *found
    }:
        raise CompilationError(
            f"the macro snapshot_{name}_strategy must return a mapping with 'unique_key', "
            "'updated_at', 'row_changed' and 'scd_id'.",
            location=build.node.location,
        )
    # Strategies of a project's own may be older than `hard_deletes`.
    deletes = "invalidate" if found.get("invalidate_hard_deletes") else "ignore"
    deletes = found.get("hard_deletes") or deletes
    if target_exists and build.scope.context_name("flags")["EMPTY"]:
        deletes = "ignore"  # of a source that isn't read nothing is known to be gone
    return {**found, "hard_deletes": deletes}


async def _create(build: NodeBuild, strategy: Strategy) -> Deferred:
    target = replace(build.relation, type=RelationType.TABLE)
    select = await build.macro("build_snapshot_table", strategy, build.sql)
    await build.scope.call_macro("check_time_data_types", select)
    made = build.defer(
        await build.macro("create_table_as", False, target, select), wants_response=True
    )
    await create_indexes(build, target)
    await check_keys(build, strategy["unique_key"], f"select * from {target}")
    return made


async def _add(build: NodeBuild, strategy: Strategy) -> tuple[Relation, Deferred]:
    """Put what has changed in a staging table, and let its rows change the target."""
    select = await build.macro("snapshot_staging_table", strategy, build.sql, build.relation)
    await build.scope.call_macro("check_time_data_types", select)
    staging, is_ours = await _stage(build, strategy, select)
    staged = await build.columns(staging)
    # A project's own staging table may do without its keys.
    has_keys = _of_staging(strategy) <= {column.name.casefold() for column in staged}
    await check_keys(build, strategy["unique_key"], build.sql, staging if has_keys else None)
    existing = await build.columns(build.relation)
    columns = [column for column in staged if column.name.casefold() not in _of_staging(strategy)]
    for column in wider(columns, existing):
        await build.scope.call_macro(
            "alter_column_type", build.relation, column.name, column.data_type
        )
    known = {column.name for column in existing}
    added = [column for column in columns if column.name not in known]
    if added:
        await build.scope.call_macro("create_columns", build.relation, added)
    names = [column.quoted for column in columns]
    sql = await build.macro("snapshot_merge_sql", build.relation, staging, names)
    made = await write_rows(build, build.relation, sql)
    if is_ours:
        build.defer(f"drop table {staging}")
    return staging, made


async def _stage(build: NodeBuild, strategy: Strategy, select: str) -> tuple[Relation, bool]:
    """The staging table, and whether it is ours to drop: not so where a project makes its own."""
    name = "build_snapshot_staging_table"
    if build.scope.macros.index.overrides(name, build.scope.package) is not None:
        relation = await build.scope.call_macro(name, strategy, build.sql, build.relation)
        if not isinstance(relation, Relation):
            raise CompilationError(
                f"the macro {name} must return a relation.", location=build.node.location
            )
        return relation, False
    temporary = replace(build.temporary_relation, type=RelationType.TABLE)
    await build.execute(await build.macro("create_table_as", True, temporary, select))
    return temporary.include(database=False, schema=False), True


async def _check_target(build: NodeBuild, strategy: Strategy, columns: Mapping[str, str]) -> None:
    """See that the table is one of a snapshot.

    Raises:
        CompilationError: it lacks columns that every one has.
    """
    needed = ["dbt_scd_id", "dbt_valid_from", "dbt_valid_to"]
    if strategy["hard_deletes"] == "new_record":
        needed.append("dbt_is_deleted")
    there = await build.connection.columns(build.relation)
    names = {column.name.casefold() for column in there}
    missing = [columns[name] for name in needed if columns[name].casefold() not in names]
    if not missing:
        return
    listed = '", "'.join(missing)
    if missing == [columns["dbt_is_deleted"]]:
        advice = (
            "It was begun without hard_deletes: new_record. Add the column as text, and set it to "
            "'False' in every row, or choose another alias."
        )
    else:
        advice = (
            "It is no snapshot, or has other names in snapshot_meta_column_names. Give the "
            "snapshot another alias or schema, or move the table out of its way."
        )
    raise CompilationError(
        f'Snapshot target is missing configured columns (missing "{listed}"): '
        f"{build.relation.display_name}. {advice}",
        location=build.node.location,
    )


def _of_staging(strategy: Strategy) -> set[str]:
    """The columns that say what to do with a row, and aren't part of it."""
    unique_key = strategy["unique_key"]
    if isinstance(unique_key, str):
        return {_STAGING_COLUMN, _KEY_COLUMN}
    keys = (f"{_KEY_COLUMN}_{number}" for number in range(1, len(unique_key) + 1))
    return {_STAGING_COLUMN, *keys}
