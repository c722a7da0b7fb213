"""`seed`: a CSV file becomes a table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from ...adapters.base import Adapter, Deferred, Response, Rows, ValueKind
from ...adapters.column import Column
from ...adapters.relation import Relation, RelationType
from ..core.blocking import in_thread
from ..core.errors import CompilationError, Location
from ..manifest.nodes.node import NodeConfig
from ..manifest.nodes.seed_node import Seed
from ..sandbox.handed import printed
from ..template.dbt.result_table import ResultTable
from .csv_column import AS_PYTHON
from .csv_file import CsvFile, inspect_csv
from .finishing import create_indexes
from .foreign_keys import released_keys
from .node_build import NodeBuild, Outcome
from .node_transaction import node_transaction
from .rows import check_arrival, empty_table
from .swap import swap_in

_ROW_MACROS = ("load_csv_rows", "reset_csv_table")
"""What of a project's own decides which rows there are."""


class SeedTable(Struct, frozen=True):
    """A seed's file, and the columns of the table that it becomes.

    `names` are the columns' names as the database spells them.
    """

    file: CsvFile
    columns: tuple[Column, ...]
    names: tuple[str, ...]


async def seed(build: NodeBuild, node: Seed, path: Path) -> Outcome:
    """Load a seed: into the table that is there, emptied, or into a new one.

    Everything happens in one transaction, so that a reader sees the old rows or the new ones.

    Raises:
        CompilationError: the file can't be read as CSV, or its columns aren't the table's.
    """
    table = _table(node.config, build.adapter, await read_seed(node, path))
    target = replace(build.relation, type=RelationType.TABLE)
    existing = await build.existing()
    is_full_refresh = await build.is_full_refresh()
    is_refill = existing is not None and existing.is_table and not is_full_refresh
    # Not while the first is still at it: DELETE doesn't see the rows that it has put in.
    build.is_repeatable = not is_refill
    async with node_transaction(build, alone_in=existing if is_refill else None):
        if is_refill and existing is not None:
            await _check_columns(build, table, existing)
            async with released_keys(build, existing):
                await _empty(build, table, existing)
                sent, count = await _load(build, table, target)
            if not any(map(build.scope.is_overridden, _ROW_MACROS)):
                await check_arrival(build, target, sent, count)
        else:
            count = await swap_in(build, RelationType.TABLE, partial(_build, build, table))
        code = "CREATE" if is_full_refresh else "INSERT"
        response = Response(f"{code} {count}", code, count)
        build.made = Deferred("insert", response=response)
    build.cache.add(target)
    return build.success()


async def _build(build: NodeBuild, table: SeedTable, relation: Relation) -> int:
    """Make the table under a name, and load it. The number of its rows."""
    await _create(build, table, relation)
    _, count = await _load(build, table, relation)
    return count


async def _create(build: NodeBuild, table: SeedTable, relation: Relation) -> None:
    scope = build.scope.with_names(this=relation)
    model = scope.context_name("model")
    if scope.is_overridden("create_csv_table"):
        # As in dbt, a project's own macro runs what it says.
        rows = await agate_table(build.node.config, table.file)
        await scope.call_macro("create_csv_table", model, rows)
    else:
        sql = await scope.call_macro("_csv_table_sql", model, {"columns": table.columns})
        await build.execute(printed(sql).strip())
    await create_indexes(build, relation)


async def _empty(build: NodeBuild, table: SeedTable, existing: Relation) -> None:
    if build.scope.is_overridden("reset_csv_table"):
        model = build.scope.context_name("model")
        rows = await agate_table(build.node.config, table.file)
        await build.scope.call_macro("reset_csv_table", model, False, existing, rows)
    else:
        await empty_table(build, existing)


async def _load(build: NodeBuild, table: SeedTable, relation: Relation) -> tuple[int, int]:
    """Load the file's rows: how many were sent, and how many the database says it has taken."""
    if build.scope.is_overridden("load_csv_rows"):
        scope = build.scope.with_names(this=relation)
        rows = await agate_table(build.node.config, table.file)
        await scope.call_macro("load_csv_rows", scope.context_name("model"), rows)
        return len(rows), len(rows)
    sent = 0

    def counted() -> Iterator[Sequence[Sequence[object]]]:
        nonlocal sent
        for batch in table.file.batches(frozenset(build.node.config.column_types)):
            sent += len(batch)
            yield batch

    count = await build.connection.insert_rows(relation, table.names, counted())
    return sent, count


async def read_seed(node: Seed, path: Path) -> CsvFile:
    """A seed's file, looked through once.

    Raises:
        CompilationError: it can't be read as CSV.
    """
    config = node.config
    # A large file takes a while to read; other nodes go on meanwhile.
    return await in_thread(
        partial(inspect_csv, path, node.original_file_path, config.delimiter, config.column_types)
    )


async def seed_columns(node: Seed, path: Path, adapter: Adapter) -> list[Column]:
    """The columns of the table that a seed's file becomes.

    Raises:
        CompilationError: it can't be read as CSV.
    """
    table = _table(node.config, adapter, await read_seed(node, path))
    named = zip(table.names, table.columns, strict=True)
    return [replace(column, name=name) for name, column in named]


def table_reader(node: Seed, path: Path) -> Callable[[], Awaitable[ResultTable]]:
    """`load_agate_table()`, for a materialization of the project's own."""

    async def load_agate_table() -> ResultTable:
        return await agate_table(node.config, await read_seed(node, path))

    return load_agate_table


async def agate_table(config: NodeConfig, file: CsvFile) -> ResultTable:
    """The file's rows, as a macro looks at them."""
    batches = file.batches(frozenset(config.column_types), AS_PYTHON)
    rows = await in_thread(lambda: tuple(chain.from_iterable(batches)))
    return ResultTable(Rows(file.column_names, rows))


async def _check_columns(build: NodeBuild, table: SeedTable, existing: Relation) -> None:
    there = await build.connection.columns(existing)
    known = {column.name.casefold() for column in there}
    # The database has cut the names that are too long for it.
    longest = build.adapter.max_identifier_bytes
    kept = (name.encode()[:longest].decode(errors="ignore") for name in table.names)
    if any(name.casefold() not in known for name in kept):
        raise CompilationError(
            f"the file's columns are {', '.join(table.file.column_names)}, but the table's are "
            f"{', '.join(column.name for column in there)}. Run with --full-refresh to build the "
            "table anew.",
            location=Location(build.node.original_file_path, 1),
        )


def _table(config: NodeConfig, adapter: Adapter, file: CsvFile) -> SeedTable:
    types = {ValueKind.BIG_INTEGER: adapter.column_types[ValueKind.INTEGER], **adapter.column_types}
    columns = tuple(
        Column(name, config.column_types.get(name) or types[kind], adapter.quote_character)
        for name, kind in zip(file.column_names, file.kinds, strict=True)
    )
    if config.quote_columns is False:
        return SeedTable(file, columns, tuple(map(adapter.spelled_unquoted, file.column_names)))
    return SeedTable(file, columns, file.column_names)
