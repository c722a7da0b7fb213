"""`run-operation`: one macro, called for its own sake.

No schema is created and no lock taken. What the macro sends stands by itself, statement by
statement, unless it says BEGIN: then it has to say COMMIT as well.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import anyio
from msgspec.structs import replace

from ...adapters.base import Response
from ...adapters.errors import AdapterError
from ...adapters.relation_cache import RelationCache
from ..core.errors import (
    CompilationError,
    HeadraceError,
    did_you_mean,
)
from ..core.events import (
    Event,
    NodeCancelled,
    NodeFinished,
    NodeStarted,
    RunFinished,
    RunStarted,
)
from ..core.results import RunResult, Status
from ..manifest.jinja.macro_index import MacroIndex
from ..manifest.nodes.macro import Macro
from ..manifest.nodes.operation_node import operation_of
from ..materializations.node_build import Outcome
from ..workspace.loaded_project import ParsedProject
from .node_result import (
    Progress,
    explain,
    note_doubt,
    result_of,
)
from .run_templates import (
    macro_scope,
    make_comments,
    make_templates,
)


async def run_operation(
    project: ParsedProject,
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
    info = operation.info()
    began = time.perf_counter()
    progress = Progress("MainThread")
    error = None
    async with workspace.adapter:
        emit(RunStarted((info,), 1, workspace.target.name))
        emit(NodeStarted(info, 1, 1, datetime.now(UTC)))
        try:
            await _call(project, macro, arguments, emit, progress)
            outcome = Outcome(Status.SUCCESS, Response(""), failures=0)
        except (HeadraceError, AdapterError) as failure:
            note_doubt(progress, failure if isinstance(failure, AdapterError) else None)
            error = explain(operation, failure, progress, workspace.target_path_display)
            outcome = Outcome(Status.ERROR, Response(error.text), failures=1)
        except anyio.get_cancelled_exc_class():
            outcome = Outcome(Status.CANCELLED, Response("Cancelled: it was interrupted"))
            result = result_of(info, outcome, None, progress)
            emit(NodeCancelled(result, 1, 1))
            emit(RunFinished((result,), time.perf_counter() - began, interrupted=True))
            raise
        result = replace(result_of(info, outcome, error, progress), adapter_response={})
        emit(NodeFinished(result, 1, 1))
        emit(RunFinished((result,), time.perf_counter() - began))
    return result


def find_macro(macros: MacroIndex, name: str) -> Macro:
    """The macro that is meant, as the root project sees it.

    Raises:
        CompilationError: there is none; says which ones sound like it.
    """
    package, _, macro_name = name.rpartition(".")
    if package:
        found = macros.find_in(package, macro_name)
        known = macros.by_package.get(package, {})
        where = f"in the '{package}' package"
    else:
        found = macros.find(macro_name, macros.root_package)
        known = dict(macros.visible_from(macros.root_package))
        where = "in any package"
    if found is None:
        raise CompilationError(
            f"headrace could not find a macro with the name '{macro_name}' {where}."
            f"{did_you_mean(macro_name, known)}"
        )
    return found


async def _call(
    project: ParsedProject,
    macro: Macro,
    arguments: Mapping[str, Any],
    emit: Callable[[Event], None],
    progress: Progress,
) -> None:
    workspace = project.workspace
    templates = make_templates(project, RelationCache(workspace.adapter), emit)
    name = f"macro_{macro.name}"
    async with workspace.adapter.connection(name) as connection:
        connection.comment = await make_comments(project, templates).of(connection, name)
        progress.compile_ended = datetime.now(UTC)
        scope = macro_scope(project, templates, macro, connection, progress.thread_id)
        try:
            await scope.bind(macro)(**arguments)
        except anyio.get_cancelled_exc_class():
            note_doubt(progress, connection.doubt)
            raise
