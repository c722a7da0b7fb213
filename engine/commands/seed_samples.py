"""`--show`: rows of the seeds that were loaded, as their files have them."""

from __future__ import annotations

import heapq
import random
from collections.abc import AsyncIterator, Iterable
from itertools import chain
from pathlib import Path

from ...adapters.base import Rows
from ..core.blocking import in_thread
from ..core.results import RunResult, Status
from ..manifest.nodes.seed_node import Seed
from ..materializations.seed import read_seed
from ..template.dbt.result_table import ResultTable
from ..workspace.loaded_project import LoadedProject

_SHOWN_ROWS = 10


async def seed_samples(project: LoadedProject, results: Iterable[RunResult]) -> AsyncIterator[str]:
    """A heading and up to ten rows, taken at random, of each seed that was loaded.

    Raises:
        CompilationError: a file can no longer be read.
    """
    roots = project.workspace.roots
    for result in results:
        seed = project.manifest.nodes.get(result.node.unique_id)
        if isinstance(seed, Seed) and result.status is Status.SUCCESS:
            path = roots[seed.package_name] / seed.original_file_path
            heading = f"Random sample of table: {seed.schema}.{seed.alias}"
            table = await _sample(seed, path)
            yield f"{heading}\n{'-' * len(heading)}\n{table.text()}\n"


async def _sample(seed: Seed, path: Path) -> ResultTable:
    file = await read_seed(seed, path)

    def chosen() -> list[tuple[object, ...]]:
        rows = chain.from_iterable(file.batches(frozenset(seed.config.column_types)))
        return heapq.nsmallest(_SHOWN_ROWS, rows, key=lambda row: random.random())

    return ResultTable(Rows(file.column_names, await in_thread(chosen)))
