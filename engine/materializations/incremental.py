"""`incremental`: built once, added to from then on."""

from __future__ import annotations

from msgspec.structs import replace

from ...adapters.base import Deferred
from ...adapters.relation import Relation, RelationType
from ..core.errors import CompilationError
from .foreign_keys import validate_keys_of
from .node_build import NodeBuild, Outcome
from .node_transaction import keep_writers_out, node_transaction
from .rows import write_rows
from .schema_changes import columns_to_fill
from .swap import build_and_swap, names_itself, reads_itself

_KNOWN = frozenset({"append", "delete+insert", "merge", "insert_overwrite"})


async def incremental(build: NodeBuild) -> Outcome:
    """Add the rows of the node's SQL to its table, or build the table where there is none.

    Raises:
        CompilationError: the strategy doesn't exist.
    """
    strategy = _strategy_macro(build)
    existing = await build.existing()
    is_addition = existing is not None and existing.is_table and not await build.is_full_refresh()
    build.is_repeatable = not is_addition
    locked = existing if is_addition and await _is_read_first(build) else None
    async with node_transaction(build, alone_in=locked):
        if is_addition:
            build.made = await _add(build, strategy)
        else:
            build.made = await build_and_swap(build, RelationType.TABLE)
    build.cache.add(replace(build.relation, type=RelationType.TABLE))
    return build.success()


async def _add(build: NodeBuild, strategy: str) -> Deferred:
    """Put the new rows in a temporary table, and let the strategy's SQL merge them in."""
    temporary = replace(build.temporary_relation, type=RelationType.TABLE)
    arriving: Relation = temporary.include(database=False, schema=False)
    await build.execute(await build.macro("get_create_table_as_sql", True, temporary, build.sql))
    if _is_read_last(build):
        await keep_writers_out(build, build.relation)
    columns = await columns_to_fill(build, arriving)
    unique_key = build.node.config.unique_key
    values = build.node.config.values
    sql = await build.macro(
        strategy,
        {
            "target_relation": build.relation,
            "temp_relation": arriving,
            "unique_key": list(unique_key) if isinstance(unique_key, tuple) else unique_key,
            "dest_columns": columns,
            "incremental_predicates": values.get("predicates")
            or values.get("incremental_predicates"),
            "batch_condition": _batch_condition(build),
        },
    )
    made = await write_rows(build, build.relation, sql)
    build.defer(f"drop table {arriving}")
    await validate_keys_of(build, build.relation)
    return made


async def _is_read_first(build: NodeBuild) -> bool:
    """Whether what is in the table decides what goes into it, from the node's SQL on.

    Rows that are only appended don't hang on it, unless the SQL reads it.
    """
    config = build.node.config
    strategy = config.incremental_strategy or "default"
    appends = strategy == "append" or (strategy == "default" and not config.unique_key)
    return not _is_read_last(build) and (not appends or await reads_itself(build))


def _is_read_last(build: NodeBuild) -> bool:
    """Whether the table is read only when the rows that go into it are there.

    So batches are worked out side by side, and take turns for their last statements alone.
    """
    return build.batch_window is not None and not names_itself(build)


def _batch_condition(build: NodeBuild) -> str | None:
    """What holds for the rows of the batch that the node is, where it is one."""
    if build.batch_window is None:
        return None
    window, event_time = build.batch_window, build.node.config.values["event_time"]
    return build.adapter.time_condition(event_time, window.start, window.end)


def _strategy_macro(build: NodeBuild) -> str:
    """The macro that makes the strategy's SQL, dbt's or the project's own."""
    node = build.node
    strategy = node.config.incremental_strategy or "default"
    there = " and ".join(f"'{own}'" for own in build.adapter.incremental_strategies)
    if strategy in _KNOWN and strategy not in build.adapter.incremental_strategies:
        raise CompilationError(
            f"The incremental strategy '{strategy}' is not valid for this adapter "
            f"({build.adapter.type}): there are {there}.",
            location=node.location,
        )
    name = f"get_incremental_{strategy.replace('+', '_')}_sql"
    if build.scope.macro(name) is not None:
        return name
    raise CompilationError(
        f'could not find an incremental strategy macro with the name "{name}" in '
        f"{node.package_name}. There are {there}.",
        location=node.location,
    )
