"""`run-operation`: one macro, called for its own sake.

No schema is created and no lock taken. What the macro sends stands by itself, statement by
statement, unless it says BEGIN: then it has to say COMMIT as well.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from ...adapters.base import Response
from ...adapters.relation_cache import RelationCache
from ..core.errors import CompilationError, did_you_mean
from ..core.events import Event, RunFinished, RunStarted
from ..core.results import RunResult, Status
from ..manifest.jinja.macro_index import MacroIndex
from ..manifest.nodes.macro import Macro
from ..manifest.nodes.operation_node import operation_of
from ..materializations.node_build import Outcome
from ..workspace.loaded_project import LoadedProject
from .node_result import Progress
from .node_run import NodeRun, run_by_itself
from .run_context import open_context


async def run_operation(
    project: LoadedProject,
    name: str,
    arguments: Mapping[str, Any],
    emit: Callable[[Event], None],
) -> RunResult:
    """Call a macro by its name, or `package.name`, on a connection.

    A cancellation ends what it runs at the database, and travels on.

    Raises:
        CompilationError: there is no such macro.
        AdapterError: the database can't be connected to.
    """
    workspace = project.workspace
    macro = find_macro(project.manifest.macros, name)
    operation = operation_of(macro, workspace.target.schema, workspace.target.database)
    context = open_context(project, RelationCache(workspace.adapter), emit)
    progress = Progress("MainThread")
    run = NodeRun(
        context, operation, operation.info(), progress, connection_name=f"macro_{macro.name}"
    )

    async def call(run: NodeRun) -> Outcome:
        async with run.connection() as connection:
            progress.compile_ended = datetime.now(UTC)
            scope = context.macro_scope(macro, connection, progress.thread_id)
            # Each attempt has its own, which the macro may change.
            await scope.bind(macro)(**deepcopy(dict(arguments)))
        return Outcome(Status.SUCCESS, Response(""))

    began = time.perf_counter()
    interrupted = True
    results: list[RunResult] = []
    async with workspace.adapter:
        emit(RunStarted((run.info,), 1, workspace.target.name, settings=workspace.settled))
        try:
            result = await run_by_itself(run, call, results.append)
            interrupted = False
        finally:
            emit(RunFinished(tuple(results), time.perf_counter() - began, interrupted))
    return result


def find_macro(macros: MacroIndex, name: str) -> Macro:
    """The macro that is meant: without a package the root's, or else any package's.

    Raises:
        CompilationError: there is none; says which ones sound like it.
    """
    package, _, macro_name = name.rpartition(".")
    if package:
        found = macros.find_in(package, macro_name)
        known = macros.by_package.get(package, {})
        where = f"in the '{package}' package"
    else:
        found = macros.nearest(macro_name)
        known = {macro.name: macro for macro in macros}
        where = "in any package"
    if found is None:
        raise CompilationError(
            f"headrace could not find a macro with the name '{macro_name}' {where}."
            f"{did_you_mean(macro_name, known)}"
        )
    return found
