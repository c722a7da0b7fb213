"""`seed`: a CSV file becomes a table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import anyio

from ...adapters.base import Deferred, Response
from ...adapters.relation import Column, Relation, RelationType
from ..errors import Location, ProjectError
from .csv_file import CsvFile, inspect_csv
from .node_build import NodeBuild, Outcome


@dataclass(frozen=True, slots=True)
class SeedTable:
    """A seed's file, and the columns of the table that it becomes."""

    file: CsvFile
    columns: tuple[Column, ...]


async def seed(build: NodeBuild, path: Path) -> Outcome:
    """Load a seed: into the table that is there, emptied, or into a new one.

    Everything happens in one transaction, so that a reader sees the old rows or the new ones.

    Raises:
        ProjectError: the file can't be read as CSV, or its columns aren't the table's.
    """
    config = build.node.config
    # A large file takes a while to read; other nodes go on meanwhile.
    file = await anyio.to_thread.run_sync(
        partial(
            inspect_csv, path, build.node.original_file_path, config.delimiter, config.column_types
        )
    )
    table = _table(build, file)
    target = replace(build.relation, type=RelationType.TABLE)
    existing = await build.existing()
    async with build.transaction():
        await _make_room(build, table, existing)
        count = await build.connection.insert_rows(
            target, file.column_names, file.batches(frozenset(config.column_types))
        )
        build.made = Deferred("insert", Response(f"INSERT {count}", "INSERT", count))
    build.cache.add(target)
    return build.success()


async def _make_room(build: NodeBuild, table: SeedTable, existing: Relation | None) -> None:
    """An empty table of the right columns under the seed's name."""
    if existing is not None and existing.is_table and not build.is_full_refresh:
        await _check_columns(build, table, existing)
        await build.execute(f"delete from {existing}")
        return
    if existing is not None:
        build.defer(await build.macro("get_drop_sql", existing))
    shape = SimpleNamespace(columns=table.columns, column_names=table.file.column_names)
    model = build.scope.context_name("model")
    await build.execute(await build.macro("create_csv_table", model, shape))


async def _check_columns(build: NodeBuild, table: SeedTable, existing: Relation) -> None:
    there = await build.adapter.columns(build.connection, existing)
    names = [column.name.casefold() for column in there]
    if names != [name.casefold() for name in table.file.column_names]:
        raise ProjectError(
            f"the file's columns are {', '.join(table.file.column_names)}, but the table's are "
            f"{', '.join(column.name for column in there)}. Run with --full-refresh to build the "
            "table anew.",
            location=Location(build.node.original_file_path, 1),
        )


def _table(build: NodeBuild, file: CsvFile) -> SeedTable:
    given = build.node.config.column_types
    columns = tuple(
        Column(
            name,
            given.get(name) or build.adapter.column_types[kind],
            build.adapter.quote_character,
        )
        for name, kind in zip(file.column_names, file.kinds, strict=True)
    )
    return SeedTable(file, columns)
